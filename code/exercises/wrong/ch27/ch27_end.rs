//! Wrong: three commits, in an order that loses no page. Killed before the last one, the page is
//! visited again, and its item stored again.

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
    for link in links {
        file.commit(|tables| {
            tables.pages.entry(*link).or_insert(false);
        })?;
    }
    file.commit(|tables| tables.items.push(item))?;
    file.commit(|tables| {
        tables.pages.insert(page, true);
    })
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
