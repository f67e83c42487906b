//! The events stream: hints that it is worth looking now. Everything works without it, only later.
//!
//! Source: Beacon API `/eth/v1/events`. Some nodes send not even headers before the first event, so there is no
//! timeout on them; a stream silent for too long is opened anew.

use crate::api::HeadEvent;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crypto::exit::{SignedVoluntaryExit, VoluntaryExit};
use crypto::spec::Slot;
use eventsource_stream::{Event, EventStreamError, Eventsource};
use futures::StreamExt;
use std::time::Duration;
use tokio::sync::mpsc;

const PATH: &str = "eth/v1/events";
/// Most bytes of one event. The parser keeps what it has of an unfinished one, so this bounds its memory.
const EVENT: usize = 256 << 10;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Something a node called out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hint {
    /// A new head.
    Head(Slot),
    /// A new finalized checkpoint.
    Finalized,
    /// An exit entered its pool.
    Exit(VoluntaryExit),
}

/// Listens to one node for as long as anyone listens to us. `position` stamps the hints; `silence` is how long a
/// stream may say nothing.
pub(crate) async fn listen(
    endpoint: Endpoint,
    position: usize,
    silence: Duration,
    hints: mpsc::Sender<(usize, Hint)>,
) {
    let mut pause = FIRST_PAUSE;
    while !hints.is_closed() {
        match follow(&endpoint, position, silence, &hints, &mut pause).await {
            Ok(()) => tracing::debug!(node = endpoint.name(), "event stream ended"),
            Err(error) => tracing::debug!(node = endpoint.name(), %error, "event stream failed"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE);
    }
}

async fn follow(
    endpoint: &Endpoint,
    position: usize,
    silence: Duration,
    hints: &mpsc::Sender<(usize, Hint)>,
    pause: &mut Duration,
) -> Result<(), Error> {
    let topics = ["head", "finalized_checkpoint", "voluntary_exit"].map(|topic| ("topics", topic.to_owned()));
    let quiet = |_| Error::Unreachable {
        node: endpoint.name().to_owned(),
        endpoint: PATH.to_owned(),
        problem: format!("no event for {} s", silence.as_secs()),
    };
    let response = tokio::time::timeout(silence, endpoint.stream(PATH, &topics)).await.map_err(quiet)??;
    let mut unfinished = Unfinished::default();
    let bytes = response.bytes_stream().map(|chunk| {
        let chunk = chunk.map_err(|e| endpoint.unreachable(PATH, e))?;
        if unfinished.add(&chunk) > EVENT {
            return Err(endpoint.malformed(PATH, format!("an event is larger than {EVENT} bytes")));
        }
        Ok(chunk)
    });
    let mut events = std::pin::pin!(bytes.eventsource());
    while let Some(event) = tokio::time::timeout(silence, events.next()).await.map_err(quiet)? {
        let event = event.map_err(|e| match e {
            EventStreamError::Transport(error) => error,
            EventStreamError::Utf8(_) | EventStreamError::Parser(_) => {
                endpoint.malformed(PATH, "no event stream")
            }
        })?;
        *pause = FIRST_PAUSE;
        let Some(hint) = hint(&event) else { continue };
        if hints.send((position, hint)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// Bytes since the last blank line, which ends an event.
#[derive(Default)]
struct Unfinished {
    bytes: usize,
    after_newline: bool,
}

impl Unfinished {
    fn add(&mut self, chunk: &[u8]) -> usize {
        for &byte in chunk {
            self.bytes += 1;
            match byte {
                b'\n' if self.after_newline => self.bytes = 0,
                b'\n' => self.after_newline = true,
                b'\r' => {}
                _ => self.after_newline = false,
            }
        }
        self.bytes
    }
}

fn hint(event: &Event) -> Option<Hint> {
    match event.event.as_str() {
        "head" => serde_json::from_str::<HeadEvent>(&event.data).ok().map(|head| Hint::Head(head.slot())),
        "finalized_checkpoint" => Some(Hint::Finalized),
        "voluntary_exit" => {
            serde_json::from_str::<SignedVoluntaryExit>(&event.data).ok().map(|exit| Hint::Exit(exit.message))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
