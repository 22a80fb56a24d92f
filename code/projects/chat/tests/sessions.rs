//! Who holds a valid session, and what is a name.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, header};
use chat::name::{LONGEST, Name, NotAName};
use chat::session::{COOKIE, Keys, Session};
use jsonwebtoken::{EncodingKey, Header};

fn seconds_since_1970() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

fn headers(token: &str) -> HeaderMap {
    let cookie = format!("other=1; {COOKIE}={token}").parse().unwrap();
    HeaderMap::from_iter([(header::COOKIE, cookie)])
}

#[test]
fn a_session_holds_until_it_expires_and_under_its_own_secret() {
    let ann = Name::try_from("ann").unwrap();
    let keys = Keys::new(b"secret", Duration::from_secs(60));
    let session = keys.check(&headers(&keys.sign(ann.clone()))).unwrap();
    assert_eq!(session.sub, ann);

    let other = Keys::new(b"another", Duration::from_secs(60));
    assert_eq!(keys.check(&headers(&other.sign(ann.clone()))), None);
    let secret = EncodingKey::from_secret(b"secret");
    let expired = Session {
        sub: ann,
        exp: seconds_since_1970() - 1,
    };
    let token = jsonwebtoken::encode(&Header::default(), &expired, &secret).unwrap();
    assert_eq!(keys.check(&headers(&token)), None);
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJleHAiOjk5OTk5OTk5OTk5fQ.";
    assert_eq!(keys.check(&headers(unsigned)), None);
}

#[test]
fn names_are_letters_digits_and_single_hyphens() {
    for good in ["ann", "Jörg-2", "東京", "a"] {
        assert!(Name::try_from(good).is_ok(), "{good}");
    }
    let long = "x".repeat(LONGEST + 1);
    for bad in [
        "",
        "-",
        "a--b",
        "a b",
        "<script>",
        "a/b",
        "a\u{202e}b",
        &long,
    ] {
        assert_eq!(Name::try_from(bad), Err(NotAName), "{bad}");
    }
}
