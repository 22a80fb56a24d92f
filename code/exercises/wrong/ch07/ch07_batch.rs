//! Wrong: the limit begins anew with each row, so the first row may wait for very long.

#![allow(unused_imports)]

use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

/// Waits for a first row, however long that takes. Then collects until there are `most`
/// rows, or `within` has passed since the first, or there are no more rows to come.
///
/// Returns no rows at the end of the queue.
async fn batch(rows: &mut mpsc::Receiver<u32>, most: usize, within: Duration) -> Vec<u32> {
    let mut batch = Vec::from_iter(rows.recv().await);
    while !batch.is_empty() && batch.len() < most {
        match timeout(within, rows.recv()).await {
            Ok(Some(row)) => batch.push(row),
            Ok(None) | Err(_) => break,
        }
    }
    batch
}

fn main() {}
