//! Versions of the GNU C library, compared as numbers.

use std::fmt;
use std::str::FromStr;

/// `2.39` or `2.2.5`; the parts compare from left to right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glibc(Vec<u32>);

impl FromStr for Glibc {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split('.')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&parts.join("."))
    }
}

impl Glibc {
    /// The version that a symbol's name asks for: `GLIBC_2.39` asks for 2.39, `GCC_3.0` for none.
    pub fn asked_by(name: &str) -> Option<Self> {
        name.strip_prefix("GLIBC_")?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glibc(text: &str) -> Glibc {
        text.parse().unwrap()
    }

    #[test]
    fn versions_compare_as_numbers_and_not_as_text() {
        assert!(glibc("2.9") < glibc("2.36"));
        assert!(glibc("2.36") < glibc("2.39"));
        assert!(glibc("2.2.5") < glibc("2.3"));
        assert!(glibc("2.40") > glibc("2.39"));
    }

    #[test]
    fn only_names_of_glibc_ask_for_a_version_of_it() {
        assert_eq!(Glibc::asked_by("GLIBC_2.39"), Some(glibc("2.39")));
        assert_eq!(Glibc::asked_by("GLIBC_2.2.5"), Some(glibc("2.2.5")));
        assert_eq!(Glibc::asked_by("GCC_3.0"), None);
        assert_eq!(Glibc::asked_by("GLIBC_PRIVATE"), None);
    }
}
