//! How long a server asks to be left alone.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};
use web_scraper::fetch::Answer;

fn asked(text: &str) -> Option<Duration> {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, text.parse().expect("a header"));
    let answer = Answer {
        status: 429,
        headers,
        body: Vec::new(),
        latency: Duration::ZERO,
    };
    answer.retry_after()
}

#[test]
fn seconds_and_dates_are_read_and_nonsense_is_not() {
    assert_eq!(asked(" 120 "), Some(Duration::from_secs(120)));
    let hour = Duration::from_secs(3600);
    let then = httpdate::fmt_http_date(SystemTime::now() + hour);
    let until = asked(&then).expect("a date");
    assert!(until <= hour && until > hour / 2);
    assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
    assert_eq!(asked("soon"), None);
    assert_eq!(asked("-5"), None);
}
