//! Wrong: drops the wait together with the value that crossed it.

use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// Cuts a text into shared words.
fn intern(text: &str) -> Vec<Rc<str>> {
    text.split_whitespace().map(Rc::from).collect()
}

pub async fn count_words(text: String) -> usize {
    intern(&text).len()
}

pub fn spawn_count(text: &str) -> JoinHandle<usize> {
    tokio::spawn(count_words(text.to_string()))
}

fn main() {}
