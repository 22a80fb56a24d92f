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

use regex::Regex;
use scraper::{ElementRef, Html, Selector};
use serde::Deserialize;
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
    pages: Pattern,
    fields: BTreeMap<String, Field>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    select: Select,
    attribute: Option<String>,
    pattern: Option<Pattern>,
    #[serde(default)]
    list: bool,
    #[serde(default)]
    number: bool,
    #[serde(default)]
    required: bool,
    default: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Pattern(Regex);

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Pattern, regex::Error> {
        Regex::new(&text).map(Pattern)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Select(Selector);

impl TryFrom<String> for Select {
    type Error = String;

    fn try_from(text: String) -> Result<Select, String> {
        let selector = Selector::parse(&text).map(Select);
        selector.map_err(|_| format!("{text:?} is not a CSS selector"))
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
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// It says what can't be read, and in which line.
    pub fn parse(text: &str) -> Result<Rules, toml::de::Error> {
        toml::from_str(text)
    }

    // ANCHOR: extract
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
    // ANCHOR_END: extract
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
        text.trim()
            .parse()
            .ok()
            .and_then(Number::from_f64)
            .map(Value::Number)
    }
}
