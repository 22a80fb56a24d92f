//! Is this head readable in one way alone? If not, it's refused, with the status that says why.
//!
//! hyper reads leniently what RFC 9112 lets a server read leniently: with a length and a coding
//! it takes the coding and forgets the length. A reader before or behind us may take the other,
//! and what one of them takes for a body is a request to the other. So we look at the bytes
//! before hyper does.

use httparse::Status;

use crate::chunks::Chunks;
use crate::headers::elements_of;

/// A head may be this long, with its empty line.
pub const LONGEST_HEAD: usize = 16 * 1024;

/// And its target.
pub const LONGEST_TARGET: usize = 8 * 1024;

/// And have so many fields: hyper takes as many if it isn't told.
pub const MOST_FIELDS: usize = 100;

/// The field by which a refused request is handed on. No client may send it.
pub const REFUSED: &str = "gateway-refused";

/// Why a request goes no further. The status is what the client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// An HTTP status, 400 to 505.
    pub status: u16,
    /// For the log, and for the person who tries.
    pub why: &'static str,
}

/// What the next bytes of a client belong to.
#[derive(Debug)]
pub enum Next {
    /// HTTP/1 or 2: the first bytes will tell.
    Start,
    /// A head.
    Head,
    /// A body of which so many bytes are left.
    Length(u64),
    /// A body in chunks.
    Chunked(Chunks),
    /// A WebSocket, or another request.
    Undecided,
    /// Not HTTP/1.
    Other,
    /// Nothing: a head was refused.
    Nothing,
    /// Nothing: a body was broken.
    Broken,
}

const fn refuse<T>(status: u16, why: &'static str) -> Result<T, Refusal> {
    Err(Refusal { status, why })
}

/// Checks a whole head, from its first byte to its empty line, and says what follows. Refuses the first thing by which two
/// readers could come apart, or that is beyond a limit.
pub fn check(bytes: &[u8]) -> Result<Next, Refusal> {
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
    let switches = fields.upgrade && fields.websocket && method == "GET";
    match fields.next(request.version == Some(1))? {
        Next::Head if switches => Ok(Next::Undecided),
        next => Ok(next),
    }
}

/// Whether the first line is a method, a target and a version of HTTP, whichever.
fn names_a_version(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\r').next();
    let mut words = line.unwrap_or_default().split(|byte| *byte == b' ').skip(2);
    words.next().is_some_and(|word| word.starts_with(b"HTTP/")) && words.next().is_none()
}

/// The fields that say where a request ends.
#[derive(Default)]
struct Fields<'a> {
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
                10 if is("connection") => {
                    read.upgrade |=
                        elements_of(value).any(|it| it.eq_ignore_ascii_case(b"upgrade"));
                }
                7 if is("upgrade") => read.websocket |= value.eq_ignore_ascii_case(b"websocket"),
                15 if is(REFUSED) => return refuse(400, "a field of ours"),
                _ => {}
            }
        }
        Ok(read)
    }

    fn next(&self, is_http_1_1: bool) -> Result<Next, Refusal> {
        match (self.coding, self.length) {
            (None, None | Some(0)) => Ok(Next::Head),
            (None, Some(length)) => Ok(Next::Length(length)),
            (Some(_), Some(_)) => refuse(400, "a coding and a length"),
            (Some(_), None) if !is_http_1_1 => refuse(400, "a coding in HTTP/1.0"),
            (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => {
                Ok(Next::Chunked(Chunks::default()))
            }
            (Some(_), None) => refuse(501, "a coding that isn't chunked"),
        }
    }
}

/// Digits, and no more than a file of 8 exabytes.
fn length(value: &[u8]) -> Result<u64, Refusal> {
    let digits = value.iter().all(u8::is_ascii_digit); // no sign
    let number = std::str::from_utf8(value).unwrap_or_default().parse();
    match number {
        Ok(length) if digits && length <= i64::MAX as u64 => Ok(length),
        _ => refuse(400, "a length that is none"),
    }
}
