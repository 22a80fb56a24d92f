//! A function with two awaits, once as `async fn` and once as the enum that the
//! compiler would write for it (chapter 3).
//!
//! Run it: `cargo run -p examples --bin ch03-two-awaits`

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

const BOIL: Duration = Duration::from_secs(3);
const STEEP: Duration = Duration::from_secs(2);

// ANCHOR: async
async fn make_tea(cups: u32) -> String {
    sleep(BOIL).await;
    let pot = format!("tea for {cups}");
    sleep(STEEP).await;
    pot
}
// ANCHOR_END: async

// ANCHOR: states
enum MakeTea {
    Unresumed { cups: u32 },
    Boiling { cups: u32, timer: Pin<Box<Sleep>> },
    Steeping { pot: String, timer: Pin<Box<Sleep>> },
    Returned,
}
// ANCHOR_END: states

// ANCHOR: poll
impl Future for MakeTea {
    type Output = String;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<String> {
        loop {
            *self = match &mut *self {
                MakeTea::Unresumed { cups } => MakeTea::Boiling {
                    cups: *cups,
                    timer: Box::pin(sleep(BOIL)),
                },
                MakeTea::Boiling { cups, timer } => {
                    ready!(timer.as_mut().poll(cx)); // Pending: return, stay
                    MakeTea::Steeping {
                        pot: format!("tea for {cups}"),
                        timer: Box::pin(sleep(STEEP)),
                    }
                }
                MakeTea::Steeping { pot, timer } => {
                    ready!(timer.as_mut().poll(cx));
                    let pot = std::mem::take(pot);
                    *self = MakeTea::Returned;
                    return Poll::Ready(pot);
                }
                MakeTea::Returned => panic!("resumed after completion"),
            };
        }
    }
}
// ANCHOR_END: poll

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let by_hand = MakeTea::Unresumed { cups: 2 }.await;
    assert_eq!(start.elapsed(), BOIL + STEEP);

    let by_compiler = make_tea(2).await;
    assert_eq!(start.elapsed(), (BOIL + STEEP) * 2);
    assert_eq!(by_hand, by_compiler);
    println!(
        "{by_hand}, by hand and by the compiler, after {:?} each",
        BOIL + STEEP
    );
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_future_by_hand_does_what_the_compiler_makes() {
        super::main();
    }
}
