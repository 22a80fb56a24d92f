//! Wrong: it takes the length at once, and has forgotten it when the rest comes.

use std::io::{self, ErrorKind};
use tokio_util::bytes::{Buf, BytesMut};
use tokio_util::codec::Decoder;

struct Messages;

impl Decoder for Messages {
    type Item = String;
    type Error = io::Error;

    /// Takes the length at once, and forgets it if the rest isn't there.
    fn decode(&mut self, bytes: &mut BytesMut) -> io::Result<Option<String>> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let length = bytes.get_u8();
        if length > 100 {
            return Err(ErrorKind::InvalidData.into());
        }
        if bytes.len() < usize::from(length) {
            return Ok(None);
        }
        let message = bytes.split_to(length.into());
        let text = String::from_utf8(message.to_vec());
        text.map(Some).map_err(|_| ErrorKind::InvalidData.into())
    }
}

fn main() {}
