//! Words of the file that mean more than their letters. One that can't be read is a fault: what is
//! left out of a route's conditions would let all requests in.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

pub fn some_duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    duration(from).map(Some)
}

/// "250ms", "10s" or "2m".
pub fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = text[..text.len() - unit.len()].parse::<u32>().ok();
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => 0,
    };
    match number.map(|number| u64::from(number) * millis) {
        Some(millis @ 1..=86_400_000) => Ok(Duration::from_millis(millis)),
        _ => Err(D::Error::custom(format!(
            "{text:?} is not a time: write \"250ms\", \"10s\" or \"2m\", above 0 to a day"
        ))),
    }
}

/// Methods, which are told apart by capitals: no client sends `get`.
pub fn methods<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<Method>>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    if names.is_empty() {
        let text = "a list without a method takes no request: leave it away for any";
        return Err(D::Error::custom(text));
    }
    let method = |name: String| match name.parse() {
        Ok(method) if !name.bytes().any(|byte| byte.is_ascii_lowercase()) => Ok(method),
        _ => Err(D::Error::custom(format!(
            "{name:?} is not a method: write it in capitals, as in \"GET\""
        ))),
    };
    names
        .into_iter()
        .map(method)
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Names and values of fields.
pub fn fields<'de, D>(from: D) -> Result<Vec<(HeaderName, HeaderValue)>, D::Error>
where
    D: Deserializer<'de>,
{
    let fields = BTreeMap::<String, String>::deserialize(from)?;
    let value = |text: String| {
        text.parse().map_err(|_| {
            D::Error::custom(format!(
                "{text:?} is not the value of a field: leave control characters out"
            ))
        })
    };
    fields
        .into_iter()
        .map(|(n, v)| Ok((field(&n)?, value(v)?)))
        .collect()
}

/// The name of a field.
pub fn name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<HeaderName>, D::Error> {
    field(&String::deserialize(from)?).map(Some)
}

fn field<E: Error>(text: &str) -> Result<HeaderName, E> {
    text.parse().map_err(|_| {
        E::custom(format!(
            "{text:?} is not the name of a field: write letters, digits and hyphens, as in \"x-key\""
        ))
    })
}
