//! `Steady`: a connection that ends when its reader takes nothing for too long, or takes too little.
//!
//! # Design decisions
//! - Patience is spent while a write waits, and earned back by what the reader takes. So a reader that takes a byte now and
//!   then does not hold an answer for hours, and one that has nothing to take spends nothing.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Wraps a stream. A timer exists only while a write waits.
#[derive(Debug)]
pub(super) struct Steady<S> {
    stream: S,
    /// Most patience there ever is.
    patience: Duration,
    /// What is left of it.
    left: Duration,
    /// Bytes that earn a second.
    slowest: u64,
    waiting: Option<Wait>,
}

/// A write that waits.
#[derive(Debug)]
struct Wait {
    since: Instant,
    end: Pin<Box<Sleep>>,
}

impl<S> Steady<S> {
    /// Of a stream whose writes may wait for `patience`, and for a second more with every `slowest` bytes that are taken.
    pub(super) fn new(stream: S, patience: Duration, slowest: u64) -> Self {
        Self { stream, patience, left: patience, slowest: slowest.max(1), waiting: None }
    }

    fn judge_write(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let written = self.judge(context, written);
        if let Poll::Ready(Ok(bytes)) = &written {
            let micros = u64::try_from(*bytes).unwrap_or(u64::MAX).saturating_mul(1_000_000) / self.slowest;
            self.left = self.left.saturating_add(Duration::from_micros(micros)).min(self.patience);
        }
        written
    }

    fn judge<T>(&mut self, context: &mut Context<'_>, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if done.is_ready() {
            if let Some(wait) = self.waiting.take() {
                self.left = self.left.saturating_sub(wait.since.elapsed());
            }
            return done;
        }
        let left = self.left;
        let wait =
            self.waiting.get_or_insert_with(|| Wait { since: Instant::now(), end: Box::pin(sleep(left)) });
        match wait.end.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Steady<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Steady<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge_write(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judge_write(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.judge(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
