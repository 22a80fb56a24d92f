//! The colors of the site, for readers that know no variables.

use std::collections::HashMap;

use anyhow::{Result, bail};

/// What `static/css/tokens.css` sets in the light theme.
pub struct Tokens(HashMap<String, String>);

impl Tokens {
    /// Reads declarations such as `--run: light-dark(#0d686d, #5fc0bc);`, one a line.
    pub fn parse(css: &str) -> Tokens {
        let token = |line: &str| {
            let (name, value) = line.trim().strip_prefix("--")?.split_once(':')?;
            let light = value
                .trim()
                .strip_prefix("light-dark(")?
                .split(',')
                .next()?;
            Some((name.to_owned(), light.to_owned()))
        };
        let mut tokens: HashMap<String, String> = css.lines().filter_map(token).collect();
        // Whoever reads light on dark reads the text of drawings so, too.
        tokens.insert("ink".to_owned(), "currentColor".to_owned());
        Tokens(tokens)
    }

    /// The text with a color in place of each `var(--name)`.
    pub fn resolve(&self, text: &str) -> Result<String> {
        let mut pieces = text.split("var(--");
        let mut resolved = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once(')').unwrap_or((piece, ""));
            let Some(color) = self.0.get(name) else {
                bail!("static/css/tokens.css sets no color --{name}");
            };
            resolved.push_str(color);
            resolved.push_str(rest);
        }
        Ok(resolved)
    }
}

#[cfg(test)]
mod tests {
    use super::Tokens;

    const CSS: &str = ":root {\n  --run: light-dark(#0d686d, #5fc0bc);\n  --measure: 68ch;\n}";

    #[test]
    fn a_variable_becomes_its_color_on_light_paper() {
        let tokens = Tokens::parse(CSS);
        assert_eq!(
            tokens
                .resolve("fill: var(--run); stroke: var(--run)")
                .unwrap(),
            "fill: #0d686d; stroke: #0d686d"
        );
        assert_eq!(tokens.resolve("var(--ink)").unwrap(), "currentColor");
    }

    #[test]
    fn a_color_that_is_not_set_is_named() {
        let error = Tokens::parse(CSS).resolve("var(--runs)").unwrap_err();
        assert!(error.to_string().ends_with("no color --runs"), "{error}");
    }
}
