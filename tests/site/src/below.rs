//! Pages that are written by hand down to a marker, and by a program below it.

use std::fs;

use harness::book::Page;

use crate::Problem;
use crate::book::Book;

/// What a program writes on a page.
pub struct Below {
    /// From the root of the repository.
    pub page: &'static str,
    /// The end of the line that the program writes below.
    pub marker: &'static str,
    /// What it is made from, as a problem says it.
    pub source: &'static str,
}

impl Below {
    /// What is above the marker; of a page without one, all.
    pub fn by_hand<'a>(&self, page: &'a Page) -> &'a str {
        self.split(page).map_or(&page.text, |(by_hand, _)| by_hand)
    }

    /// A problem, unless `page` is as [`bless`](Self::bless) would write it.
    /// `write` is given what now stands below the marker.
    pub fn check(&self, page: &Page, write: impl FnOnce(&str) -> String) -> Option<Problem> {
        let current = self.split(page);
        let is_current = current.is_some_and(|(_, below)| write(below) == below);
        let Below { marker, source, .. } = self;
        let what = format!("what comes after `{}` is not from {source}", marker.trim());
        let fix = "type `BLESS=1 cargo test -p site --test site`";
        (!is_current).then(|| Problem::new(self.page, 1, what, fix))
    }

    /// Writes below the marker, if the page is there and has one.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn bless(&self, book: &Book, write: impl FnOnce(&str) -> String) -> std::io::Result<()> {
        let Some((by_hand, below)) = book.page(self.page).and_then(|page| self.split(page)) else {
            return Ok(());
        };
        let written = write(below);
        match written == below {
            true => Ok(()),
            false => fs::write(book.root.join(self.page), by_hand.to_owned() + &written),
        }
    }

    fn split<'a>(&self, page: &'a Page) -> Option<(&'a str, &'a str)> {
        let at = page.text.find(self.marker)? + self.marker.len();
        Some(page.text.split_at(at))
    }
}
