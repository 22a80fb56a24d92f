//! Wrong: both ends assume that the other one is there.

use tokio::sync::oneshot;

/// A library: it calls back once, on whatever thread it likes, or never.
trait Radio {
    fn listen(&self, heard: Box<dyn FnOnce(u32) + Send>);
}

/// The radio has dropped the callback without calling it.
#[derive(Debug, PartialEq, Eq)]
struct Silent;

/// What the radio hears next.
async fn hear(radio: &impl Radio) -> Result<u32, Silent> {
    let (tell, told) = oneshot::channel();
    radio.listen(Box::new(move |word| tell.send(word).unwrap()));
    Ok(told.await.unwrap())
}

fn main() {
    // You can experiment here; the tests decide.
}
