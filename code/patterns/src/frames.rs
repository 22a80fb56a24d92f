//! Messages of bytes over a stream of bytes: a length in four bytes, then the message.
//!
//! A stream has no messages, only bytes in their order, and a read returns as many of them as
//! have come. [`Frames`] finds the messages again, wherever the stream was cut. It is the
//! `LengthDelimitedCodec` of tokio-util in small, with the one option that no server may leave
//! out: how long a frame may be.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::io;
use tokio_util::codec::{Decoder, Encoder};

/// The bytes of a length, in network order.
const HEAD: usize = size_of::<u32>();

/// Frames of at most `max` bytes, without the four of their length.
///
/// It keeps nothing between two calls: what has come of a frame waits in the buffer of the
/// `Framed`, so a `next` that is dropped loses no byte.
#[derive(Clone, Copy, Debug)]
pub struct Frames {
    /// The longest message.
    pub max: usize,
}

/// Close the connection: where the next frame would begin is not known.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The peer, or our own caller, asks for too much.
    #[error("a frame of {length} bytes where at most {max} are allowed")]
    TooLong {
        /// What the four bytes said, or the message to be sent has.
        length: usize,
        /// What [`Frames::max`] allows.
        max: usize,
    },
    /// The stream broke, or ended inside a frame.
    #[error(transparent)]
    Io(#[from] io::Error),
}

// ANCHOR: decoder
impl Decoder for Frames {
    type Item = Bytes;
    type Error = FrameError;

    /// `None` asks for more bytes, and takes none.
    fn decode(&mut self, bytes: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        let Some(head) = bytes.first_chunk::<HEAD>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*head) as usize;
        self.check(length)?; // Before anything is reserved for it.
        if bytes.len() < HEAD + length {
            bytes.reserve(HEAD + length - bytes.len());
            return Ok(None);
        }
        bytes.advance(HEAD);
        Ok(Some(bytes.split_to(length).freeze()))
    }
}
// ANCHOR_END: decoder

// ANCHOR: encoder
impl Encoder<Bytes> for Frames {
    type Error = FrameError;

    fn encode(&mut self, frame: Bytes, bytes: &mut BytesMut) -> Result<(), FrameError> {
        self.check(frame.len())?;
        let length = u32::try_from(frame.len()).map_err(io::Error::other)?;
        bytes.reserve(HEAD + frame.len());
        bytes.put_u32(length);
        bytes.put(frame);
        Ok(())
    }
}
// ANCHOR_END: encoder

impl Frames {
    fn check(&self, length: usize) -> Result<(), FrameError> {
        let max = self.max;
        if length > max {
            return Err(FrameError::TooLong { length, max });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{SinkExt, TryStreamExt};
    use proptest::prelude::*;
    use tokio::io::{AsyncWriteExt, duplex};
    use tokio_util::codec::{FramedRead, FramedWrite};

    const FRAMES: Frames = Frames { max: 64 };

    /// The messages as they travel.
    fn encoded(messages: &[Vec<u8>]) -> BytesMut {
        let mut bytes = BytesMut::new();
        for message in messages {
            let message = Bytes::from(message.clone());
            FRAMES.clone().encode(message, &mut bytes).expect("short");
        }
        bytes
    }

    /// What a decoder finds that gets `chunks` one after the other.
    fn decoded<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
        let (mut found, mut bytes) = (Vec::new(), BytesMut::new());
        for chunk in chunks {
            bytes.extend_from_slice(chunk);
            while let Some(frame) = FRAMES.clone().decode(&mut bytes).expect("short") {
                found.push(frame.to_vec());
            }
        }
        assert!(bytes.is_empty(), "half a frame is left");
        found
    }

    // ANCHOR: tests
    #[test]
    fn a_decoder_that_is_fed_byte_by_byte_finds_the_frames() {
        let messages = [b"SET name Ann".to_vec(), Vec::new(), b"GET".to_vec()];
        assert_eq!(decoded(encoded(&messages).chunks(1)), messages);
    }

    proptest! {
        /// A reader over a pipe of `room` bytes gets the stream in pieces of that size at most.
        #[test]
        fn in_every_split_the_frames_are_the_same(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..=64), 0..6),
            cuts in prop::collection::vec(1_usize..20, 1..400),
            room in 1_usize..80,
        ) {
            let bytes = encoded(&messages);
            let mut rest = &bytes[..];
            let chunks = cuts.iter().cycle().map_while(|cut| {
                let (chunk, after) = rest.split_at_checked(*cut).unwrap_or((rest, &[]));
                rest = after;
                (!chunk.is_empty()).then_some(chunk)
            });
            prop_assert_eq!(decoded(chunks), &messages[..]);
            prop_assert_eq!(through_a_pipe(&messages, room), messages);
        }
    }
    // ANCHOR_END: tests

    #[tokio::main(flavor = "current_thread")]
    async fn through_a_pipe(messages: &[Vec<u8>], room: usize) -> Vec<Vec<u8>> {
        let (client, server) = duplex(room);
        let mut sink = FramedWrite::new(client, FRAMES);
        let send = async move {
            for message in messages {
                sink.send(Bytes::from(message.clone())).await?;
            }
            Ok::<_, FrameError>(())
        };
        let frames = FramedRead::new(server, FRAMES);
        let receive = frames.map_ok(|frame| frame.to_vec()).try_collect();
        let ((), received) = tokio::try_join!(send, receive).expect("short");
        received
    }

    #[test]
    fn a_length_beyond_the_limit_is_an_error_before_memory_is_reserved() {
        let mut bytes = BytesMut::from(&u32::MAX.to_be_bytes()[..]);
        let error = FRAMES.clone().decode(&mut bytes).expect_err("4 GiB");
        assert!(matches!(error, FrameError::TooLong { max: 64, .. }));
        assert!(bytes.capacity() < 1_024);
        let long = Bytes::from(vec![0; 65]);
        FRAMES.clone().encode(long, &mut bytes).expect_err("65");
    }

    #[tokio::test]
    async fn a_stream_that_ends_inside_a_frame_is_an_error() {
        let (mut client, server) = duplex(64);
        client.write_all(&[0, 0, 0, 9, b'h']).await.expect("room");
        drop(client);
        let frames: Result<Vec<Bytes>, _> = FramedRead::new(server, FRAMES).try_collect().await;
        assert!(matches!(frames, Err(FrameError::Io(_))));
    }
}
