//! What to extract from which pages, as a TOML file says it.
//!
//! ```toml
//! [[rule]]
//! name = "product"
//! pages = "/p/[0-9]+"             # a regular expression on the address
//!
//! [rule.fields]
//! title = { select = "h1", required = true }
//! price = { select = ".price", pattern = "([0-9.]+)", number = true }
//! image = { select = "img.main", attribute = "src" }
//! tags  = { select = ".tag", list = true }
//! stock = { select = ".stock", default = "unknown" }
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use regex::Regex;
use scraper::{ElementRef, Html, Selector};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

use crate::address::Address;

/// Values of one field beyond these are left out.
const LONGEST_LIST: usize = 1_000;

/// The rules of a file, ready for use.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    rule: Vec<Rule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    pages: Read<Regex>,
    fields: BTreeMap<String, Field>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    select: Read<Selector>,
    attribute: Option<String>,
    pattern: Option<Read<Regex>>,
    #[serde(default)]
    list: bool,
    #[serde(default)]
    number: bool,
    #[serde(default)]
    required: bool,
    default: Option<String>,
}

/// What is written as a text: a regular expression, a selector.
#[derive(Clone, Debug)]
struct Read<T>(T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Read<T>, D::Error> {
        let text = String::deserialize(text)?;
        let read = text.parse().map(Read);
        read.map_err(|error| D::Error::custom(format!("{text:?} can't be read: {error}")))
    }
}

/// A rule fits a page, but a required field isn't there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule}: the page has no {field}")]
pub struct Missing {
    /// The rule's name.
    pub rule: String,
    /// The field's name.
    pub field: String,
}

impl Rules {
    /// Reads a file. The error says what can't be read, and in which line.
    pub fn parse(text: &str) -> Result<Rules, toml::de::Error> {
        toml::from_str(text)
    }

    /// The item of a page: that of the first rule that fits its address.
    ///
    /// # Errors
    ///
    /// [`Missing`] if the page lacks what the rule requires.
    pub fn extract(&self, address: &Address, page: &Html) -> Result<Option<Value>, Missing> {
        let fits = |rule: &&Rule| rule.pages.0.is_match(address.as_str());
        let Some(rule) = self.rule.iter().find(fits) else {
            return Ok(None);
        };
        let mut item = Map::new();
        item.insert("url".to_owned(), address.as_str().into());
        item.insert("rule".to_owned(), rule.name.as_str().into());
        for (name, field) in &rule.fields {
            let value = field.value(page);
            if value.is_null() && field.required {
                let (rule, field) = (rule.name.clone(), name.clone());
                return Err(Missing { rule, field });
            }
            item.insert(name.clone(), value);
        }
        Ok(Some(Value::Object(item)))
    }
}

impl Field {
    fn value(&self, page: &Html) -> Value {
        let mut values = page
            .select(&self.select.0)
            .filter_map(|element| self.of(element));
        if self.list {
            return Value::Array(values.take(LONGEST_LIST).collect());
        }
        let default = || self.default.as_deref().map(Value::from);
        values.next().or_else(default).unwrap_or(Value::Null)
    }

    /// The element's attribute or text, the part of it that the pattern picks, as a number if so.
    fn of(&self, element: ElementRef<'_>) -> Option<Value> {
        let text = match &self.attribute {
            Some(attribute) => element.value().attr(attribute)?.to_owned(),
            None => element.text().collect(),
        };
        let text = match &self.pattern {
            Some(pattern) => {
                let found = pattern.0.captures(&text)?;
                found.get(1).or_else(|| found.get(0))?.as_str().to_owned()
            }
            None => text.split_whitespace().collect::<Vec<_>>().join(" "),
        };
        if !self.number {
            return Some(Value::String(text));
        }
        let number = text.trim().parse().ok().and_then(Number::from_f64);
        number.map(Value::Number)
    }
}
