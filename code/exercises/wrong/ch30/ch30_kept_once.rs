//! Wrong: it takes the id alone for the line, so one client can take an id away from another.

use std::collections::HashMap;

/// The lines of a room.
#[derive(Default)]
struct History {
    lines: Vec<String>,
    /// By id alone.
    numbers: HashMap<String, usize>,
}

impl History {
    /// The number of the line: 1 for the first. A line that is known isn't kept again.
    fn keep(&mut self, _sender: &str, id: &str, text: &str) -> usize {
        *self.numbers.entry(id.to_owned()).or_insert_with(|| {
            self.lines.push(text.to_owned());
            self.lines.len()
        })
    }
}

fn main() {}
