//! Documentation: a link to docs.rs leads to what the crate's sources declare, and where a chapter
//! first names something of Tokio in code font, it leads to its page.

use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

use harness::book::{Page, Span};

use crate::Problem;
use crate::api::Api;
use crate::book::Book;
use crate::names::{Named, Names};
use crate::sources::Sources;
use crate::terms::{read_through, spans};

/// The sources of the crates of this workspace, of whatever book.
pub static SOURCES: LazyLock<Result<Sources, String>> =
    LazyLock::new(|| Sources::locate(&harness::root()));

/// What is wrong, and how to fix it.
type Wrong = (String, String);

/// Every link of every page, and every name in code font in the pages that are read through.
pub fn check(book: &Book) -> Vec<Problem> {
    let sources = match &*SOURCES {
        Ok(sources) => sources,
        Err(why) => {
            return vec![Problem::new(
                "Cargo.lock",
                1,
                why,
                "type `cargo metadata` and read on",
            )];
        }
    };
    let tokio = Names::of(sources);
    let mut problems = Vec::new();
    for page in &book.pages {
        for link in &page.links {
            if let Err((what, fix)) = leads_somewhere(sources, &link.to) {
                problems.push(Problem::new(&page.path, link.line, what, fix));
            }
        }
    }
    for page in read_through(book) {
        for span in spans(page) {
            problems.extend(undefined(page, span));
        }
        for (span, named) in tokio.unlinked(book, page) {
            let (what, fix) = match named {
                Named::Page(to) => {
                    let text = &page.text[span.range.clone()];
                    (
                        format!("{text} is of Tokio, and does not lead to its page"),
                        written(text, &to),
                    )
                }
                Named::Nothing(why) => (why, "fix the name".into()),
            };
            problems.push(Problem::new(&page.path, span.line, what, fix));
        }
    }
    problems
}

/// Writes the links that are missing.
pub fn bless(book: &Book) -> std::io::Result<()> {
    let Ok(sources) = &*SOURCES else {
        return Ok(());
    };
    let tokio = Names::of(sources);
    for page in read_through(book) {
        let mut text = page.text.clone();
        let mut definitions = BTreeSet::new();
        let unlinked = tokio.unlinked(book, page);
        for (span, named) in unlinked.iter().rev() {
            let Named::Page(to) = named else {
                continue;
            };
            let name = &page.text[span.range.clone()];
            if name.contains('[') {
                text.replace_range(span.range.clone(), &format!("[{name}]({to})"));
            } else {
                text.replace_range(span.range.clone(), &format!("[{name}]"));
                definitions.insert(format!("[{name}]: {to}\n"));
            }
        }
        definitions.retain(|definition| !page.text.contains(definition));
        // A list of definitions that is there already goes on.
        let is_list = text
            .lines()
            .last()
            .is_some_and(|line| line.starts_with("[`"));
        if !definitions.is_empty() && !is_list {
            text.push('\n');
        }
        text.extend(definitions);
        if text != page.text {
            fs::write(book.root.join(&page.path), text)?;
        }
    }
    Ok(())
}

/// What to write: the reference, and its definition.
fn written(text: &str, to: &str) -> String {
    if text.contains('[') {
        format!("write [{text}]({to})")
    } else {
        format!("write [{text}], and at the end of the file\n[{text}]: {to}")
    }
}

/// `` [`name`] `` without a definition at the end of the file stays as it is, brackets and all.
fn undefined(page: &Page, span: &Span) -> Option<Problem> {
    let is_reference = span.is_code
        && span.link.is_none()
        && page.text[..span.range.start].ends_with('[')
        && page.text[span.range.end..].starts_with(']');
    let what = format!("[{}] leads nowhere", &page.text[span.range.clone()]);
    let fix = "define it at the end of the file, or remove the brackets";
    is_reference.then(|| Problem::new(&page.path, span.line, what, fix))
}

/// Whether a link to docs.rs leads to something that the sources declare.
/// Its version is another rule's business (`links`).
fn leads_somewhere(sources: &Sources, to: &str) -> Result<(), Wrong> {
    let Some(rest) = to.strip_prefix("https://docs.rs/") else {
        return Ok(());
    };
    let (path, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let words: Vec<&str> = path.split('/').collect();
    let [_, version, rest @ ..] = words.as_slice() else {
        return Ok(());
    };
    let (is_source, name) = match rest {
        ["src", name, ..] => (true, name),
        [name, ..] => (false, name),
        [] => return Ok(()),
    };
    let Some((name, package)) = sources.names().find(|(known, _)| known == name) else {
        return Ok(());
    };
    if package.version != *version {
        return Ok(());
    }
    let gone = |what: &str| {
        let what = format!("{what} is not in the sources of {name} {version}");
        Err((
            what,
            "look it up in the documentation of this version".to_owned(),
        ))
    };
    if is_source {
        let file = rest[2..].join("/");
        let file = file.trim_end_matches(".html");
        let text = fs::read_to_string(package.root.with_file_name(file)).unwrap_or_default();
        let last = fragment.rsplit('-').next().unwrap_or_default();
        let line: usize = last.parse().unwrap_or(1);
        return if line <= text.lines().count() {
            Ok(())
        } else {
            gone(&format!("{file}:{line}"))
        };
    }
    let api = Api(sources);
    let (last, folders) = rest[1..].split_last().unwrap_or((&"", &[]));
    if matches!(*last, "" | "index.html") {
        return match api.public_module(name, folders) {
            Some(module) if has_heading(&module.docs, fragment) => Ok(()),
            Some(_) => gone(&format!("the heading `{fragment}`")),
            None => gone(&format!("the module `{}`", folders.join("::"))),
        };
    }
    let mut words = last.split('.');
    let (kind, item) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let found = api.at(name, folders, item);
    let mut found = found
        .iter()
        .filter(|found| found.item.kind == kind && found.has_page);
    let Some(found) = found.next() else {
        return gone(&format!(
            "{kind} {}",
            [folders, &[item]].concat().join("::")
        ));
    };
    let is_there = match fragment.split_once('.') {
        Some(("method" | "tymethod" | "variant", member)) => api.has_member(found, member),
        _ => has_heading(&found.item.docs, fragment),
    };
    if is_there {
        Ok(())
    } else {
        gone(&format!("`{fragment}` of {item}"))
    }
}

/// Whether a text has a heading with this id, as rustdoc gives it.
fn has_heading(docs: &str, id: &str) -> bool {
    let headings = docs
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with('#'));
    let ids = headings.map(|heading| {
        let title = heading.trim_start_matches('#').trim().to_lowercase();
        let letters = title.chars().filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            _ => letter.is_alphanumeric().then_some(letter),
        });
        letters.collect::<String>()
    });
    id.is_empty() || ids.into_iter().any(|found| found == id)
}

#[cfg(test)]
mod tests {
    use super::{bless, check};
    use crate::fixture::{CHAPTER, Fixture};

    fn prose(text: &str) -> Fixture {
        Fixture::sound().replace(CHAPTER, "A task waits.", text)
    }

    /// A link to a page of Tokio, and whether it is found.
    #[track_caller]
    fn leads(to: &str, gone: Option<&str>) {
        let expected = gone.map(|what| (CHAPTER, "A [task]", what));
        let expected: Vec<(&str, &str, &str)> = expected.into_iter().collect();
        prose(&format!(
            "A [task](https://docs.rs/tokio/1.54.1/{to}) waits."
        ))
        .expect(check, &expected);
    }

    #[test]
    fn links_lead_where_the_sources_have_something() {
        for to in [
            "tokio/",
            "tokio/index.html#unstable-features",
            "tokio/sync/mpsc/index.html",
            "tokio/attr.main.html",
            "tokio/macro.select.html",
            "tokio/task/struct.JoinSet.html#method.abort_all",
            "tokio/io/trait.AsyncRead.html#tymethod.poll_read",
            "tokio/net/struct.TcpStream.html#method.try_read",
            "tokio/runtime/enum.RuntimeFlavor.html#variant.CurrentThread",
            "tokio/time/fn.sleep.html#panics",
            "src/tokio/runtime/mod.rs.html#635",
        ] {
            leads(to, None);
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_named() {
        for (to, what) in [
            (
                "tokio/index.html#unknown",
                "the heading `unknown` is not in",
            ),
            ("tokio/sink/index.html", "the module `sink` is not in"),
            // It is declared in `task`, which is where its page is.
            ("tokio/fn.spawn.html", "fn spawn is not in"),
            (
                "tokio/task/struct.spawn.html",
                "struct task::spawn is not in",
            ),
            (
                "tokio/task/struct.JoinSet.html#method.kill",
                "`method.kill` of JoinSet is not in",
            ),
            (
                "tokio/time/fn.sleep.html#errors",
                "`errors` of sleep is not in",
            ),
            (
                "src/tokio/runtime/mod.rs.html#99999",
                "runtime/mod.rs:99999 is not in",
            ),
            (
                "src/tokio/runtime/none.rs.html",
                "runtime/none.rs:1 is not in",
            ),
        ] {
            leads(to, Some(what));
        }
    }

    #[test]
    fn other_crates_are_looked_up_too_where_their_items_come_from_further_crates() {
        let link = |item: &str| {
            prose(&format!(
                "A [task](https://docs.rs/futures/0.3.34/futures/{item}) waits."
            ))
        };
        link("future/type.BoxFuture.html").expect(check, &[]);
        link("task/struct.AtomicWaker.html#method.register").expect(check, &[]);
        link("future/type.Boxed.html").expect(
            check,
            &[(CHAPTER, "A [task]", "type future::Boxed is not in")],
        );
    }

    #[test]
    fn the_first_use_of_a_name_is_named_until_it_is_blessed() {
        for (name, page) in [
            ("`spawn_blocking`", "task/fn.spawn_blocking.html"),
            ("`tokio::spawn(job())`", "task/fn.spawn.html"),
            (
                "`JoinSet::abort_all`",
                "task/struct.JoinSet.html#method.abort_all",
            ),
            ("`JoinHandle<T>`", "task/struct.JoinHandle.html"),
            ("`tokio::fs`", "fs/index.html"),
            ("`select!`", "macro.select.html"),
            ("`#[tokio::test]`", "attr.test.html"),
        ] {
            let text = format!("It is {name}, and {name} again.");
            let unlinked = prose(&text);
            bless(&unlinked.book()).unwrap();
            let blessed = unlinked.book().page(CHAPTER).unwrap().text.clone();
            assert!(
                blessed.contains(&format!("https://docs.rs/tokio/1.54.1/tokio/{page}")),
                "{blessed}"
            );
            assert!(
                blessed.contains(&format!(", and {name} again.")),
                "{blessed}"
            );
            unlinked.expect(check, &[]);
            prose(&text).expect(check, &[(CHAPTER, "It is", &format!("{name} is of Tokio"))]);
        }
    }

    #[test]
    fn a_word_that_programs_take_from_tokio_is_a_name() {
        let program = |taken: &str| {
            let text = format!("It is `sleep`.\n\n```rust\n{taken}\n```");
            prose(&text)
        };
        let found: &[(&str, &str, &str)] = &[(CHAPTER, "It is", "`sleep` is of Tokio")];
        program("use tokio::time::{Instant, sleep};").expect(check, found);
        program("use std::thread::sleep;").expect(check, &[]);
        program("fn sleep() {}\n\nuse tokio::time::sleep;").expect(check, &[]);
        prose("It is `sleep`.").expect(check, &[]);
    }

    #[test]
    fn a_name_that_tokio_does_not_have_is_named() {
        prose("It is `tokio::time::snooze`.").expect(
            check,
            &[(
                CHAPTER,
                "It is",
                "`tokio::time::snooze` is not of this version",
            )],
        );
    }

    #[test]
    fn a_reference_without_a_definition_is_named() {
        prose("It is [`wake`].").expect(check, &[(CHAPTER, "It is", "[`wake`] leads nowhere")]);
    }
}
