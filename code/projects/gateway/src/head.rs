//! Is this head readable in one way alone? If not, it's refused, with the status that says why.
//!
//! hyper reads leniently what RFC 9112 lets a server read leniently: with a length and a coding
//! it takes the coding and forgets the length. A reader before or behind us may take the other,
//! and what one of them takes for a body is a request to the other. So we look at the bytes
//! before hyper does.

use httparse::Status;

/// A head may be this long, with its empty line.
pub const LONGEST_HEAD: usize = 16 * 1024;

/// And its target.
pub const LONGEST_TARGET: usize = 8 * 1024;

/// And have so many fields: hyper takes as many if it isn't told.
pub const MOST_FIELDS: usize = 100;

/// The field by which a refused request is handed on. No client may send it.
pub const REFUSED: &str = "gateway-refused";

/// Why a request goes no further. The status is what the client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {why}")]
pub struct Refusal {
    /// An HTTP status, 400 to 505.
    pub status: u16,
    /// For the log, and for the person who tries.
    pub why: &'static str,
}

/// How a request's body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    Empty,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked,
}

/// What we have to know of a head that is fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Where it ends, and the next begins.
    pub framing: Framing,
    /// It asks for a WebSocket.
    pub switches: bool,
}

const fn refuse<T>(status: u16, why: &'static str) -> Result<T, Refusal> {
    Err(Refusal { status, why })
}

// ANCHOR: check
/// Checks a whole head, from its first byte to its empty line.
///
/// # Errors
///
/// The first thing by which two readers could come apart, or that is beyond a limit.
pub fn check(bytes: &[u8]) -> Result<Head, Refusal> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(bytes) {
        Ok(Status::Complete(_)) => {}
        Ok(Status::Partial) => return refuse(400, "an empty line that is none"),
        Err(httparse::Error::TooManyHeaders) => return refuse(431, "too many fields"),
        Err(httparse::Error::Version) if names_a_version(bytes) => {
            return refuse(505, "not HTTP/1.1");
        }
        Err(_) => return refuse(400, "not a request"),
    }
    let target = request.path.unwrap_or_default();
    if target.len() > LONGEST_TARGET {
        return refuse(414, "the target is too long");
    }
    let method = request.method.unwrap_or_default();
    if matches!(method, "CONNECT" | "TRACE") {
        return refuse(405, "this method isn't for gateways");
    }
    let fields = Fields::read(request.headers)?;
    fields.check_host(target)?;
    let framing = fields.framing(request.version == Some(1))?;
    let switches = fields.upgrade && fields.websocket && method == "GET";
    Ok(Head {
        framing,
        switches: switches && framing == Framing::Empty,
    })
}
// ANCHOR_END: check

/// Whether the first line is a method, a target and a version of HTTP, whichever.
fn names_a_version(bytes: &[u8]) -> bool {
    let line = bytes
        .split(|byte| *byte == b'\r')
        .next()
        .unwrap_or_default();
    let mut words = line.split(|byte| *byte == b' ').skip(2);
    words.next().is_some_and(|word| word.starts_with(b"HTTP/")) && words.next().is_none()
}

/// The fields that say where a request begins, ends and goes.
#[derive(Default)]
struct Fields<'a> {
    host: Option<&'a str>,
    length: Option<u64>,
    coding: Option<&'a [u8]>,
    upgrade: bool,
    websocket: bool,
}

impl<'a> Fields<'a> {
    fn read(fields: &[httparse::Header<'a>]) -> Result<Fields<'a>, Refusal> {
        let mut read = Fields::default();
        for field in fields {
            let (name, value) = (field.name, field.value);
            let is = |other: &str| name.eq_ignore_ascii_case(other);
            match name.len() {
                4 if is("host") => {
                    let host = std::str::from_utf8(value).ok().filter(|host| is_host(host));
                    if host.is_none() || read.host.is_some() {
                        return refuse(400, "a bad host, or two");
                    }
                    read.host = host;
                }
                14 if is("content-length") => {
                    if read.length.is_some() {
                        return refuse(400, "two lengths");
                    }
                    read.length = Some(length(value)?);
                }
                17 if is("transfer-encoding") => {
                    if read.coding.is_some() {
                        return refuse(400, "two codings");
                    }
                    read.coding = Some(value);
                }
                10 if is("connection") => read.upgrade |= lists(value, b"upgrade"),
                7 if is("upgrade") => read.websocket |= value.eq_ignore_ascii_case(b"websocket"),
                15 if is(REFUSED) => return refuse(400, "a field of ours"),
                _ => {}
            }
        }
        Ok(read)
    }

    fn framing(&self, is_http_1_1: bool) -> Result<Framing, Refusal> {
        match (self.coding, self.length) {
            (None, None | Some(0)) => Ok(Framing::Empty),
            (None, Some(length)) => Ok(Framing::Length(length)),
            (Some(_), Some(_)) => refuse(400, "a coding and a length"),
            (Some(_), None) if !is_http_1_1 => refuse(400, "a coding in HTTP/1.0"),
            (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
            (Some(_), None) => refuse(501, "a coding that isn't chunked"),
        }
    }

    fn check_host(&self, target: &str) -> Result<(), Refusal> {
        let Some(host) = self.host else {
            return refuse(400, "no host");
        };
        if target.starts_with('/') {
            return Ok(());
        }
        let authority = target
            .strip_prefix("http://")
            .or(target.strip_prefix("https://"));
        let authority = authority.and_then(|rest| rest.split(['/', '?']).next());
        match authority {
            Some(authority) if authority.eq_ignore_ascii_case(host) => Ok(()),
            _ => refuse(400, "a target that isn't for this host"),
        }
    }
}

/// Digits, and no more than a file of 8 exabytes.
fn length(value: &[u8]) -> Result<u64, Refusal> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(value).ok().filter(|_| digits);
    match number.and_then(|number| number.parse().ok()) {
        Some(length) if length <= i64::MAX as u64 => Ok(length),
        _ => refuse(400, "a length that is none"),
    }
}

/// A name or an address, and a port perhaps.
pub fn is_host(host: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    !host.is_empty() && host.len() <= 255 && host.bytes().all(fine)
}

/// Whether a list of words has this one.
fn lists(value: &[u8], word: &[u8]) -> bool {
    let mut words = value.split(|byte| *byte == b',');
    words.any(|one| one.trim_ascii().eq_ignore_ascii_case(word))
}
