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
#[derive(Clone, Debug, Default)]
pub struct Rules(Vec<Rule>);

#[derive(Clone, Debug)]
struct Rule {
    name: String,
    pages: Regex,
    fields: Vec<(String, Field)>,
}

#[derive(Clone, Debug)]
struct Field {
    select: Selector,
    attribute: Option<String>,
    pattern: Option<Regex>,
    list: bool,
    number: bool,
    required: bool,
    default: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileOfRules {
    rule: Vec<RuleText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    name: String,
    pages: String,
    fields: BTreeMap<String, FieldText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldText {
    select: String,
    attribute: Option<String>,
    pattern: Option<String>,
    #[serde(default)]
    list: bool,
    #[serde(default)]
    number: bool,
    #[serde(default)]
    required: bool,
    default: Option<String>,
}

/// What's wrong with a file of rules.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// Not TOML, or not of this form.
    #[error("{0}")]
    Form(#[from] toml::de::Error),
    /// Not a regular expression.
    #[error("{0}")]
    Pattern(#[from] regex::Error),
    /// Not a CSS selector.
    #[error("field {field}: {selector:?} is not a CSS selector")]
    Selector {
        /// The field's name.
        field: String,
        /// As it stands there.
        selector: String,
    },
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
    /// [`RuleError`] says what can't be read.
    pub fn parse(text: &str) -> Result<Rules, RuleError> {
        let file: FileOfRules = toml::from_str(text)?;
        let rules = file.rule.into_iter().map(RuleText::compile);
        rules.collect::<Result<_, _>>().map(Rules)
    }

    // ANCHOR: extract
    /// The item of a page: that of the first rule that fits its address.
    ///
    /// # Errors
    ///
    /// [`Missing`] if the page lacks what the rule requires.
    pub fn extract(&self, address: &Address, page: &Html) -> Result<Option<Value>, Missing> {
        let fits = |rule: &&Rule| rule.pages.is_match(address.as_str());
        let Some(rule) = self.0.iter().find(fits) else {
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

impl RuleText {
    fn compile(self) -> Result<Rule, RuleError> {
        let fields = self.fields.into_iter();
        let fields = fields.map(|(name, field)| Ok((name.clone(), field.compile(name)?)));
        Ok(Rule {
            name: self.name,
            pages: Regex::new(&self.pages)?,
            fields: fields.collect::<Result<_, RuleError>>()?,
        })
    }
}

impl FieldText {
    fn compile(self, field: String) -> Result<Field, RuleError> {
        let selector = self.select;
        let parsed = Selector::parse(&selector);
        Ok(Field {
            select: parsed.map_err(|_| RuleError::Selector { field, selector })?,
            attribute: self.attribute,
            pattern: self.pattern.as_deref().map(Regex::new).transpose()?,
            list: self.list,
            number: self.number,
            required: self.required,
            default: self.default,
        })
    }
}

impl Field {
    fn value(&self, page: &Html) -> Value {
        let mut values = page
            .select(&self.select)
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
                let found = pattern.captures(&text)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
        [[rule]]
        name = "product"
        pages = "/p/[0-9]+"
        [rule.fields]
        title = { select = "h1", required = true }
        price = { select = ".price", pattern = "([0-9.]+)", number = true }
        image = { select = "img", attribute = "src" }
        tags = { select = ".tag", list = true }
        stock = { select = ".stock", default = "unknown" }
    "#;

    fn extract(address: &str, page: &str) -> Result<Option<Value>, Missing> {
        let address = Address::parse(address).expect("an address");
        let rules = Rules::parse(RULES).expect("rules");
        rules.extract(&address, &Html::parse_document(page))
    }

    #[test]
    fn a_page_becomes_an_item() {
        let page = "<h1> Green\n <b>tea</b></h1><p class=price>EUR 4.50 each</p>\
                    <img src=/t.png><i class=tag>a</i><i class=tag>b</i>";
        let item = extract("http://a.example/p/7", page)
            .expect("a title")
            .expect("it fits");
        let wanted = serde_json::json!({
            "url": "http://a.example/p/7", "rule": "product", "title": "Green tea",
            "price": 4.5, "image": "/t.png", "tags": ["a", "b"], "stock": "unknown",
        });
        assert_eq!(item, wanted);
    }

    #[test]
    fn what_is_required_is_asked_for_by_name() {
        let missing = extract("http://a.example/p/7", "<p>gone").expect_err("no title");
        assert_eq!(missing.to_string(), "rule product: the page has no title");
        assert_eq!(extract("http://a.example/about", "<p>us"), Ok(None));
    }

    #[test]
    fn mistakes_in_a_file_are_named() {
        let with = |from: &str, to: &str| Rules::parse(&RULES.replace(from, to));
        let error = |result: Result<Rules, RuleError>| result.expect_err("wrong").to_string();
        assert_eq!(
            error(with("\"h1\"", "\"h1[\"")),
            "field title: \"h1[\" is not a CSS selector"
        );
        assert!(error(with("default", "defautl")).contains("unknown field `defautl`"));
        assert!(error(with("/p/[0-9]+", "/p/[")).contains("unclosed character class"));
    }
}
