//! Wrong: ends at the first bad line, as `?` would.

use tokio::sync::mpsc;

type Aside = (String, String);

/// Parses, and sends each line one way or the other.
async fn parse(
    mut lines: mpsc::Receiver<String>,
    orders: mpsc::Sender<u32>,
    aside: mpsc::Sender<Aside>,
) {
    while let Some(line) = lines.recv().await {
        match line.parse::<u32>() {
            Ok(order) => {
                if orders.send(order).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                let _ = aside.send((line, error.to_string())).await;
                return;
            }
        }
    }
}

fn main() {}
