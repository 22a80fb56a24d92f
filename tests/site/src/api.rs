//! Which page of docs.rs documents what, worked out from the sources as rustdoc does it.

use std::collections::BTreeMap;

use crate::sources::{Item, Member, Module, Package, Sources};

/// More re-exports of re-exports than any crate has.
const DEEPEST: usize = 12;

/// A module of a crate: `("tokio", "sync::mpsc")`.
type Place<'a> = (&'a str, String);

/// An item, where it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'a> {
    place: Place<'a>,
    /// What it is.
    pub item: &'a Item,
    /// Whether it has a page where it was looked for, and not only a line that leads to its page.
    pub has_page: bool,
}

/// An item with the address of its page.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    /// The item.
    pub found: Found<'a>,
    /// `task/fn.spawn_blocking.html`
    pub address: String,
}

/// What the crates of the book declare.
pub struct Api<'a>(pub &'a Sources);

impl<'a> Api<'a> {
    fn module(&self, (krate, path): &Place) -> Option<&'a Module> {
        self.0.package(krate)?.modules().get(path)
    }

    /// What a name means in a module, in each of its kinds.
    pub fn in_module(&self, krate: &'a str, path: &str, name: &str) -> Vec<Found<'a>> {
        self.find(&(krate, path.to_owned()), name, 0)
    }

    fn find(&self, place: &Place<'a>, name: &str, depth: usize) -> Vec<Found<'a>> {
        let Some(module) = self.module(place).filter(|_| depth < DEEPEST) else {
            return Vec::new();
        };
        let declared = module.items.iter().filter(|item| item.name == name);
        let mut found: Vec<Found> = declared
            .map(|item| Found {
                place: place.clone(),
                item,
                has_page: item.is_public,
            })
            .collect();
        for taken in &module.uses {
            let is_all = taken.name == "*";
            if taken.name != name && !is_all {
                continue;
            }
            let (last, before) = taken.path.split_last().expect("a use names something");
            let last = if is_all { name } else { last };
            let Some((from, is_open)) = self.walk(place, before, depth + 1) else {
                continue;
            };
            if from == *place && last == taken.name {
                continue;
            }
            for it in self.find(&from, last, depth + 1) {
                // What can be reached by a public path already is documented there alone.
                let is_elsewhere = is_open && from.0 == place.0 && it.has_page;
                let has_page = taken.is_public && (taken.is_inline || !is_elsewhere);
                if !found
                    .iter()
                    .any(|known| (known.item, &known.place) == (it.item, &it.place))
                {
                    found.push(Found { has_page, ..it });
                }
            }
        }
        found
    }

    /// The module that a path leads to, and whether every step of it is public.
    fn walk(&self, from: &Place<'a>, path: &[String], depth: usize) -> Option<(Place<'a>, bool)> {
        let (mut place, mut is_open) = (from.clone(), true);
        for (at, word) in path.iter().enumerate() {
            let (krate, here) = place.clone();
            match word.as_str() {
                "crate" | "$crate" => place = (krate, String::new()),
                "self" => {}
                "super" => {
                    let parent = here.rsplit_once("::").map_or("", |(parent, _)| parent);
                    place = (krate, parent.to_owned());
                }
                word => match self.inner(&place, word, depth) {
                    Some((inner, is_public)) => {
                        is_open &= is_public;
                        place = inner;
                    }
                    None if at == 0 => {
                        let (name, _) = self.0.names().find(|(name, _)| *name == word)?;
                        place = (name, String::new());
                    }
                    None => return None,
                },
            }
        }
        Some((place, is_open))
    }

    /// A module inside another, and whether it is public.
    fn inner(&self, place: &Place<'a>, name: &str, depth: usize) -> Option<(Place<'a>, bool)> {
        let (krate, path) = place;
        let here = self.module(place)?;
        if let Some(item) = here
            .items
            .iter()
            .find(|item| item.kind == "mod" && item.name == name)
        {
            return Some(((krate, join(path, name)), item.is_public));
        }
        let mut taken = here
            .uses
            .iter()
            .filter(|taken| taken.name == name || taken.name == "*");
        taken.find_map(|taken| {
            let mut path = taken.path.clone();
            if taken.name == "*" {
                path.pop();
                path.push(name.to_owned());
            }
            let is_itself = path.len() == 1 && path[0] == name;
            if depth >= DEEPEST || is_itself {
                return None;
            }
            let (place, _) = self.walk(place, &path, depth + 1)?;
            Some((place, taken.is_public))
        })
    }

    /// The module at a public path below a crate: `tokio::sync` for `["sync"]`.
    pub fn public_module(&self, krate: &'a str, path: &[&str]) -> Option<&'a Module> {
        self.public_place(krate, path)
            .and_then(|place| self.module(&place))
    }

    fn public_place(&self, krate: &'a str, path: &[&str]) -> Option<Place<'a>> {
        let words: Vec<String> = path.iter().map(|word| (*word).to_owned()).collect();
        let root = (krate, String::new());
        for end in 1..=words.len() {
            let (above, _) = self.walk(&root, &words[..end - 1], 0)?;
            let (_, is_public) = self.inner(&above, &words[end - 1], 0)?;
            is_public.then_some(())?;
        }
        Some(self.walk(&root, &words, 0)?.0)
    }

    /// What stands at a public path, whether it has a page there or elsewhere.
    pub fn at(&self, krate: &'a str, path: &[&str], name: &str) -> Vec<Found<'a>> {
        let place = self.public_place(krate, path);
        let found = place.map(|place| self.find(&place, name, 0));
        found
            .into_iter()
            .flatten()
            .filter(|found| found.item.kind != "mod" || found.item.is_public)
            .collect()
    }

    /// Whether a type or trait has a method, or an enum a variant, of this name.
    pub fn has_member(&self, found: &Found<'a>, name: &str) -> bool {
        self.members(found).iter().any(|member| member.name == name)
    }

    /// The methods of a type or trait, and the variants of an enum.
    pub fn members(&self, found: &Found<'a>) -> Vec<&'a Member> {
        let (krate, name) = (found.place.0, found.item.name.as_str());
        let package = self.0.package(krate);
        let package = package.expect("what was found is of a known crate");
        let mut members: Vec<&Member> = found.item.members.iter().collect();
        for (path, module) in package.modules() {
            let methods = module.methods.iter().filter(|(of, _)| of == name);
            let mut methods = methods.map(|(_, method)| method).peekable();
            let means = || self.find(&(krate, path.clone()), name, 0);
            if methods.peek().is_some() && means().iter().any(|it| it.place == found.place) {
                members.extend(methods);
            }
        }
        members
    }

    /// Every page of a crate below its public modules, by the name of what it documents.
    pub fn pages(&self, krate: &'a str) -> BTreeMap<&'a str, Vec<Page<'a>>> {
        let mut pages = BTreeMap::new();
        self.pages_below(krate, &mut Vec::new(), &mut pages);
        pages
    }

    fn pages_below(
        &self,
        krate: &'a str,
        path: &mut Vec<&'a str>,
        pages: &mut BTreeMap<&'a str, Vec<Page<'a>>>,
    ) {
        let Some(module) = self.public_module(krate, path) else {
            return;
        };
        let names = module.items.iter().map(|item| item.name.as_str());
        let names = names.chain(module.uses.iter().map(|taken| taken.name.as_str()));
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            for found in self.at(krate, path, name) {
                if found.item.kind == "mod" {
                    if path.len() < DEEPEST && found.has_page && !path.contains(&name) {
                        path.push(name);
                        self.pages_below(krate, path, pages);
                        path.pop();
                    }
                } else if found.has_page {
                    let address = address(path, found.item.kind, name);
                    let known = pages.entry(name).or_default();
                    // Of two pages of one item the shorter path is the one to name.
                    match known.iter_mut().find(|page| page.found.item == found.item) {
                        Some(page) if page.address.len() <= address.len() => {}
                        Some(page) => page.address = address,
                        None => known.push(Page { found, address }),
                    }
                }
            }
        }
    }
}

/// `task/fn.spawn.html`
pub fn address(path: &[&str], kind: &str, name: &str) -> String {
    let folder: String = path.iter().map(|word| format!("{word}/")).collect();
    format!("{folder}{kind}.{name}.html")
}

impl Package {
    /// `https://docs.rs/tokio/1.54.1`
    pub fn home(&self) -> String {
        format!("https://docs.rs/{}/{}", self.name, self.version)
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}::{name}")
    }
}
