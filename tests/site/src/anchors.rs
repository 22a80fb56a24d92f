//! Anchors that were once published are never lost: the web links to them.
//!
//! `tests/site/anchors.txt` lists them all, as `address#id`. It only grows:
//! `BLESS=1 cargo test -p site --test site` adds the new ones.

use std::collections::BTreeSet;
use std::fs;

use crate::Problem;
use crate::book::{Book, address};
use crate::cards;

/// The list, from the root of the repository.
pub const LIST: &str = "tests/site/anchors.txt";

/// Everything on the list is still there, and everything that is there is on the list.
pub fn check(book: &Book) -> Vec<Problem> {
    let (now, listed) = (anchors(book), book.file(LIST).unwrap_or_default());
    let lines = listed
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let lost = lines
        .filter(|(_, line)| !now.contains(*line))
        .map(|(index, line)| {
            let fix =
                "give the heading its id again, or the one that took its place a second anchor";
            Problem::new(
                LIST,
                index + 1,
                format!("{line} is published and no longer there"),
                fix,
            )
        });
    let listed: BTreeSet<&str> = listed.lines().collect();
    let new: Vec<&str> = now
        .iter()
        .map(String::as_str)
        .filter(|anchor| !listed.contains(anchor))
        .collect();
    let new = (!new.is_empty()).then(|| {
        let what = format!("{} are not on the list", new.join(", "));
        Problem::new(
            LIST,
            1,
            what,
            "type `BLESS=1 cargo test -p site --test site`",
        )
    });
    lost.chain(new).collect()
}

/// Adds what is missing to the list.
pub fn bless(book: &Book) -> std::io::Result<()> {
    let mut all = anchors(book);
    all.extend(
        book.file(LIST)
            .unwrap_or_default()
            .lines()
            .map(str::to_owned),
    );
    let lines: Vec<String> = all.into_iter().collect();
    fs::write(book.root.join(LIST), lines.join("\n") + "\n")
}

fn anchors(book: &Book) -> BTreeSet<String> {
    let of_page = |page| {
        let address = address(page);
        let ids = page
            .headings
            .iter()
            .filter_map(|heading| heading.id.as_ref());
        let cards = cards::of_page(page).into_iter().map(|card| card.id);
        ids.cloned()
            .chain(cards)
            .map(move |id| format!("{address}#{id}"))
            .collect::<Vec<_>>()
    };
    book.content().flat_map(of_page).collect()
}

#[cfg(test)]
mod tests {
    use super::{LIST, bless, check};
    use crate::fixture::{CHAPTER, Fixture};

    #[test]
    fn a_lost_anchor_is_named_and_blessing_does_not_forget_it() {
        let fixture = Fixture::sound().replace(CHAPTER, "{#selectors}", "{#readiness}");
        bless(&fixture.book()).unwrap();
        let lost = "event-loop-internals#selectors";
        fixture.expect(
            check,
            &[(LIST, lost, "event-loop-internals#selectors is published")],
        );
    }

    #[test]
    fn a_new_anchor_is_named_until_it_is_blessed() {
        let fixture =
            Fixture::sound().replace("content/glossary.md", "## W", "## Task {#task}\n\n## W");
        assert_eq!(
            check(&fixture.book())[0].what,
            "glossary#task are not on the list"
        );
        bless(&fixture.book()).unwrap();
        fixture.expect(check, &[]);
    }
}
