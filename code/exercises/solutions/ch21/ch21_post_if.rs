use std::collections::BTreeMap;
use std::sync::Mutex;

/// The newest fact of each topic, with its version: 1 for the first of its topic.
#[derive(Default)]
struct Board(Mutex<BTreeMap<&'static str, (u32, i32)>>);

impl Board {
    /// Posts a value if the topic's version is still `seen`, 0 for a topic without a fact.
    /// Returns the new version, or the one that stands against it.
    fn post_if(&self, seen: u32, topic: &'static str, value: i32) -> Result<u32, u32> {
        let mut facts = self.0.lock().unwrap();
        let now = facts.get(topic).map_or(0, |(version, _)| *version);
        if now != seen {
            return Err(now);
        }
        facts.insert(topic, (now + 1, value));
        Ok(now + 1)
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_the_facts_of_a_topic() {
        let board = Board::default();
        assert_eq!(board.post_if(0, "heat", 17), Ok(1));
        assert_eq!(board.post_if(1, "heat", 18), Ok(2));
        assert_eq!(board.post_if(0, "light", 3), Ok(1));
    }

    #[test]
    fn an_outdated_post_is_refused_and_changes_nothing() {
        let board = Board::default();
        board.post_if(0, "heat", 17).unwrap();
        assert_eq!(board.post_if(0, "heat", 99), Err(1));
        assert_eq!(board.post_if(5, "heat", 99), Err(1));
        assert_eq!(board.post_if(5, "light", 99), Err(0));
        assert_eq!(board.0.lock().unwrap()["heat"], (1, 17));
        assert!(!board.0.lock().unwrap().contains_key("light"));
    }

    #[test]
    fn of_many_threads_that_saw_the_same_one_is_first() {
        for _ in 0..100 {
            let board = Board::default();
            let posted = std::thread::scope(|scope| {
                let post = |value| {
                    let board = &board;
                    scope.spawn(move || board.post_if(0, "heat", value).is_ok())
                };
                let threads: Vec<_> = (0..4).map(post).collect();
                let posted = threads.into_iter().map(|thread| thread.join().unwrap());
                posted.filter(|posted| *posted).count()
            });
            assert_eq!(posted, 1);
        }
    }
}
