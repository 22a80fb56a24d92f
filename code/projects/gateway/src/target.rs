//! Where a request goes, read once: what is matched and checked is what the server gets.

use hyper::header::{self, HeaderMap};
use hyper::http::uri::{Authority, PathAndQuery, Uri};

use crate::head::{Refusal, is_host};

/// A host and a path, in the one form in which they're compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Small letters, without a port.
    pub host: String,
    /// As the client wrote it: for `Host`, and the cache's key.
    pub authority: String,
    /// Without dots to resolve, and with nothing encoded that needn't be.
    pub path: String,
    /// With its question mark, or empty.
    pub query: String,
}

const fn refuse<T>(why: &'static str) -> Result<T, Refusal> {
    Err(Refusal { status: 400, why })
}

impl Target {
    /// Reads the target of a request.
    ///
    /// # Errors
    ///
    /// If there's no host or two, or a path that two readers could take for two.
    pub fn read(uri: &Uri, headers: &HeaderMap) -> Result<Target, Refusal> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().map(|host| host.to_str().unwrap_or_default());
        if hosts.next().is_some() {
            return refuse("two hosts");
        }
        let authority = match (uri.authority().map(Authority::as_str), host) {
            (None, None) => return refuse("no host"),
            (Some(one), Some(other)) if !one.eq_ignore_ascii_case(other) => {
                return refuse("a host, and an authority that differs");
            }
            (Some(one), _) | (None, Some(one)) => one,
        };
        if !is_host(authority) {
            return refuse("a bad host");
        }
        Ok(Target {
            host: name(authority),
            authority: authority.to_ascii_lowercase(),
            path: normal(uri.path())?,
            query: uri
                .query()
                .map(|query| format!("?{query}"))
                .unwrap_or_default(),
        })
    }

    /// What the server is asked for, without a prefix of the path.
    pub fn forwarded(&self, strip: &str) -> Option<PathAndQuery> {
        let rest = self.path.strip_prefix(strip).unwrap_or(&self.path);
        let slash = if rest.starts_with('/') { "" } else { "/" };
        format!("{slash}{rest}{}", self.query).parse().ok()
    }
}

/// The name in `Shop.Example.:8080`, in small letters, without its last dot and its port.
pub fn name(authority: &str) -> String {
    let host = match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => &authority[..colon],
        _ => authority,
    };
    host.trim_end_matches('.').to_ascii_lowercase()
}

// ANCHOR: normal
/// Resolves dots and doubled slashes, and decodes what needs no code. An encoded slash or
/// backslash is refused: servers disagree about what it separates.
///
/// # Errors
///
/// If the path leads above its root, or holds what could be read in two ways.
pub fn normal(path: &str) -> Result<String, Refusal> {
    if !path.starts_with('/') {
        return refuse("a target that isn't a path");
    }
    let decoded = decode(path)?;
    let mut parts: Vec<&str> = Vec::new();
    let mut is_folder = false;
    for part in decoded.split('/') {
        is_folder = matches!(part, "" | "." | "..");
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => return refuse("a path above its root"),
            ".." => {}
            part => parts.push(part),
        }
    }
    let end = if is_folder && !parts.is_empty() {
        "/"
    } else {
        ""
    };
    Ok(format!("/{}{end}", parts.join("/")))
}
// ANCHOR_END: normal

/// Decodes letters, digits and `-._~`, and writes other codes in capitals.
fn decode(path: &str) -> Result<String, Refusal> {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path.chars();
    while let Some(letter) = rest.next() {
        if letter == '\\' {
            return refuse("a backslash");
        }
        if letter != '%' {
            decoded.push(letter);
            continue;
        }
        let code = rest
            .as_str()
            .get(..2)
            .filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(byte) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) else {
            return refuse("a percent sign without a code");
        };
        rest.nth(1);
        match byte {
            0..0x20 | 0x7f | b'/' | b'\\' => return refuse("an encoded slash or control"),
            b'-' | b'.' | b'_' | b'~' => decoded.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => decoded.push(char::from(byte)),
            _ => decoded.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(decoded)
}
