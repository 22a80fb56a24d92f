//! The look of the book: `book.css`, in which the colors of the site are filled in.
//!
//! Few e-readers know `var()`, and none knows `light-dark()`. The colors are those of light pages;
//! what has a color of its own stands on a ground of its own, so that it is legible at night too.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::read_text;

const SHEET: &str = include_str!("book.css");

/// The values of `static/css/tokens.css`.
pub struct Tokens(BTreeMap<String, String>);

impl Tokens {
    pub fn read(site: &Path) -> Result<Tokens> {
        Ok(Tokens::parse(&read_text(&site.join("css/tokens.css"))?))
    }

    pub fn parse(css: &str) -> Tokens {
        let lines = css.lines().filter_map(|line| {
            let (name, value) = line.trim().strip_prefix("--")?.split_once(": ")?;
            let value = value.trim_end_matches(';');
            let light = value.strip_prefix("light-dark(");
            let light = light.and_then(|both| both.split(',').next());
            Some((name.to_owned(), light.unwrap_or(value).to_owned()))
        });
        Tokens(lines.collect())
    }

    /// The text with a value in place of each `var(--name)`.
    pub fn fill(&self, text: &str) -> Result<String> {
        let mut text = text.to_owned();
        while let Some(start) = text.find("var(--") {
            let rest = &text[start + "var(--".len()..];
            let (name, _) = rest.split_once(')').context("a var() without an end")?;
            let Some(value) = self.0.get(name) else {
                bail!("static/css/tokens.css has no --{name}");
            };
            text = text.replace(&format!("var(--{name})"), value);
        }
        Ok(text)
    }
}

/// The style sheet of the book.
pub fn sheet(tokens: &Tokens) -> Result<String> {
    tokens.fill(SHEET).context("code/press/epub/src/book.css")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_become_values_of_the_light_theme() {
        let tokens = Tokens::parse(
            "  :root {\n    --ink: light-dark(#111, #eee);\n    --serif: Georgia, serif;\n    --sans: var(--serif);\n",
        );
        let filled = tokens.fill("fill: var(--ink); font: 16px var(--sans)");
        assert_eq!(filled.unwrap(), "fill: #111; font: 16px Georgia, serif");
    }

    #[test]
    fn a_variable_that_is_no_token_is_named() {
        let error = Tokens::parse("").fill("var(--inc)").unwrap_err();
        assert_eq!(error.to_string(), "static/css/tokens.css has no --inc");
    }
}
