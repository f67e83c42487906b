//! Catch-up: a guardian that was away asks another for the envelopes that are still of interest.
//!
//! The request is the one byte 1. The answer is the byte 1, then each envelope as its length (4 bytes, little-endian)
//! and its bytes, until the end of the stream. Both sides read with hard caps. An empty answer means that the peer
//! declined; the form of an answer is judged by [`parse_answer`], so that a bad one is data with a peer to blame.

use crate::Rejection;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::{StreamProtocol, request_response};
use std::io;

/// First byte of requests and answers.
const VERSION: u8 = 1;

/// Bytes before each envelope.
const PREFIX: usize = 4;

/// A request that was read and found well-formed. It says nothing but that it asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request;

/// The codec of both directions.
#[derive(Debug, Clone)]
pub(crate) struct Codec {
    /// Most bytes of an answer as it is on the wire.
    max_answer: usize,
}

impl Codec {
    /// For answers of at most `envelopes` envelopes and `bytes` bytes of them.
    pub(crate) fn new(envelopes: usize, bytes: usize) -> Codec {
        Codec { max_answer: 1usize.saturating_add(bytes).saturating_add(envelopes.saturating_mul(PREFIX)) }
    }
}

impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    type Request = Request;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Request>
    where
        T: AsyncRead + Unpin + Send,
    {
        match read_capped(io, 1).await?.as_slice() {
            [VERSION] => Ok(Request),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "not a catch-up request")),
        }
    }

    /// Reads one byte more than an answer may have, so that a longer one is told apart and not cut to fit.
    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read_capped(io, self.max_answer).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, _: Request) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&[VERSION]).await?;
        io.close().await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, answer: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&answer).await?;
        io.close().await
    }
}

/// Reads to the end, but never more than `cap` bytes and one.
async fn read_capped<T: AsyncRead + Unpin + Send>(io: &mut T, cap: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io.take(u64::try_from(cap).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Bounds of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerLimits {
    /// Most envelopes.
    pub(crate) envelopes: usize,
    /// Most bytes of all envelopes together.
    pub(crate) bytes: usize,
    /// Most bytes of one envelope.
    pub(crate) envelope: usize,
}

/// Writes as many of the envelopes, first to last, as the limits allow. Returns the answer and how many it holds.
pub(crate) fn write_answer(envelopes: &[Vec<u8>], limits: AnswerLimits) -> (Vec<u8>, usize) {
    let mut answer = vec![VERSION];
    let mut left = limits.bytes;
    let mut written = 0;
    for envelope in envelopes.iter().take(limits.envelopes) {
        let Ok(length) = u32::try_from(envelope.len()) else { break };
        if envelope.len() > left || envelope.len() > limits.envelope {
            break;
        }
        left -= envelope.len();
        answer.extend_from_slice(&length.to_le_bytes());
        answer.extend_from_slice(envelope);
        written += 1;
    }
    (answer, written)
}

/// Reads an answer strictly.
///
/// # Errors
/// [`Rejection::NoAnswer`] for an empty one, [`Rejection::TooLarge`] beyond the limits, [`Rejection::BadAnswer`] for
/// any other form.
pub(crate) fn parse_answer(bytes: &[u8], limits: AnswerLimits) -> Result<Vec<Vec<u8>>, Rejection> {
    let (version, mut rest) = bytes.split_first().ok_or(Rejection::NoAnswer)?;
    if *version != VERSION {
        return Err(Rejection::BadAnswer);
    }
    let mut envelopes = Vec::new();
    let mut left = limits.bytes;
    while !rest.is_empty() {
        let (length, tail) = rest.split_first_chunk::<PREFIX>().ok_or(Rejection::BadAnswer)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| Rejection::TooLarge)?;
        if envelopes.len() == limits.envelopes || length > limits.envelope || length > left {
            return Err(Rejection::TooLarge);
        }
        let (envelope, tail) = tail.split_at_checked(length).ok_or(Rejection::BadAnswer)?;
        envelopes.push(envelope.to_vec());
        left -= length;
        rest = tail;
    }
    Ok(envelopes)
}

#[cfg(test)]
mod tests;
