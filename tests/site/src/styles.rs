//! Styles: the layers of `static/css/` are joined into one file, so that a page needs one request for them.
//!
//! `templates/partials/styles.html` lists the layers, which `zola serve` links one by one.
//! `BLESS=1 cargo test -p site --test site` writes the joined file.

use std::fs;
use std::sync::LazyLock;

use regex::Regex;

use crate::Problem;
use crate::book::Book;

const LIST: &str = "templates/partials/styles.html";
const JOINED: &str = "static/css/site.css";

/// `{% for layer in ["fonts", "tokens"] -%}`
static LAYERS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"for layer in \[([^\]]*)\]").expect("a pattern"));
static COMMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)/\*.*?\*/").expect("a pattern"));

/// The joined file is that of the layers.
pub fn check(book: &Book) -> Vec<Problem> {
    let Some(joined) = joined(book) else {
        return Vec::new();
    };
    if book.file(JOINED).as_ref() == Some(&joined) {
        return Vec::new();
    }
    let fix = "type `BLESS=1 cargo test -p site --test site`";
    let what = "these are not the layers beside it, joined";
    vec![Problem::new(JOINED, 1, what, fix)]
}

/// Joins the layers.
pub fn bless(book: &Book) -> std::io::Result<()> {
    match joined(book) {
        Some(joined) if book.file(JOINED).as_ref() != Some(&joined) => {
            fs::write(book.root.join(JOINED), joined)
        }
        _ => Ok(()),
    }
}

/// The layers one after the other, without comments and indents.
fn joined(book: &Book) -> Option<String> {
    let list = book.file(LIST)?;
    let layers = LAYERS.captures(&list)?.get(1)?.as_str();
    let mut joined =
        String::from("/* Made of the layers beside it, by tests/site/src/styles.rs. */\n");
    for layer in layers.split(',').map(|it| it.trim().trim_matches('"')) {
        let text = book
            .file(&format!("static/css/{layer}.css"))
            .unwrap_or_default();
        let text = COMMENT.replace_all(&text, "");
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        joined.extend(lines.flat_map(|line| [line, "\n"]));
    }
    Some(joined)
}

#[cfg(test)]
mod tests {
    use super::{JOINED, LIST, check};
    use crate::fixture::Fixture;

    #[test]
    fn a_layer_that_changed_is_told() {
        let list = "{% for layer in [\"tokens\", \"base\"] -%}";
        let joined = "/* Made of the layers beside it, by tests/site/src/styles.rs. */\na{\nb:c}\n";
        let book = || {
            Fixture::sound()
                .write(LIST, list)
                .write("static/css/tokens.css", "/* x */\na{\n  b:c}\n")
                .write(JOINED, joined)
        };
        book().expect(check, &[]);
        let stale = [(JOINED, "", "these are not the layers beside it, joined")];
        book()
            .write("static/css/base.css", "d{}")
            .expect(check, &stale);
    }
}
