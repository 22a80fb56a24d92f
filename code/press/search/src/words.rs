//! The words of a text, as a reader would type them.
//!
//! An identifier is a word, and so are its parts: `spawn_blocking` is found by `blocking`,
//! `JoinSet` by `join`. In prose, neighbors in a path are a word too (`tokio::main`), and so is
//! what a hyphen joins (`wakeup` for "wake-up"). `static/js/search-words.js` cuts what the
//! reader types in the same way.

/// English words that every section has. Searching passes over them.
pub const STOP: &str = "a about after all also an and any are as at be because been but by can cannot could did do does \
    each else even every for from had has have he her here his how if in into is it its may might more most much must my never no \
    nor not of off on once only or other our out over own properly same she should so some such than that the their them then \
    there these they this those through to too under until up very was we were what when where which while who whom why \
    will with would you your";

/// What readers say, and the words in which the book says it.
pub const MEANT: [(&str, &str); 19] = [
    ("backoff", "retry jitter"),
    ("big", "size"),
    ("coroutine", "future"),
    ("dataloader", "loader batching"),
    ("disappear", "death lost"),
    ("exponential", "backoff jitter"),
    ("forever", "waits pending"),
    ("freeze", "blocking starve"),
    ("gather", "join join_all"),
    ("grow", "leak"),
    ("hang", "stuck deadlock"),
    ("heavy", "compute"),
    ("intensive", "compute rayon"),
    ("lose", "lost drops"),
    ("mock", "paused"),
    ("shrink", "stays leak"),
    ("slow", "latency"),
    ("stuck", "hang deadlock"),
    ("vs", "versus or"),
];

/// Longer ones are hashes and addresses, which nobody types.
const LONGEST: usize = 40;
/// How much a part of an identifier counts, beside the whole.
const PART: f64 = 0.6;

/// Calls `found` with each word of a line and how much it counts there.
pub fn each(line: &str, is_prose: bool, mut found: impl FnMut(&str, f64)) {
    let mut before: Option<(String, &str)> = None;
    let mut rest = line;
    while let Some(start) = rest.find(is_of_a_name) {
        let gap = &rest[..start];
        let length = rest[start..].find(|c| !is_of_a_name(c));
        let end = length.map_or(rest.len(), |length| start + length);
        let name = rest[start..end].trim_matches('_');
        rest = &rest[end..];
        let whole = name.to_lowercase();
        one_name(name, &whole, &mut found);
        if is_prose && let Some((before, _)) = &before {
            match gap {
                "::" => found(&format!("{before}::{whole}"), 1.0),
                "-" if is_telling(before) && is_word(&whole) => {
                    found(&format!("{before}{whole}"), PART);
                }
                _ => {}
            }
        }
        before = Some((whole, name));
    }
}

fn one_name(name: &str, whole: &str, found: &mut impl FnMut(&str, f64)) {
    if !is_word(whole) {
        return;
    }
    found(whole, 1.0);
    let parts = parts(name);
    if parts.len() > 1 {
        for part in parts.iter().map(|part| part.to_lowercase()) {
            if is_word(&part) {
                found(&part, PART);
            }
        }
    }
}

/// Whether it is worth finding: a word or an identifier, or a number that means something, such as 404.
fn is_word(name: &str) -> bool {
    let length = name.chars().count();
    if name.starts_with(|c: char| c.is_numeric()) {
        return length > 2 && name.chars().all(char::is_numeric);
    }
    (2..=LONGEST).contains(&length)
}

fn is_telling(name: &str) -> bool {
    is_word(name) && !STOP.split(' ').any(|stop| stop == name)
}

fn is_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `spawn_blocking` → spawn, blocking; `HTTPServer` → HTTP, Server.
fn parts(name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    for piece in name.split('_').filter(|piece| !piece.is_empty()) {
        let letters: Vec<(usize, char)> = piece.char_indices().collect();
        let mut start = 0;
        for at in 1..letters.len() {
            let (before, here) = (letters[at - 1].1, letters[at].1);
            let ends_capitals = before.is_uppercase()
                && here.is_uppercase()
                && letters
                    .get(at + 1)
                    .is_some_and(|next| next.1.is_lowercase());
            if before.is_lowercase() && here.is_uppercase() || ends_capitals {
                parts.push(&piece[start..letters[at].0]);
                start = letters[at].0;
            }
        }
        parts.push(&piece[start..]);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(line: &str, expected: &[&str]) {
        let mut words = Vec::new();
        each(line, true, |word, _| words.push(word.to_owned()));
        assert_eq!(words, expected);
    }

    #[test]
    fn identifiers_are_found_whole_and_by_parts() {
        finds("`spawn_blocking`", &["spawn_blocking", "spawn", "blocking"]);
        finds("HTTPServer", &["httpserver", "http", "server"]);
        finds("_guard", &["guard"]);
    }

    #[test]
    fn neighbors_in_a_path_are_a_word() {
        finds("#[tokio::main]", &["tokio", "main", "tokio::main"]);
    }

    #[test]
    fn hyphens_join_words() {
        finds("wake-up, then", &["wake", "up", "wakeup", "then"]);
    }

    #[test]
    fn numbers_count_from_three_digits_and_letters_from_two() {
        finds("E0277 404 32 1_000 7_u8 x", &["e0277", "404"]);
    }
}
