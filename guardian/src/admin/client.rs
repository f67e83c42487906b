//! The other end of the socket: how a command of this program asks the running guardian.

use super::CONNECTION_TIME;
use super::auditor::AUDIT_TIME;
use super::protocol::{self, AdminRequest, Document};
use super::socket::Address;
use crate::Error;
use crate::audit::{Part, Question};
use crate::store::Piece;
use guardian_core::request::{Answer, Request};
use serde::de::DeserializeOwned;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::marker::PhantomData;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Most bytes of one answer; a forecast of 1,024 validators has about 350 KiB, and there are as many as emergencies.
const MAX_ANSWER: u64 = 64 << 20;

/// Longest wait for a piece of the answer: a little more than the guardian takes at most.
const TIMEOUT: Duration = CONNECTION_TIME.saturating_add(Duration::from_secs(5));

/// The same for what is read from the journal: the first word comes when all of it was verified.
const READING: Duration = AUDIT_TIME.saturating_add(Duration::from_secs(5));

/// Asks the guardian that listens at `socket`, in the name of `operator`.
///
/// # Errors
/// [`Error::NotRunning`] when nobody listens there; [`Error::Admin`] with what the guardian says instead of an answer,
/// and with what kept the two from understanding each other.
pub fn ask(socket: &Path, operator: &str, request: &Request) -> Result<Answer, Error> {
    let line = protocol::write(operator, &AdminRequest::Core(Box::new(request.clone())));
    let line = line.map_err(|problem| Error::Admin { problem })?;
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
        Err(problem) => Err(Error::Admin { problem: not_understood(&problem) }),
    }
}

/// What the journal of the guardian that listens at `socket` says to a question, asked in the name of `operator`.
///
/// # Errors
/// As [`ask`]; here and in the parts.
pub fn audit(socket: &Path, operator: &str, question: &Question) -> Result<Parts, Error> {
    Parts::ask(socket, operator, &AdminRequest::Audit(question.clone()))
}

/// All of that journal, as [`audit`].
///
/// # Errors
/// As [`ask`]; here and in the parts.
pub fn export(socket: &Path, operator: &str) -> Result<Parts, Error> {
    Parts::ask(socket, operator, &AdminRequest::Export)
}

/// All of that guardian's store, as [`audit`]. Another one of its kind is refused meanwhile.
///
/// # Errors
/// As [`ask`]; here and in the pieces.
pub fn backup(socket: &Path, operator: &str) -> Result<Parts<Piece>, Error> {
    Parts::ask(socket, operator, &AdminRequest::Backup)
}

/// Parts as they come. Ends with the first error, and with the connection: whether the answer is whole, they say.
#[derive(Debug)]
pub struct Parts<P = Part> {
    reader: BufReader<UnixStream>,
    ended: bool,
    part: PhantomData<P>,
}

impl<P: DeserializeOwned> Parts<P> {
    fn ask(socket: &Path, operator: &str, request: &AdminRequest) -> Result<Self, Error> {
        let line = protocol::write(operator, request).map_err(|problem| Error::Admin { problem })?;
        let mut stream = connect(socket)?;
        stream.set_read_timeout(Some(READING)).map_err(interrupted)?;
        stream.set_write_timeout(Some(TIMEOUT)).map_err(interrupted)?;
        // A guardian that refuses answers without having read all: its answer is what counts.
        let _ = stream.write_all(line.as_bytes()).and_then(|()| stream.shutdown(Shutdown::Write));
        Ok(Self { reader: BufReader::new(stream), ended: false, part: PhantomData })
    }

    fn part(&mut self) -> Result<Option<P>, Error> {
        let mut line = Vec::new();
        self.reader.by_ref().take(MAX_ANSWER).read_until(b'\n', &mut line).map_err(interrupted)?;
        if line.is_empty() {
            return Ok(None);
        }
        let problem = match serde_json::from_slice(&line) {
            Ok(part) => return Ok(Some(part)),
            Err(problem) => problem,
        };
        Err(Error::Admin {
            problem: match serde_json::from_slice(&line) {
                Ok(Document::Error(problem)) => problem,
                Ok(Document::Answer(_)) | Err(_) => not_understood(&problem),
            },
        })
    }
}

impl<P: DeserializeOwned> Iterator for Parts<P> {
    type Item = Result<P, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.part().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

fn interrupted(source: io::Error) -> Error {
    Error::Admin { problem: format!("the connection to the guardian broke ({source}); ask again") }
}

fn not_understood(problem: &serde_json::Error) -> String {
    format!("the guardian's answer cannot be understood ({problem}); is it of this version?")
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
