//! The admin socket: how this guardian's operator asks the running guardian, from this machine only.
//!
//! A Unix socket, mode 0600, and the kernel's word about who is at the other end: our own user and root are served,
//! nobody else. One request a connection, see [`protocol`]. [`MAX_CONNECTIONS`] are served at once, the next wait in the
//! listener's backlog; each lives for [`CONNECTION_TIME`] at most. What the request means is the core's business: it
//! travels through the inbox like everything else that happens, and its answer comes back as a command. Only what is asked
//! of the journal goes past the core: see `auditor`.
//!
//! # Design decisions
//! - No port, no token: whoever can become our user could read the keys as well.
//! - A request that was handed to the core cannot be taken back: when its answer is late, the operator is told that it
//!   may still be carried out.

mod auditor;
mod client;
pub mod protocol;
mod socket;

pub use client::{Parts, ask, audit, backup, export};
pub use socket::Socket;

use crate::Store;
use crate::node::{Arrival, Reply};
use auditor::{AUDIT_TIME, Auditor, Inquiry};
use guardian_core::Event;
use guardian_core::request::{Answer, AskId, OperatorName, Request};
use protocol::{AdminRequest, MAX_LINE, error_document};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tracing::{debug, info, warn};

/// Connections served at once.
pub const MAX_CONNECTIONS: usize = 8;

/// Longest life of one connection; of one that reads the journal, the longest time for one piece of it.
pub const CONNECTION_TIME: Duration = Duration::from_secs(30);

/// Longest times of a connection's parts; together less than [`CONNECTION_TIME`], so that whoever waits is told why.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// Until the request has arrived.
    request: Duration,
    /// Until the core has answered.
    answer: Duration,
    /// Until one piece of a long answer is taken.
    piece: Duration,
}

const PATIENCE: Patience =
    Patience { request: Duration::from_secs(5), answer: Duration::from_secs(20), piece: CONNECTION_TIME };

/// Where requests go, and how they are told apart.
#[derive(Clone)]
struct Desk {
    inbox: mpsc::Sender<Arrival>,
    auditor: Auditor,
    next: Arc<AtomicU64>,
    patience: Patience,
    /// Our own user.
    uid: u32,
}

/// Serves the operator until nobody wants requests any more; the socket is removed then, and the journal let go. `store`
/// holds the journal.
pub async fn serve(socket: Socket, store: Weak<Store>, inbox: mpsc::Sender<Arrival>) {
    serve_with(socket, store, inbox, PATIENCE).await;
}

async fn serve_with(socket: Socket, store: Weak<Store>, inbox: mpsc::Sender<Arrival>, patience: Patience) {
    let uid = socket.owner();
    let desk = Desk { inbox, auditor: Auditor::new(store), next: Arc::new(AtomicU64::new(1)), patience, uid };
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let next = async {
            // The semaphore is never closed; the permit goes with the connection.
            let permit = Arc::clone(&places).acquire_owned().await;
            (permit, socket.accept().await)
        };
        tokio::select! {
            (permit, accepted) = next => match accepted {
                Ok(stream) => {
                    let desk = desk.clone();
                    tokio::spawn(async move {
                        let _permit = permit;
                        desk.serve(stream).await;
                    });
                }
                Err(problem) => {
                    // Out of file descriptors, or the client left: neither ends the server.
                    debug!(%problem, "admin connection not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            () = desk.inbox.closed() => break,
        }
    }
    drop(socket);
    desk.auditor.finish().await;
}

/// What is logged of an audit.
const AUDITED: &str = "the journal is read for the operator";

/// What a request leads to.
enum Said {
    Answer(Box<Answer>),
    /// The lines of an audit, as they come.
    Pieces(mpsc::Receiver<String>),
}

/// Whether a user may ask: we ourselves, and root, who could read our keys anyway.
fn is_served(uid: u32, own: u32) -> bool {
    uid == own || uid == 0
}

impl Desk {
    /// One connection: one line in, one document or the lines of an audit out. A client that is slow or gone concerns
    /// nobody but itself.
    async fn serve(&self, mut stream: UnixStream) {
        let asked = tokio::time::timeout(CONNECTION_TIME, self.receive(&mut stream)).await;
        if let Ok(Some(pieces)) = asked {
            let audit = self.hand_over(pieces, &mut stream);
            tokio::select! {
                _ = tokio::time::timeout(AUDIT_TIME, audit) => {}
                () = self.inbox.closed() => {}
            }
        }
    }

    /// Serves a request, but for the pieces of an audit that begins.
    async fn receive(&self, stream: &mut UnixStream) -> Option<mpsc::Receiver<String>> {
        let uid = match stream.peer_cred() {
            Ok(credentials) => credentials.uid(),
            Err(problem) => {
                warn!(code = "admin_refused", %problem, "admin connection refused: the system does not say whose it is");
                return None;
            }
        };
        let document = if is_served(uid, self.uid) {
            match self.request(stream, uid).await {
                Ok(Said::Answer(answer)) => protocol::answer_document(&answer),
                Ok(Said::Pieces(pieces)) => return Some(pieces),
                Err(problem) => error_document(&problem),
            }
        } else {
            warn!(code = "admin_refused", uid, "admin connection refused: not our user and not root");
            error_document(&format!(
                "user {uid} is not served here: run this as the user that runs the guardian"
            ))
        };
        // A client that has gone away is no failure.
        let _ = stream.write_all(document.as_bytes()).await;
        let _ = stream.shutdown().await;
        None
    }

    /// Writes the pieces of an audit, until a piece is not taken in time.
    async fn hand_over(&self, mut pieces: mpsc::Receiver<String>, stream: &mut UnixStream) {
        while let Some(piece) = pieces.recv().await {
            let written = tokio::time::timeout(self.patience.piece, stream.write_all(piece.as_bytes()));
            if !matches!(written.await, Ok(Ok(()))) {
                debug!("whoever asked for an audit does not take it");
                return;
            }
        }
        let _ = stream.shutdown().await;
    }

    /// Reads the request and has it answered.
    async fn request(&self, stream: &mut UnixStream, uid: u32) -> Result<Said, String> {
        let mut line = Vec::new();
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX).saturating_add(1);
        let mut reader = BufReader::new(stream).take(limit);
        match tokio::time::timeout(self.patience.request, reader.read_until(b'\n', &mut line)).await {
            Ok(Ok(_)) => {}
            Ok(Err(problem)) => return Err(format!("the request could not be read: {problem}")),
            Err(_) => {
                return Err(format!("no request came within {} s", self.patience.request.as_secs()));
            }
        }
        let (name, request) = protocol::read(&line)?;
        match request {
            AdminRequest::Core(request) => {
                self.ask(OperatorName { uid, name }, *request).await.map(Said::Answer)
            }
            AdminRequest::Audit(question) => {
                let shown = |value: Option<String>| value.map(tracing::field::display);
                let proposal = shown(question.proposal.as_ref().map(ToString::to_string));
                let validator = shown(question.validator.as_ref().map(ToString::to_string));
                let (from, to) = (question.from, question.to);
                info!(code = "audit", uid, operator = name, proposal, validator, from, to, "{AUDITED}");
                self.auditor.begin(Inquiry::Question(question)).map(Said::Pieces)
            }
            AdminRequest::Export => {
                info!(code = "audit", uid, operator = name, export = true, "{AUDITED}");
                self.auditor.begin(Inquiry::Export).map(Said::Pieces)
            }
            AdminRequest::Backup => {
                info!(code = "backup", uid, operator = name, "the store is read for a backup");
                self.auditor.begin(Inquiry::Copy).map(Said::Pieces)
            }
        }
    }

    /// Hands a request to the core and waits for the answer.
    async fn ask(&self, by: OperatorName, request: Request) -> Result<Box<Answer>, String> {
        let ask = AskId(self.next.fetch_add(1, Ordering::Relaxed));
        let (answer, answered) = oneshot::channel();
        let event = Event::OperatorAsked { ask, by, request };
        let arrival = Arrival { event, reply: Some(Reply::Operator(ask, answer)) };
        let seconds = self.patience.answer.as_secs();
        let asked = async {
            self.inbox.send(arrival).await.map_err(|_| "the guardian is stopping".to_owned())?;
            Ok(answered.await)
        };
        match tokio::time::timeout(self.patience.answer, asked).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(_))) => {
                Err("the guardian gave no answer: it is stopping, or has too much to do; ask again"
                    .to_owned())
            }
            Ok(Err(problem)) => Err(problem),
            Err(_) => Err(format!(
                "the guardian is busy: no answer within {seconds} s. The request may still be carried out; look with \
                 `guardian proposals` before you ask again"
            )),
        }
    }
}

#[cfg(test)]
mod tests;
