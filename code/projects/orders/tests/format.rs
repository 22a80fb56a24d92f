//! Events of all formats that there have been.

use orders::event::{Event, FORMAT, read};

const GOLDEN: [(u32, &str, &str); 2] = [
    (1, include_str!("golden/placed-1.json"), "EUR"),
    (2, include_str!("golden/placed-2.json"), "CHF"),
];

#[test]
fn each_format_that_was_ever_written_can_be_read() {
    for (format, body, expected) in GOLDEN {
        let Ok(Event::Placed(placement)) = read(1, format, body) else {
            panic!("format {format}")
        };
        assert_eq!(placement.currency, expected);
    }
}

#[test]
fn what_is_written_now_is_read_back() {
    let (_, body, _) = GOLDEN[1];
    let event = read(1, FORMAT, body).unwrap();
    let again = serde_json::to_string(&event).unwrap();
    assert_eq!(read(1, FORMAT, &again).unwrap(), event);
    assert_eq!(again, body.trim());
}

#[test]
fn an_event_from_the_future_is_named_and_not_guessed() {
    let error = read(17, FORMAT + 1, GOLDEN[1].1).unwrap_err().to_string();
    assert!(error.starts_with("event 17 has format 3"), "{error}");
}
