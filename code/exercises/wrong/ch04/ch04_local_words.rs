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
