use std::collections::HashMap;

/// The lines of a room.
#[derive(Default)]
struct History {
    lines: Vec<String>,
    /// By sender and id.
    numbers: HashMap<(String, String), usize>,
}

impl History {
    /// The number of the line: 1 for the first. A line that is known isn't kept again.
    fn keep(&mut self, sender: &str, id: &str, text: &str) -> usize {
        let key = (sender.to_owned(), id.to_owned());
        *self.numbers.entry(key).or_insert_with(|| {
            self.lines.push(text.to_owned());
            self.lines.len()
        })
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_in_the_order_in_which_they_come() {
        let mut history = History::default();
        assert_eq!(history.keep("ann", "a1", "Tea?"), 1);
        assert_eq!(history.keep("ben", "b1", "Milk?"), 2);
        assert_eq!(history.lines, ["Tea?", "Milk?"]);
    }

    #[test]
    fn a_line_that_is_sent_again_has_its_number_and_is_kept_once() {
        let mut history = History::default();
        history.keep("ann", "a1", "Tea?");
        history.keep("ann", "a2", "Milk?");
        assert_eq!(history.keep("ann", "a1", "Tea?"), 1);
        assert_eq!(history.lines.len(), 2);
    }

    #[test]
    fn the_same_text_said_twice_is_two_lines() {
        let mut history = History::default();
        assert_eq!(history.keep("ann", "a1", "ok"), 1);
        assert_eq!(history.keep("ann", "a2", "ok"), 2);
    }

    #[test]
    fn the_same_id_of_another_sender_is_another_line() {
        let mut history = History::default();
        assert_eq!(history.keep("ann", "1", "Tea?"), 1);
        assert_eq!(history.keep("ben", "1", "Milk?"), 2);
    }
}
