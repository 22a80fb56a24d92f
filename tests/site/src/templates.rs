//! Templates: each parses, and what it extends or includes exists.

use std::error::Error;
use std::sync::LazyLock;

use harness::book::lines;
use regex::Regex;
use tera::Tera;

use crate::Problem;
use crate::book::Book;

static USES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\{%-?\s*(?:extends|include|import)\s+"([^"]+)""#).expect("a pattern")
});
/// The position that Tera's parser names.
static POSITION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"--> (\d+):\d+").expect("a pattern"));

/// Every file below templates/.
pub fn check(book: &Book) -> Vec<Problem> {
    let extensions = ["html", "xml", "txt", "md", "json"];
    let files = extensions
        .iter()
        .flat_map(|extension| book.files("templates", extension));
    let templates: Vec<(String, String)> = files
        .filter_map(|file| Some((file.clone(), book.file(&file)?)))
        .collect();
    let exists = |name: &str| {
        templates
            .iter()
            .any(|(file, _)| *file == format!("templates/{name}"))
    };

    let mut problems = Vec::new();
    let mut good = Vec::new();
    for (file, text) in &templates {
        // Alone it may not find what it extends; only whether it parses is asked.
        match tera::Template::new(file, None, text) {
            Ok(_) => good.push((file.trim_start_matches("templates/"), text.as_str())),
            Err(error) => problems.push(not_parsed(file, &error)),
        }
        for found in USES.captures_iter(text) {
            let name = &found[1];
            if !exists(name) {
                let line = lines(text)(found.get(0).map_or(0, |whole| whole.start()));
                let what = format!("there is no template {name}");
                problems.push(Problem::new(file, line, what, "fix the name"));
            }
        }
    }
    if problems.is_empty()
        && let Err(error) = Tera::default().add_raw_templates(good)
    {
        problems.push(Problem::new(
            "templates",
            1,
            chain(&error),
            "follow the message",
        ));
    }
    problems
}

fn not_parsed(file: &str, error: &tera::Error) -> Problem {
    let message = chain(error);
    let line = POSITION
        .captures(&message)
        .and_then(|found| found[1].parse().ok());
    Problem::new(
        file,
        line.unwrap_or(1),
        message,
        "Tera's syntax: https://keats.github.io/tera/docs/",
    )
}

/// The error with all its causes: Tera tells what matters in the last.
fn chain(error: &tera::Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        message = format!("{message}: {error}");
        source = error.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::fixture::Fixture;

    const PAGE: &str = "templates/page.html";

    #[test]
    fn a_template_that_does_not_parse_is_named_with_its_line() {
        let broken =
            "{% extends \"base.html\" %}\n{% block title %}\n{{ page.title }\n{% endblock %}";
        Fixture::sound()
            .write(PAGE, broken)
            .expect(check, &[(PAGE, "{{ page.title", "")]);
    }

    #[test]
    fn a_template_that_is_not_there_is_named() {
        Fixture::sound()
            .replace(PAGE, "base.html", "bse.html")
            .expect(check, &[(PAGE, "bse", "there is no template bse.html")]);
    }
}
