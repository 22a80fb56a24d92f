//! Wrong: the timer begins again with each row, so a steady trickle keeps the batch open.

use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

type Row = u32;

/// The next batch; empty when all senders are gone and nothing is left.
async fn next_batch(rows: &mut mpsc::Receiver<Row>, most: usize, limit: Duration) -> Vec<Row> {
    let mut batch = Vec::from_iter(rows.recv().await);
    while (1..most).contains(&batch.len()) {
        // A new timer with each row: the batch stays open while rows come.
        let Ok(Some(row)) = timeout(limit, rows.recv()).await else {
            break;
        };
        batch.push(row);
    }
    batch
}

fn main() {}
