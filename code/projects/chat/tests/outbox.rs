//! What an outbox holds, and what it does when it's full.

use chat::outbox::{End, Kind, MOST_BYTES, MOST_FRAMES, Next, Outbox};
use tokio_tungstenite::tungstenite::{Bytes, Utf8Bytes};

use crate::support::name;

fn frame(text: &str) -> Utf8Bytes {
    text.to_owned().into()
}

#[tokio::test]
async fn a_full_outbox_ends_and_gives_back_its_memory() {
    let (outbox, first) = (Outbox::default(), frame("x"));
    assert!(outbox.push(first.clone()));
    for _ in 1..MOST_FRAMES {
        assert!(outbox.push(frame("x")));
    }
    assert!(!Bytes::from(first.clone()).is_unique());
    assert!(!outbox.push(frame("x")));
    assert!(Bytes::from(first).is_unique(), "it holds no frame anymore");
    assert_eq!(outbox.next().await, Next::Close(End::Slow));
}

#[tokio::test]
async fn few_large_frames_fill_it_as_well() {
    let outbox = Outbox::default();
    let large = frame(&"x".repeat(MOST_BYTES / 2));
    assert!(outbox.push(large.clone()) && outbox.push(large));
    assert!(!outbox.push(frame("x")));
}

#[tokio::test]
async fn of_a_flood_of_states_the_newest_is_left() {
    let (outbox, room) = (Outbox::default(), name("tea"));
    for number in 0..10_000 {
        outbox.replace(Kind::Typing, &room, frame(&number.to_string()));
    }
    assert!(outbox.push(frame("line")));
    let next = Next::Frames(vec![frame("line"), frame("9999")]);
    assert_eq!(outbox.next().await, next);
}

#[tokio::test]
async fn the_first_reason_stays() {
    let outbox = Outbox::default();
    outbox.end(End::TooBig);
    outbox.end(End::Gone);
    assert_eq!(outbox.next().await, Next::Close(End::TooBig));
}
