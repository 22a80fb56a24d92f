//! What a text in code font names in Tokio, if it can be nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use harness::book::{Page, Span};
use regex::Regex;

use crate::api::{self, Api, Found};
use crate::book::Book;
use crate::shortcodes;
use crate::sources::{Sources, flatten};
use crate::terms::spans;

/// Names that the standard library has too, and one that means a `Poll`: a page links them where
/// its programs take them from Tokio.
const ALSO_ELSEWHERE: &str = "Barrier BarrierWaitResult BufReader BufWriter Chain Child \
    ChildStderr ChildStdin ChildStdout Command DirBuilder DirEntry Empty Error File FileTimes Id \
    Instant Lines LocalKey MappedMutexGuard Metadata Mutex MutexGuard OnceCell OpenOptions \
    ReadBuf ReadDir Ready Repeat RwLock RwLockReadGuard RwLockWriteGuard SendError Sink SocketAddr \
    Split Stderr Stdin Stdout Take TcpListener TcpStream ToSocketAddrs TryLockError UCred \
    UdpSocket UnixDatagram UnixListener UnixStream create_dir create_dir_all hard_link pin \
    read_dir read_link read_to_string remove_dir remove_dir_all remove_file set_permissions \
    symlink_metadata";

/// `spawn_blocking(…)`, `#[tokio::main]`, `JoinHandle<T>`: a path, and what may stand around it.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:#\[)?((?:\w+::)*\w+!?)(?:<[^>]*>)?(?:\(.*\))?;?\]?$").expect("a pattern")
});
/// What a program declares.
static DECLARED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:fn|struct|enum|trait|type|mod|macro_rules!|let|let mut)\s+(\w+)")
        .expect("a pattern")
});
/// What a program takes from elsewhere.
static USE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?ms)^\s*(use [^;]+;)").expect("a pattern"));

/// What a name in code font means.
pub enum Named {
    /// The page of what it names.
    Page(String),
    /// Nothing, and why.
    Nothing(String),
}

/// The names of Tokio.
pub struct Names<'a> {
    api: Api<'a>,
    /// Names of items, each with its pages.
    pages: BTreeMap<&'a str, Vec<api::Page<'a>>>,
}

impl<'a> Names<'a> {
    /// Reads them from the sources.
    pub fn of(sources: &'a Sources) -> Names<'a> {
        let api = Api(sources);
        let pages = api.pages("tokio");
        Names { api, pages }
    }

    /// The first use of each name, if it leads elsewhere or nowhere.
    pub fn unlinked<'p>(&self, book: &Book, page: &'p Page) -> Vec<(&'p Span, Named)> {
        let meanings = Meanings::of(book, page);
        let mut met = BTreeSet::new();
        let mut unlinked = Vec::new();
        for span in spans(page) {
            if let Some(to) = &span.link {
                met.insert(to.clone());
                continue;
            }
            match span
                .is_code
                .then(|| self.named(&span.text, &meanings))
                .flatten()
            {
                Some(Named::Page(to)) if !met.insert(to.clone()) => {}
                Some(named) => unlinked.push((span, named)),
                None => {}
            }
        }
        unlinked
    }

    /// What a text names, if it can be nothing else.
    fn named(&self, text: &str, meanings: &Meanings) -> Option<Named> {
        let path = NAME.captures(text)?.get(1)?.as_str();
        let is_macro = path.ends_with('!') || text.starts_with("#[");
        let words: Vec<&str> = path.trim_end_matches('!').split("::").collect();
        if let ["tokio", path @ .., name] = words.as_slice() {
            let found = self.at(path, name, is_macro);
            let nothing = || Named::Nothing(format!("`{text}` is not of this version of Tokio"));
            return Some(found.map_or_else(nothing, Named::Page));
        }
        if meanings.is_of_others(words[0]) {
            return None;
        }
        if let Some(path) = meanings.tokio.get(words[0]) {
            let path = path
                .iter()
                .map(String::as_str)
                .chain(words[1..].iter().copied());
            let path: Vec<&str> = path.collect();
            let (name, path) = path.split_last()?;
            return self.at(path, name, is_macro).map(Named::Page);
        }
        let page = self
            .only(words[0], is_macro)
            .filter(|_| is_macro || is_telling(words[0]))?;
        match words.as_slice() {
            [_] => Some(Named::Page(self.address(page))),
            [_, member] if self.api.has_member(&page.found, member) => {
                Some(Named::Page(self.member(page, member)))
            }
            _ => None,
        }
    }

    /// The page of what a path from the root of Tokio names.
    fn at(&self, path: &[&str], name: &str, is_macro: bool) -> Option<String> {
        let found = self.api.at("tokio", path, name);
        let fits = |found: &&Found| is_macro == matches!(found.item.kind, "macro" | "attr");
        if let Some(found) = found.iter().find(fits).or(found.first()) {
            if found.item.kind == "mod" {
                return Some(format!(
                    "{}/{}/index.html",
                    self.home(),
                    [path, &[name]].concat().join("/")
                ));
            }
            let pages = self.pages.get(name).into_iter().flatten();
            return pages
                .into_iter()
                .find(|page| page.found.item == found.item)
                .map(|page| self.address(page));
        }
        let (of, path) = path.split_last()?;
        let of_type = self.api.at("tokio", path, of);
        let found = of_type
            .iter()
            .find(|found| self.api.has_member(found, name))?;
        let pages = self.pages.get(of).into_iter().flatten();
        let page = pages
            .into_iter()
            .find(|page| page.found.item == found.item)?;
        Some(self.member(page, name))
    }

    /// The page of what alone has this name in Tokio.
    fn only(&self, name: &str, is_macro: bool) -> Option<&api::Page<'a>> {
        let pages = self.pages.get(name)?.iter();
        let mut pages = pages.filter(|page| is_macro == (page.found.item.kind == "macro"));
        let page = pages.next().filter(|_| pages.next().is_none())?;
        let is_elsewhere = ALSO_ELSEWHERE.split_whitespace().any(|known| known == name);
        (!is_elsewhere).then_some(page)
    }

    fn home(&self) -> String {
        let package = self.api.0.package("tokio").expect("the book's runtime");
        format!("{}/tokio", package.home())
    }

    fn address(&self, page: &api::Page) -> String {
        format!("{}/{}", self.home(), page.address)
    }

    fn member(&self, page: &api::Page, name: &str) -> String {
        let kind = match page.found.item.kind {
            // Traits that extend another one provide their methods, and others ask for theirs.
            "trait" if !page.found.item.name.ends_with("Ext") => "tymethod",
            "enum" if name.starts_with(char::is_uppercase) => "variant",
            _ => "method",
        };
        format!("{}#{kind}.{name}", self.address(page))
    }
}

/// A type, or a name of several words: a word such as `sleep` may be anything.
fn is_telling(name: &str) -> bool {
    name.contains('_') || name.starts_with(char::is_uppercase)
}

/// What the words of a page's programs mean.
#[derive(Default)]
struct Meanings {
    /// `sleep` to `["time", "sleep"]`, of what they take from Tokio.
    tokio: BTreeMap<String, Vec<String>>,
    /// What they declare themselves, or take from elsewhere.
    others: BTreeSet<String>,
}

impl Meanings {
    fn of(book: &Book, page: &Page) -> Meanings {
        let shown = shortcodes::of_page(page);
        let listings = shown.iter();
        let listings = listings.filter_map(|shortcode| book.file(&shortcode.program()?));
        let programs = page.blocks.iter().map(|block| block.code.clone());
        let mut meanings = Meanings::default();
        for program in programs.chain(listings) {
            meanings.read(&program);
        }
        meanings
    }

    fn read(&mut self, program: &str) {
        let declared = DECLARED.captures_iter(program);
        self.others
            .extend(declared.map(|found| found[1].to_owned()));
        for found in USE.captures_iter(program) {
            let Ok(taken) = syn::parse_str::<syn::ItemUse>(&found[1]) else {
                continue;
            };
            flatten(&taken.tree, &mut Vec::new(), &mut |path, name| {
                let is_tokio = path.len() > 1 && path[0] == "tokio";
                let known = self.tokio.get(&name);
                if is_tokio && known.is_none_or(|known| *known == path[1..]) {
                    self.tokio.insert(name, path[1..].to_vec());
                } else {
                    self.others.insert(name);
                }
            });
        }
    }

    fn is_of_others(&self, name: &str) -> bool {
        self.others.contains(name)
    }
}
