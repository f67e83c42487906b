//! The other end of the socket: how a command of this program asks the running guardian.

use super::CONNECTION_TIME;
use super::protocol::{self, Document};
use super::socket::Address;
use crate::Error;
use guardian_core::request::{Answer, Request};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Most bytes of one answer; a forecast of 1,024 validators has about 350 KiB, and there are as many as emergencies.
const MAX_ANSWER: u64 = 64 << 20;

/// Longest wait for a part of the answer: a little more than the guardian takes at most.
const TIMEOUT: Duration = CONNECTION_TIME.saturating_add(Duration::from_secs(5));

/// Asks the guardian that listens at `socket`, in the name of `operator`.
///
/// # Errors
/// [`Error::NotRunning`] when nobody listens there; [`Error::Admin`] with what the guardian says instead of an answer,
/// and with what kept the two from understanding each other.
pub fn ask(socket: &Path, operator: &str, request: &Request) -> Result<Answer, Error> {
    let line = protocol::write(operator, request).map_err(|problem| Error::Admin { problem })?;
    let mut stream = connect(socket)?;
    let broken = |source: io::Error| Error::Admin {
        problem: format!(
            "the connection to the guardian broke ({source}). The request may have been carried out; look with \
             `guardian proposals` before you ask again"
        ),
    };
    stream.set_read_timeout(Some(TIMEOUT)).map_err(broken)?;
    stream.set_write_timeout(Some(TIMEOUT)).map_err(broken)?;
    // A guardian that refuses answers without having read all: its answer is what counts.
    let sent = stream.write_all(line.as_bytes()).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut document = Vec::new();
    let received = stream.take(MAX_ANSWER).read_to_end(&mut document);
    if document.is_empty() {
        let source = sent.err().or(received.err());
        return Err(broken(source.unwrap_or(io::ErrorKind::UnexpectedEof.into())));
    }
    match serde_json::from_slice(&document) {
        Ok(Document::Answer(answer)) => Ok(*answer),
        Ok(Document::Error(problem)) => Err(Error::Admin { problem }),
        Err(problem) => Err(Error::Admin {
            problem: format!(
                "the guardian's answer cannot be understood ({problem}); is it of this version?"
            ),
        }),
    }
}

fn connect(socket: &Path) -> Result<UnixStream, Error> {
    match Address::of(socket).and_then(|address| UnixStream::connect(&address.path)) {
        Ok(stream) => Ok(stream),
        Err(source) if source.kind() == io::ErrorKind::PermissionDenied => Err(Error::Admin {
            problem: format!(
                "{} belongs to another user: run this as the user that runs the guardian, or as root",
                socket.display()
            ),
        }),
        Err(source) => Err(Error::NotRunning { path: socket.into(), source }),
    }
}
