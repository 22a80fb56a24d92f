//! Words of the file that mean more than their letters, and what holds if they're left out. One
//! that can't be read is a fault: what is left out of a route's conditions would let all in.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

pub fn number<T: From<u16>, const N: u16>() -> T {
    N.into()
}

pub fn half() -> f64 {
    0.5
}

pub fn mebibyte() -> usize {
    1 << 20
}

pub fn seconds<const N: u64>() -> Duration {
    Duration::from_secs(N)
}

pub fn some_duration<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    duration(from).map(Some)
}

/// "250ms", "10s" or "2m".
pub fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => 0,
    };
    let number = text[..text.len() - unit.len()].parse::<u32>();
    match number.map(|number| u64::from(number) * millis) {
        Ok(millis @ 1..=86_400_000) => Ok(Duration::from_millis(millis)),
        _ => not(
            &text,
            "a time: write \"250ms\", \"10s\" or \"2m\", above 0 to a day",
        ),
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
        _ => not(&name, "a method: write it in capitals, as in \"GET\""),
    };
    let methods = names.into_iter().map(method);
    methods.collect::<Result<_, _>>().map(Some)
}

/// Names and values of fields.
pub fn fields<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Vec<(HeaderName, HeaderValue)>, D::Error> {
    let fields = BTreeMap::<String, String>::deserialize(from)?.into_iter();
    let value = |text: String| match text.parse() {
        Ok(value) => Ok(value),
        Err(_) => not(&text, "the value of a field: leave control characters out"),
    };
    fields.map(|(n, v)| Ok((field(&n)?, value(v)?))).collect()
}

/// Names of fields.
pub fn names<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<HeaderName>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    names.iter().map(|name| field(name)).collect()
}

/// The name of a field.
pub fn name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<HeaderName>, D::Error> {
    field(&String::deserialize(from)?).map(Some)
}

fn field<E: Error>(text: &str) -> Result<HeaderName, E> {
    text.parse().or_else(|_| {
        let name = "the name of a field: write letters, digits and hyphens, as in \"x-key\"";
        not(text, name)
    })
}

fn not<T, E: Error>(text: &str, wanted: &str) -> Result<T, E> {
    Err(E::custom(format!("{text:?} is not {wanted}")))
}
