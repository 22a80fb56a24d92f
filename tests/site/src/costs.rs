//! The page of costs: every measured value, by question, and the programs that measured them.
//!
//! The tables are written by hand and take each value from its result by `measured`; a value that
//! no table has is a problem, and so is a system's table without a link. The list of programs
//! below `{#programs}` is made from the results: `BLESS=1 cargo test -p site --test site` writes it.

use std::collections::BTreeSet;

use toml::Table;

use crate::Problem;
use crate::below::Below;
use crate::book::Book;
use crate::compiler_errors::place;
use crate::shortcodes::{self, Shortcode};

const PAGE: &str = "content/costs.md";
/// The heading above the numbers of a system.
const TABLE: &str = "measured-table";
const RESULTS: &str = "code/measurements/results";
const PROGRAMS: Below = Below {
    page: PAGE,
    marker: "{#programs}\n",
    source: "the results",
};

/// What a program wrote when it measured.
struct Measured {
    name: String,
    result: Table,
}

impl Measured {
    fn text(&self, key: &str) -> &str {
        let text = self.result.get(key).and_then(|it| it.as_str());
        text.unwrap_or_default()
    }

    fn values(&self) -> impl Iterator<Item = &String> {
        let values = self.result.get("values").and_then(|it| it.as_table());
        values.into_iter().flat_map(Table::keys)
    }
}

/// Each value stands in a table, and the list is that of the results.
pub fn check(book: &Book) -> Vec<Problem> {
    let Some(page) = book.page(PAGE) else {
        return Vec::new();
    };
    let measured = measured(book);
    let mut problems = Vec::from_iter(PROGRAMS.check(page, |_| list(book, &measured)));
    let on_page = shortcodes::of_page(page);
    let shown: BTreeSet<(&str, &str)> = on_page
        .iter()
        .filter_map(|it| Some((it.argument("name")?, it.argument("value")?)))
        .collect();
    for program in &measured {
        let missing = program
            .values()
            .filter(|value| !shown.contains(&(program.name.as_str(), value.as_str())));
        problems.extend(missing.map(|value| {
            let file = format!("{RESULTS}/{}.toml", program.name);
            let what = format!("{value} stands in no table of {PAGE}");
            let fix = format!(
                "write {{{{ measured(name=\"{}\", value=\"{value}\") }}}} under its question",
                program.name
            );
            Problem::new(file, 1, what, fix)
        }));
    }
    let tables = book.pages.iter().filter(|page| {
        page.headings
            .iter()
            .any(|it| it.id.as_deref() == Some(TABLE))
    });
    for system in tables {
        let link = format!("{}#{TABLE}", system.path.replacen("content/", "@/", 1));
        if !page.text.contains(&link) {
            let what = format!("the table of {} has no link", system.path);
            let fix = format!("link to {link} below {{#systems}}");
            problems.push(Problem::new(PAGE, 1, what, fix));
        }
    }
    problems
}

/// Writes the list of programs.
pub fn bless(book: &Book) -> std::io::Result<()> {
    PROGRAMS.bless(book, |_| list(book, &measured(book)))
}

fn measured(book: &Book) -> Vec<Measured> {
    let files = book.files(RESULTS, "toml").into_iter();
    let read = files.filter_map(|file| {
        let name = file.rsplit('/').next()?.strip_suffix(".toml")?.to_owned();
        let result = book.file(&file)?.parse().ok()?;
        Some(Measured { name, result })
    });
    read.collect()
}

/// A section for each program.
fn list(book: &Book, measured: &[Measured]) -> String {
    let shortcodes = shortcodes::all(book);
    let sections = measured.iter().map(|program| section(program, &shortcodes));
    sections.collect()
}

/// What a program measures, where it did, and which sections print it.
fn section(program: &Measured, shortcodes: &[Shortcode]) -> String {
    let name = &program.name;
    let mut text = format!("\n### `{name}` {{#program-{name}}}\n\n");
    text += &format!("{}.\n", program.text("what").replace(". ", ".\n"));
    text += &format!(
        "Measured on {} with {}, on {}; `{}` measures again.\n",
        program.text("machine"),
        program.text("versions"),
        program.text("date"),
        program.text("command"),
    );
    let places = places(name, shortcodes);
    if !places.is_empty() {
        text += &format!("Printed in {}.\n", places.join(", "));
    }
    text
}

/// The sections that print a value of the program, in the order of the book.
fn places(name: &str, shortcodes: &[Shortcode]) -> Vec<String> {
    let mut places = Vec::new();
    for shortcode in shortcodes {
        if shortcode.name == "measured"
            && shortcode.argument("name") == Some(name)
            && shortcode.page.path != PAGE
            && let Some(place) = place(shortcode.page, shortcode.line).map(in_a_sentence)
            && !places.contains(&place)
        {
            places.push(place);
        }
    }
    places
}

/// `[title](@/page.md#id) (chapter 4)`
fn in_a_sentence(place: String) -> String {
    match place.split_once(". [") {
        Some((number, link)) if number.parse::<u32>().is_ok() => {
            format!("[{link} (chapter {number})")
        }
        _ => place,
    }
}

#[cfg(test)]
mod tests {
    use super::{PAGE, bless, check};
    use crate::fixture::Fixture;

    const HEAD: &str = "+++\ntitle = \"Costs\"\ndescription = \"Costs.\"\n+++\n\n";
    const SHOWN: &str = "{{ measured(name=\"wakes\", value=\"per_second\") }}";

    #[test]
    fn a_value_that_no_table_has_is_named() {
        Fixture::sound()
            .write(PAGE, &format!("{HEAD}Nothing.\n"))
            .expect(
                check,
                &[
                    (PAGE, "+++", "what comes after"),
                    (
                        "code/measurements/results/wakes.toml",
                        "machine",
                        "per_second stands in no table",
                    ),
                ],
            );
    }

    #[test]
    fn a_list_of_programs_that_is_not_from_the_results_is_named() {
        Fixture::sound()
            .write(
                PAGE,
                &format!("{HEAD}{SHOWN}\n\n## Programs {{#programs}}\n"),
            )
            .expect(check, &[(PAGE, "+++", "what comes after")]);
    }

    #[test]
    fn a_system_s_table_that_nothing_links_to_is_named() {
        let text = format!("{HEAD}{SHOWN}\n\n## Programs {{#programs}}\n");
        let fixture = Fixture::sound().write(PAGE, &text);
        bless(&fixture.book()).unwrap();
        let table = format!("{HEAD}## What it costs {{#measured-table}}\n");
        fixture
            .write("content/part9-systems/operating.md", &table)
            .expect(
                check,
                &[(
                    PAGE,
                    "+++",
                    "the table of content/part9-systems/operating.md",
                )],
            );
    }

    #[test]
    fn the_list_of_programs_is_written_and_then_current() {
        let text = format!("{HEAD}{SHOWN}\n\n## Programs {{#programs}}\n");
        let results = "code/measurements/results/wakes.toml";
        let what = "what = \"Wakes a second. The best round\"\nmachine";
        let fixture = Fixture::sound()
            .replace(results, "machine", what)
            .write(PAGE, &text);
        bless(&fixture.book()).unwrap();
        let book = fixture.book();
        let text = &book.page(PAGE).unwrap().text;
        let expected = "### `wakes` {#program-wakes}\n\nWakes a second.\nThe best round.\n";
        assert!(text.contains(expected), "{text}");
        let expected = "Printed in [How the runtime learns](@/part1-foundations/";
        assert!(text.contains(expected), "{text}");
        fixture.expect(check, &[]);
    }
}
