//! Follows a chunked body without taking it apart: where does it end, and is it well formed?

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

impl Chunks {
    /// Reads on, and returns how many of these bytes belong to the body, and whether it's over.
    /// `None`: they aren't what RFC 9112, section 7.1, says, bare line feeds included.
    pub fn advance(&mut self, bytes: &[u8]) -> Option<(usize, bool)> {
        let mut read = 0;
        while let Some(&byte) = bytes.get(read) {
            if let At::Data(left) = self.at {
                let some = left.min((bytes.len() - read) as u64);
                read += some as usize;
                self.at = match left - some {
                    0 => At::DataCr,
                    left => At::Data(left),
                };
                continue;
            }
            read += 1;
            self.line += 1;
            if self.line > LONGEST_LINE {
                return None;
            }
            if matches!((self.at, byte), (At::EndLf, b'\n')) {
                return Some((read, true));
            }
            self.at = self.at.step(byte)?;
            if byte == b'\n' {
                self.line = 0;
            }
        }
        Some((read, false))
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
