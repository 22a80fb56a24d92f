//! A crawl keeps its pages and items in a file. Each commit is whole or not done at all, and the
//! process may be killed before any of them. Then it's started again, and goes on with the pages
//! that aren't done.
//!
//! Complete `end`, so that no page is lost and no item is stored twice, wherever it's killed.

use std::collections::BTreeMap;

/// The process is gone.
#[derive(Debug)]
struct Killed;

#[derive(Default)]
struct Tables {
    /// Whether each known page is done.
    pages: BTreeMap<u32, bool>,
    items: Vec<u32>,
}

struct File {
    tables: Tables,
    /// Commits until the process is killed.
    commits: u32,
}

impl File {
    /// Does all of `change`, or is killed before it and does nothing.
    fn commit(&mut self, change: impl FnOnce(&mut Tables)) -> Result<(), Killed> {
        self.commits = self.commits.checked_sub(1).ok_or(Killed)?;
        change(&mut self.tables);
        Ok(())
    }
}

/// A page was visited: it gave an item, and has these links.
fn end(file: &mut File, page: u32, item: u32, links: &[u32]) -> Result<(), Killed> {
    // TODO: what belongs together? (`entry(link).or_insert(false)` adds what is new.)
    todo!()
}

/// Visits what isn't done, until all is. Pages 0 to 6 are a tree.
fn crawl(file: &mut File) -> Result<(), Killed> {
    file.tables.pages.entry(0).or_insert(false);
    loop {
        let mut to_do = file.tables.pages.iter().filter(|(_, done)| !**done);
        let Some((&page, _)) = to_do.next() else {
            return Ok(());
        };
        let links = [2 * page + 1, 2 * page + 2, 0];
        let links = if page < 3 { &links[..] } else { &links[2..] };
        end(file, page, 100 + page, links)?;
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Killed before commit number `at`, and started again.
    fn killed(at: u32) -> Tables {
        let tables = Tables::default();
        let mut file = File {
            tables,
            commits: at,
        };
        let _ = crawl(&mut file);
        file.commits = 1_000;
        crawl(&mut file).expect("it isn't killed again");
        file.tables
    }

    #[test]
    fn no_page_is_lost_wherever_it_is_killed() {
        for at in 0..30 {
            let pages: Vec<_> = killed(at).pages.into_keys().collect();
            assert_eq!(pages, [0, 1, 2, 3, 4, 5, 6], "killed before commit {at}");
        }
    }

    #[test]
    fn each_item_is_stored_once_wherever_it_is_killed() {
        for at in 0..30 {
            let mut items = killed(at).items;
            items.sort_unstable();
            let all = [100, 101, 102, 103, 104, 105, 106];
            assert_eq!(items, all, "killed before commit {at}");
        }
    }
}
