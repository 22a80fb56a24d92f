//! Finds the section on cancel safety in a documentation, and makes a verdict of it.

use std::sync::LazyLock;

use regex::Regex;

/// What to quote of sections that say neither yes nor no, for as long as they have these words.
const QUOTES: [&str; 5] = [
    "the message was not sent, but the message itself is lost",
    "the message is dropped and will be lost",
    "Any partially read bytes are appended to `buf`",
    "the provided buffer has been advanced",
    "the resistance against ABA problems is lost",
];
/// The most words that a first sentence may have to be quoted instead.
const SHORT: usize = 11;

static HEADING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("(?i)^#+ (cancel(lation)? safety)$").expect("a pattern"));
static SAFE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(This (method|function)|The `\w+`) is cancel safe$").expect("a pattern")
});
static NOT_SAFE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("not cancel(lation)? safe").expect("a pattern"));
/// `[text](address)`, `[text][name]` and `[text]`.
static LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[([^\]]+)\](\([^)]*\)|\[[^\]]*\])?").expect("a pattern"));

/// What a section says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Without more.
    Safe,
    /// As it says itself.
    NotSafe,
    /// It loses its place there.
    Queue,
    /// In its own words, if they are short.
    Condition(Option<String>),
}

/// The id of the section on cancel safety, and its text, on one line and without links.
pub fn section(docs: &str) -> Option<(String, String)> {
    let mut lines = docs.lines().map(str::trim);
    let heading = lines.find_map(|line| HEADING.captures(line))?;
    let lines: Vec<&str> = lines.take_while(|line| !line.starts_with('#')).collect();
    let text = LINK.replace_all(lines.join(" ").trim(), "$1").into_owned();
    Some((heading[1].to_lowercase().replace(' ', "-"), text))
}

/// What a section says, by its words.
pub fn verdict(section: &str) -> Verdict {
    let first = section.trim_start_matches("* ").split(". ").next();
    let first = first.unwrap_or_default().trim_end_matches('.');
    if let Some(words) = QUOTES.iter().find(|words| section.contains(**words)) {
        Verdict::Condition(Some((*words).to_owned()))
    } else if section.contains("lose your place in the queue") {
        Verdict::Queue
    } else if NOT_SAFE.is_match(section) {
        Verdict::NotSafe
    } else if SAFE.is_match(first) {
        Verdict::Safe
    } else {
        let is_short = first.split_whitespace().count() <= SHORT;
        Verdict::Condition(is_short.then(|| first.to_owned()))
    }
}
