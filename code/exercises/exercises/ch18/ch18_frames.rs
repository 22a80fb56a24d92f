//! A format: one byte with the length, then as many bytes of text. `\x02hi` is "hi".
//!
//! Complete `decode`, which gets all bytes that have come and not been taken yet: it takes
//! a whole message, or leaves everything where it is and asks for more with `None`.
//! Messages of more than 100 bytes are refused.

use std::io::{self, ErrorKind};
use tokio_util::bytes::{Buf, BytesMut};
use tokio_util::codec::Decoder;

struct Messages;

impl Decoder for Messages {
    type Item = String;
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut BytesMut) -> io::Result<Option<String>> {
        // TODO: look at the length, and take nothing before all is there.
        todo!()
    }
}

fn main() {}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;
    use tokio::io::{AsyncWriteExt, duplex};
    use tokio_util::codec::FramedRead;

    /// Everything that a decoder finds when `input` comes in pieces of `size` bytes.
    fn decoded(input: &[u8], size: usize) -> io::Result<Vec<String>> {
        let (mut messages, mut bytes) = (Vec::new(), BytesMut::new());
        for piece in input.chunks(size) {
            bytes.extend_from_slice(piece);
            while let Some(message) = Messages.decode(&mut bytes)? {
                messages.push(message);
            }
        }
        Ok(messages)
    }

    // `tokio::test` runs an async function, here on a virtual clock, as a #[test]
    #[tokio::test(start_paused = true)]
    async fn through_a_pipe_of_three_bytes() {
        let (mut client, server) = duplex(3);
        tokio::spawn(async move { client.write_all(b"\x05hello\x00\x05world").await });
        let messages: Vec<String> = FramedRead::new(server, Messages)
            .try_collect()
            .await
            .expect("three messages");
        assert_eq!(messages, ["hello", "", "world"]);
    }

    #[test]
    fn in_every_split_the_messages_are_the_same() {
        let input = b"\x02hi\x00\x0bhello world";
        for size in 1..=input.len() {
            let messages = decoded(input, size).expect("three messages");
            assert_eq!(messages, ["hi", "", "hello world"], "in pieces of {size}");
        }
    }

    #[test]
    fn a_long_message_is_refused_by_its_first_byte() {
        let error = decoded(&[101], 1).expect_err("too long");
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(decoded(&[100], 1).expect("allowed"), [""; 0]);
    }

    #[test]
    fn bytes_that_are_no_text_are_an_error() {
        let error = decoded(&[1, 0xff], 2).expect_err("not UTF-8");
        assert_eq!(error.kind(), ErrorKind::InvalidData);
    }
}
