//! The ceremony channel: one guardian asks another, and gets an answer. What is asked and answered is the caller's.
//!
//! The protocol is bound to no network: ceremonies lead from one guardian set to the next, so members of both speak it.
//! On the wire a request and an answer have the same form: the length (4 bytes, little-endian) and as many bytes. An
//! answer of length zero declines. Both sides read with hard caps. The length tells a whole message from one that was
//! cut: a stream that is reset, as all are when a connection ends, reads like one that was closed, and nobody is to
//! blame for that. The form is judged by [`Frame::parse`], so that a bad one is data with a peer to blame.

use crate::Rejection;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::{StreamProtocol, request_response};
use std::cmp::Ordering;
use std::{fmt, io};

/// Name of the protocol, the same in every network.
pub(crate) const PROTOCOL: StreamProtocol = StreamProtocol::new("/guardian/ceremony/1");

/// Streams of one connection, both directions.
pub(crate) const STREAMS: usize = 4;

/// Requests to one peer on their way at a time: half of the streams, so that the other half is left for the peer's own.
pub(crate) const ON_THE_WAY: usize = STREAMS / 2;

/// Bytes before the payload.
const PREFIX: usize = 4;

/// A request or an answer as it is on the wire. It may hold ciphertext of secrets, so nothing prints it.
pub(crate) struct Frame(Vec<u8>);

impl Frame {
    /// Frames a payload; one that is too large for the prefix is far beyond every limit, and becomes a decline.
    pub(crate) fn of(payload: &[u8]) -> Frame {
        let Ok(length) = u32::try_from(payload.len()) else { return Frame::of(&[]) };
        let mut bytes = Vec::with_capacity(payload.len().saturating_add(PREFIX));
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(payload);
        Frame(bytes)
    }

    /// Takes a frame apart strictly; the payload has at most `limit` bytes.
    ///
    /// # Errors
    /// [`Rejection::NoAnswer`] for a frame that was cut, [`Rejection::TooLarge`] beyond the limit,
    /// [`Rejection::TrailingBytes`] for what follows the payload.
    pub(crate) fn parse(self, limit: usize) -> Result<Vec<u8>, Rejection> {
        let Frame(mut bytes) = self;
        let (length, payload) = bytes.split_first_chunk::<PREFIX>().ok_or(Rejection::NoAnswer)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| Rejection::TooLarge)?;
        if length > limit || payload.len() > limit {
            return Err(Rejection::TooLarge);
        }
        match payload.len().cmp(&length) {
            Ordering::Less => return Err(Rejection::NoAnswer),
            Ordering::Equal => {}
            Ordering::Greater => return Err(Rejection::TrailingBytes),
        }
        bytes.drain(..PREFIX);
        Ok(bytes)
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({} bytes)", self.0.len())
    }
}

/// The codec of both directions.
#[derive(Debug, Clone)]
pub(crate) struct Codec {
    max_request: usize,
    max_answer: usize,
}

impl Codec {
    /// For payloads of at most so many bytes.
    pub(crate) fn new(max_request: usize, max_answer: usize) -> Codec {
        Codec { max_request, max_answer }
    }
}

impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    type Request = Frame;
    type Response = Frame;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Frame>
    where
        T: AsyncRead + Unpin + Send,
    {
        read_capped(io, self.max_request).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Frame>
    where
        T: AsyncRead + Unpin + Send,
    {
        read_capped(io, self.max_answer).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, frame: Frame) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&frame.0).await?;
        io.close().await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, frame: Frame) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&frame.0).await?;
        io.close().await
    }
}

/// Reads to the end, but of a payload never more than `limit` bytes and one, which tells that it was larger.
async fn read_capped<T: AsyncRead + Unpin + Send>(io: &mut T, limit: usize) -> io::Result<Frame> {
    let mut bytes = Vec::new();
    let cap = limit.saturating_add(PREFIX).saturating_add(1);
    io.take(u64::try_from(cap).unwrap_or(u64::MAX)).read_to_end(&mut bytes).await?;
    Ok(Frame(bytes))
}

#[cfg(test)]
mod tests;
