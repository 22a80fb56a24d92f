//! Where a request goes, read once: what is matched and checked is what the server gets.

use hyper::header;
use hyper::http::uri::{Authority, PathAndQuery};
use hyper::{Request, Version};
use service::percent::plain;

use crate::head::Refusal;

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
    /// Reads the target of a request. Refuses no host or two, and a path that two readers could
    /// take for two. In HTTP/2, the authority is a host.
    pub fn read<B>(request: &Request<B>) -> Result<Target, Refusal> {
        let (uri, is_http2) = (request.uri(), request.version() == Version::HTTP_2);
        let mut hosts = request.headers().get_all(header::HOST).iter();
        let host = hosts.next().map(|host| host.to_str().unwrap_or_default());
        if hosts.next().is_some() {
            return refuse("two hosts");
        }
        let authority = match (uri.authority().map(Authority::as_str), host) {
            (Some(one), Some(other)) if !one.eq_ignore_ascii_case(other) => {
                return refuse("a host, and an authority that differs");
            }
            (_, Some(host)) => host,
            (Some(authority), None) if is_http2 => authority,
            (_, None) => return refuse("no host"),
        };
        if !is_host(authority) {
            return refuse("a bad host");
        }
        let query = uri.query().map(|query| format!("?{query}"));
        Ok(Target {
            host: name(authority),
            authority: authority.to_ascii_lowercase(),
            path: normal(uri.path())?,
            query: query.unwrap_or_default(),
        })
    }

    /// What the server is asked for, without a prefix of the path.
    pub fn forwarded(&self, strip: &str) -> Option<PathAndQuery> {
        let rest = self.path.strip_prefix(strip).unwrap_or(&self.path);
        let slash = if rest.starts_with('/') { "" } else { "/" };
        format!("{slash}{rest}{}", self.query).parse().ok()
    }
}

/// A name or an address, and a port perhaps.
pub fn is_host(host: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    !host.is_empty() && host.len() <= 255 && host.bytes().all(fine)
}

/// The name in `Shop.Example.:8080`, in small letters, without its last dot and its port.
pub fn name(authority: &str) -> String {
    let host = match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => &authority[..colon],
        _ => authority,
    };
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// Resolves dots and doubled slashes, and decodes what needs no code. A path that leads above its
/// root is refused, and an encoded slash or backslash: servers disagree about what it separates.
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
    if is_folder && !parts.is_empty() {
        parts.push(""); // ends with a slash
    }
    Ok(format!("/{}", parts.join("/")))
}

fn decode(path: &str) -> Result<String, Refusal> {
    if path.contains('\\') {
        return refuse("a backslash");
    }
    for code in path.split('%').skip(1) {
        match code.get(..2).map(|code| u8::from_str_radix(code, 16)) {
            Some(Ok(0..0x20 | 0x7f | b'/' | b'\\')) => {
                return refuse("an encoded slash or control");
            }
            Some(Ok(_)) => {}
            _ => return refuse("a percent sign without a code"),
        }
    }
    Ok(plain(path))
}
