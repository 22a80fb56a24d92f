//! The pages of `content/`, with what their front matter says.

use std::path::PathBuf;

use anyhow::{Context, Result};
use toml::{Table, Value};
use xshell::Shell;

pub const CONTENT: &str = "content";
/// The language of pages whose name says none.
pub const ENGLISH: &str = "en";

/// A page of the book, or the first page of a section.
pub struct Page {
    /// From `content/`: `part1-foundations/ch03-coroutines.md`.
    pub file: String,
    /// `de` of `ch03-coroutines.de.md`.
    pub language: String,
    /// From the root of the site: `coroutines/`, or nothing for the home page.
    pub address: String,
    pub front: Table,
    pub body: String,
    /// How many lines of the file stand before the body.
    pub lines_above: usize,
}

pub fn read(shell: &Shell, file: &str) -> Result<Table> {
    let text = shell.read_file(file)?;
    text.parse()
        .with_context(|| format!("{file} is not sound TOML"))
}

/// All pages, in the order of their files; a section stands before its pages.
pub fn pages(shell: &Shell) -> Result<Vec<Page>> {
    let (mut files, mut folders) = (Vec::new(), vec![PathBuf::from(CONTENT)]);
    while let Some(folder) = folders.pop() {
        for path in shell.read_dir(&folder)? {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "md") {
                files.push(path);
            }
        }
    }
    files.sort();
    let content = shell.current_dir().join(CONTENT);
    let read = files.iter().map(|path| {
        let file = path.strip_prefix(&content).unwrap_or(path);
        let file = file.to_string_lossy().replace('\\', "/");
        parse(file.clone(), &shell.read_file(path)?).with_context(|| format!("{CONTENT}/{file}"))
    });
    read.collect()
}

fn parse(file: String, source: &str) -> Result<Page> {
    let read = book::parse(&file, source.to_owned());
    let front = read.front_matter.as_deref();
    let front = front.context("no front matter between two lines of +++")?;
    let (above, body) = read.text.split_at(read.body);
    let lines_above = above.lines().count();
    let front: Table = front.parse().context("the front matter is not TOML")?;
    let stem = file.trim_end_matches(".md");
    let (stem, language) = stem.rsplit_once('.').unwrap_or((stem, ENGLISH));
    let language = language.to_owned();
    let address = match front.get("path").and_then(Value::as_str) {
        Some(path) => path.to_owned(),
        None if language == ENGLISH => stem.trim_end_matches("_index").to_owned(),
        None => format!("{language}/{}", stem.trim_end_matches("_index")),
    };
    let address = match address.trim_matches('/') {
        "" => String::new(),
        address => format!("{address}/"),
    };
    let body = body.to_owned();
    Ok(Page {
        file,
        language,
        address,
        front,
        body,
        lines_above,
    })
}

impl Page {
    pub fn title(&self) -> &str {
        text(&self.front, "title")
    }

    /// The file that it is a translation of, or its own.
    pub fn original(&self) -> String {
        self.file.replace(&format!(".{}.md", self.language), ".md")
    }

    pub fn is_section(&self) -> bool {
        let name = self.file.rsplit('/').next();
        name.is_some_and(|name| name.starts_with("_index."))
    }

    pub fn folder(&self) -> &str {
        self.file.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// `ch03`, if it is a chapter: where its exercises stand.
    pub fn chapter(&self) -> Option<&str> {
        let name = self.file.rsplit('/').next()?;
        let is_chapter = name.starts_with("ch") && name.get(2..4)?.parse::<u8>().is_ok();
        is_chapter.then(|| &name[..4])
    }

    /// The cards that it declares: `patterns` or `anti_patterns`.
    pub fn cards(&self, list: &str) -> impl Iterator<Item = &Table> {
        let cards = self.front.get("extra").and_then(|it| it.get(list));
        let cards = cards.and_then(Value::as_array).into_iter().flatten();
        cards.filter_map(Value::as_table)
    }

    pub fn extra(&self, list: &str) -> impl Iterator<Item = &str> {
        let extra = self.front.get("extra").and_then(|it| it.get(list));
        let list = extra.and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str)
    }
}

/// The words of a language that stand in no page: `words/de.toml`.
pub fn words(shell: &Shell, language: &str) -> Result<Table> {
    read(shell, &format!("content/words/{language}.toml"))
}

/// The words that code/ writes beside the pages.
pub fn files(words: &Table) -> Result<&Table> {
    let files = words.get("files").and_then(Value::as_table);
    files.context("content/words/ has a file without the table [files]")
}

/// A text of a table; nothing where there is none, which the tests of the site tell of.
pub fn text<'a>(table: &'a Table, key: &str) -> &'a str {
    table.get(key).and_then(Value::as_str).unwrap_or_default()
}
