//! Wrong: gives up the tasks, and with them the waiting side by side.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::time::sleep;

/// Stands for a library that was written for one thread.
pub type Interner = Rc<RefCell<HashSet<String>>>;

/// Reads one page, which takes a second, and notes its words.
async fn read(page: &'static str, words: Interner) {
    sleep(Duration::from_secs(1)).await;
    for word in page.split_whitespace() {
        words.borrow_mut().insert(word.to_string());
    }
}

pub async fn distinct_words(pages: Vec<&'static str>) -> usize {
    let words = Interner::default();
    for page in pages {
        read(page, Rc::clone(&words)).await;
    }
    words.borrow().len()
}

pub fn distinct_words_blocking(pages: Vec<&'static str>) -> usize {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_time().build().expect("a runtime");
    runtime.block_on(distinct_words(pages))
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    #[tokio::test(flavor = "local", start_paused = true)]
    async fn words_of_all_pages_are_counted_once() {
        assert_eq!(distinct_words(vec!["to be", "or not", "to be"]).await, 4);
    }

    #[tokio::test(flavor = "local", start_paused = true)]
    async fn three_pages_take_one_second() {
        let start = Instant::now();
        distinct_words(vec!["a", "b", "c"]).await;
        assert_eq!(start.elapsed(), Duration::from_secs(1));
    }

    #[test]
    fn a_caller_without_a_runtime_gets_the_same() {
        assert_eq!(distinct_words_blocking(vec![]), 0);
    }
}
