//! Follows a chunked body without taking it apart: where does it end, and is it well formed?

use crate::head::Refusal;

/// A line that says how long a chunk is, and a trailer, may be this long.
const LONGEST_LINE: usize = 1024;

/// How far we are in a chunked body.
#[derive(Debug, Default)]
pub struct Chunks {
    at: At,
    /// Bytes of the line that is being read.
    line: usize,
}

#[derive(Debug, Default, Clone, Copy)]
enum At {
    /// In a size, of which so many digits were read.
    #[default]
    Size0,
    Size(u64, u8),
    Extension(u64),
    SizeLf(u64),
    Data(u64),
    DataCr,
    DataLf,
    /// At the beginning of a trailer, or of the empty line that ends them.
    Trailer,
    InTrailer,
    TrailerLf,
    EndLf,
}

const BAD: Refusal = Refusal {
    status: 400,
    why: "a chunk that is none",
};

impl Chunks {
    /// Reads on, and returns how many of these bytes belong to the body, and whether it's over.
    ///
    /// # Errors
    ///
    /// If they aren't what RFC 9112, section 7.1 says, bare line feeds included.
    pub fn advance(&mut self, bytes: &[u8]) -> Result<(usize, bool), Refusal> {
        let mut read = 0;
        while let Some(&byte) = bytes.get(read) {
            if let At::Data(left) = self.at {
                let some = left.min((bytes.len() - read) as u64);
                read += some as usize;
                self.at = if some == left {
                    At::DataCr
                } else {
                    At::Data(left - some)
                };
                continue;
            }
            read += 1;
            self.line += 1;
            if self.line > LONGEST_LINE {
                return Err(BAD);
            }
            if matches!((self.at, byte), (At::EndLf, b'\n')) {
                return Ok((read, true));
            }
            self.at = self.at.step(byte).ok_or(BAD)?;
            if byte == b'\n' {
                self.line = 0;
            }
        }
        Ok((read, false))
    }
}

impl At {
    fn step(self, byte: u8) -> Option<At> {
        let digit = char::from(byte).to_digit(16).map(u64::from);
        let is_text = byte >= b' ' && byte != 0x7f || byte == b'\t';
        Some(match (self, byte) {
            (At::Size0, _) => At::Size(digit?, 1),
            (At::Size(size, _), b'\r') => At::SizeLf(size),
            (At::Size(size, _), b';') => At::Extension(size),
            (At::Size(size, digits @ ..15), _) => At::Size(size << 4 | digit?, digits + 1),
            (At::Extension(size), b'\r') => At::SizeLf(size),
            (At::Extension(_), _) if is_text => self,
            (At::SizeLf(0), b'\n') => At::Trailer,
            (At::SizeLf(size), b'\n') => At::Data(size),
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataLf, b'\n') => At::Size0,
            (At::Trailer, b'\r') => At::EndLf,
            (At::InTrailer, b'\r') => At::TrailerLf,
            (At::Trailer | At::InTrailer, _) if is_text => At::InTrailer,
            (At::TrailerLf, b'\n') => At::Trailer,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_body_ends_at_the_same_byte_however_it_is_cut(
            sizes in prop::collection::vec(1_usize..40, 0..6),
            cut in 1_usize..20,
        ) {
            let mut body = Vec::new();
            for size in sizes {
                body.extend(format!("{size:x};a=b\r\n").bytes());
                body.extend(std::iter::repeat_n(b'\n', size));
                body.extend(b"\r\n");
            }
            body.extend(b"0\r\nx-sum: 1\r\n\r\n");
            let whole = body.len();
            body.extend(b"GET / HTTP/1.1\r\n");

            let (mut chunks, mut at, mut over) = (Chunks::default(), 0, false);
            while !over {
                let until = body.len().min(at + cut);
                let (read, end) = chunks.advance(&body[at..until]).unwrap();
                (at, over) = (at + read, end);
            }
            prop_assert_eq!(at, whole);
        }
    }

    #[test]
    fn what_other_readers_take_in_another_way_is_refused() {
        for body in [
            "5\nhello",
            "0x5\r\n",
            " 5\r\n",
            "5 \r\n",
            "\r\n",
            "5\r\nhello0\r\n",
            "fffffffffffffffff\r\n",
            "-1\r\n",
            "5;a\nb\r\n",
        ] {
            assert!(
                Chunks::default().advance(body.as_bytes()).is_err(),
                "{body:?}"
            );
        }
    }
}
