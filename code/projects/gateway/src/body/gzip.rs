//! A body that is compressed frame by frame.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Frame;

use super::Error;

/// A body that is compressed frame by frame.
pub struct Gzip<B> {
    body: B,
    /// Gone with the last frame.
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl<B> Gzip<B> {
    /// Compresses this body.
    pub fn new(body: B) -> Gzip<B> {
        let encoder = Some(GzEncoder::new(Vec::new(), Compression::fast()));
        Gzip { body, encoder }
    }

    /// What there is to send after this frame. `None` is the end of the body.
    fn encode(
        &mut self,
        data: Option<Result<Bytes, Frame<Bytes>>>,
    ) -> std::io::Result<Option<Bytes>> {
        let Some(mut encoder) = self.encoder.take() else {
            return Ok(None);
        };
        let bytes = match data {
            None => encoder.finish()?,
            Some(Err(_trailers)) => {
                self.encoder = Some(encoder);
                return Ok(None);
            }
            Some(Ok(data)) => {
                encoder.write_all(&data)?;
                encoder.flush()?; // what the server has sent isn't held back
                let bytes = std::mem::take(encoder.get_mut());
                self.encoder = Some(encoder);
                bytes
            }
        };
        Ok((!bytes.is_empty()).then(|| bytes.into()))
    }
}

impl<B> hyper::body::Body for Gzip<B>
where
    B: hyper::body::Body<Data = Bytes, Error = Error> + Unpin,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        while self.encoder.is_some() {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()?;
            let data = frame.map(|frame| frame.into_data());
            if let Some(bytes) = self.encode(data)? {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
        }
        Poll::Ready(None)
    }
}
