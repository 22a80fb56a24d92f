//! Names of people and rooms, checked once where they come in.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest name, in characters.
pub const LONGEST: usize = 32;

/// A person's or a room's name: 1 to 32 letters and digits, and `-` between them.
///
/// Letters of any script are fine; spaces, signs and controls aren't, so that two names that
/// look the same are seldom two, and a name needs no escaping in an address after encoding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Arc<str>);

/// Not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to {LONGEST} letters and digits, with single - between them")]
pub struct NotAName;

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<&str> for Name {
    type Error = NotAName;

    fn try_from(text: &str) -> Result<Name, NotAName> {
        let fits = text.chars().count() <= LONGEST
            && text
                .split('-')
                .all(|part| !part.is_empty() && part.chars().all(char::is_alphanumeric));
        match fits {
            true => Ok(Name(text.to_lowercase().into())),
            false => Err(NotAName),
        }
    }
}

impl TryFrom<String> for Name {
    type Error = NotAName;

    fn try_from(text: String) -> Result<Name, NotAName> {
        Name::try_from(text.as_str())
    }
}

impl std::str::FromStr for Name {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Name, NotAName> {
        Name::try_from(text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.0.as_ref().to_owned()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
