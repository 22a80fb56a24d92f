//! Wrong: it notices a worker that died, and not a call that was given up.

use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

struct Client<C> {
    connect: C,
    /// A worker that owes no answer.
    idle: Option<DuplexStream>,
}

impl<C: FnMut() -> DuplexStream> Client<C> {
    /// The answer to `question`. An error if the worker died of it.
    async fn call(&mut self, question: u8) -> io::Result<u8> {
        let pipe = self.idle.get_or_insert_with(&mut self.connect);
        let answer = async {
            pipe.write_u8(question).await?;
            pipe.read_u8().await
        };
        let answer = answer.await;
        if answer.is_err() {
            self.idle = None; // It sees who died. It does not see who was given up.
        }
        answer
    }
}

fn main() {}
