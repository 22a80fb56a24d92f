//! Wrong: what was granted to a customer who has left is gone.

use tokio::sync::{mpsc, oneshot};

enum Question {
    /// Takes so many out of the stock, if there are as many.
    Take {
        wanted: u32,
        reply: oneshot::Sender<bool>,
    },
    /// How many are there?
    Count { reply: oneshot::Sender<u32> },
}

/// Answers questions until there are no more.
async fn keep(mut stock: u32, mut questions: mpsc::Receiver<Question>) {
    while let Some(question) = questions.recv().await {
        match question {
            Question::Take { wanted, reply } => {
                let granted = wanted <= stock;
                if granted {
                    stock -= wanted;
                }
                let _ = reply.send(granted);
            }
            Question::Count { reply } => {
                let _ = reply.send(stock);
            }
        }
    }
}

fn main() {}
