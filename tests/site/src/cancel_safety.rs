//! The table of cancel safety: what the documentation of Tokio's methods says under that heading.
//!
//! The page is written by hand down to [`TABLE`], and the rest is made from the sources:
//! `BLESS=1 cargo test -p site --test site` writes it. A method is marked as proved where a test
//! in [`PROOFS`] names it in its documentation; one that has to panic proves that it is not safe.

use std::collections::{BTreeMap, BTreeSet};

use crate::Problem;
use crate::api::Api;
use crate::below::Below;
use crate::book::Book;
use crate::documentation::SOURCES;
use crate::sources::{Sources, docs};

mod table;
mod verdict;

use verdict::{Verdict, section, verdict};

const PAGE: &str = "content/appendices/cancel-safety.md";
const PROOFS: &str = "code/patterns/src/cancel_at_every_await/methods.rs";
const TABLE: Below = Below {
    page: PAGE,
    marker: "{#methods}\n",
    source: "the sources",
};
const CRATES: [&str; 2] = ["tokio", "tokio_util"];

/// What tests prove, as `tokio::time::Interval::tick`, and whether they have to panic.
type Proofs = BTreeMap<String, bool>;

/// A method, function or type with a section on cancel safety.
struct Row {
    /// `tokio::sync::mpsc`
    module: String,
    item: String,
    /// The page of the item.
    page: String,
    /// None if the section is the item's own.
    method: Option<String>,
    /// `cancel-safety`
    section: String,
    verdict: Verdict,
}

impl Row {
    /// `tokio::sync::mpsc::Receiver::recv`
    fn path(&self) -> String {
        let words = [&self.module, &self.item].into_iter().chain(&self.method);
        words.map(String::as_str).collect::<Vec<_>>().join("::")
    }
}

/// The table is what the sources say, and the proofs agree with it.
pub fn check(book: &Book) -> Vec<Problem> {
    let Some((page, sources)) = book.page(PAGE).zip(SOURCES.as_ref().ok()) else {
        return Vec::new();
    };
    let (rows, proofs) = (rows(sources), proofs(book));
    let stale = TABLE.check(page, |_| table::table(&rows, &proofs));
    let contradictions = proofs.iter().filter_map(|(path, panics)| {
        let row = rows.iter().find(|row| row.path() == *path);
        let what = match (row.map(|row| &row.verdict), panics) {
            (None, _) => "has no section on cancel safety",
            (Some(Verdict::Safe | Verdict::Queue), true) => "is safe, and its test has to panic",
            (Some(Verdict::NotSafe), false) => "is not safe, and its test does not panic",
            _ => return None,
        };
        let fix = "read its documentation, and correct the test";
        Some(Problem::new(PROOFS, 1, format!("{path} {what}"), fix))
    });
    stale.into_iter().chain(contradictions).collect()
}

/// Writes the table.
pub fn bless(book: &Book) -> std::io::Result<()> {
    let Ok(sources) = SOURCES.as_ref() else {
        return Ok(());
    };
    TABLE.bless(book, |_| table::table(&rows(sources), &proofs(book)))
}

/// Everything with a section, by module.
fn rows(sources: &Sources) -> Vec<Row> {
    let api = Api(sources);
    let mut rows: Vec<Row> = Vec::new();
    for krate in CRATES {
        let home = sources.package(krate).map(|package| package.home());
        let home = home.expect("the book uses it");
        for page in api.pages(krate).into_values().flatten() {
            let item = page.found.item;
            let (folder, _) = page.address.rsplit_once('/').unwrap_or_default();
            let row = |docs: &str, method: Option<&str>| {
                let (section, text) = section(docs).filter(|_| item.kind != "macro")?;
                Some(Row {
                    module: format!("{krate}/{folder}")
                        .trim_end_matches('/')
                        .replace('/', "::"),
                    item: item.name.clone(),
                    page: format!("{home}/{krate}/{}", page.address),
                    method: method.map(str::to_owned),
                    section,
                    verdict: verdict(&text),
                })
            };
            rows.extend(row(&item.docs, None));
            let members = api.members(&page.found).into_iter();
            rows.extend(members.filter_map(|member| row(&member.docs, Some(&member.name))));
        }
    }
    // What is declared for each platform is one method.
    let mut met = BTreeSet::new();
    rows.retain(|row| met.insert(row.path()));
    rows.sort_by(|a, b| (&a.module, &a.item).cmp(&(&b.module, &b.item)));
    rows
}

/// Reads what the tests say that they prove.
fn proofs(book: &Book) -> Proofs {
    let file = syn::parse_file(&book.file(PROOFS).unwrap_or_default());
    let mut proofs = Proofs::new();
    for item in file.into_iter().flat_map(|file| file.items) {
        if let syn::Item::Fn(test) = item
            && test.attrs.iter().any(|it| it.path().is_ident("test"))
        {
            let panics = test
                .attrs
                .iter()
                .any(|it| it.path().is_ident("should_panic"));
            let docs = docs(&test.attrs);
            proofs.extend(
                docs.split('`')
                    .skip(1)
                    .step_by(2)
                    .map(|it| (it.to_owned(), panics)),
            );
        }
    }
    proofs
}

#[cfg(test)]
mod tests;
