//! The admin socket: how this guardian's operator asks the running guardian, from this machine only.
//!
//! A Unix socket, mode 0600, and the kernel's word about who is at the other end: our own user and root are served,
//! nobody else. One request a connection, see [`protocol`]. [`MAX_CONNECTIONS`] are served at once, the next wait in the
//! listener's backlog; each lives for [`CONNECTION_TIME`] at most. What the request means is the core's business: it
//! travels through the inbox like everything else that happens, and its answer comes back as a command.
//!
//! # Design decisions
//! - No port, no token: whoever can become our user could read the keys as well.
//! - A request that was handed to the core cannot be taken back: when its answer is late, the operator is told that it
//!   may still be carried out.

mod client;
pub mod protocol;
mod socket;

pub use client::ask;
pub use socket::Socket;

use crate::node::{Arrival, Reply};
use guardian_core::Event;
use guardian_core::request::{Answer, AskId, OperatorName, Request};
use protocol::{AdminRequest, MAX_LINE, error_document};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tracing::{debug, warn};

/// Connections served at once.
pub const MAX_CONNECTIONS: usize = 8;

/// Longest life of one connection.
pub const CONNECTION_TIME: Duration = Duration::from_secs(30);

/// Longest times of a connection's parts; together less than [`CONNECTION_TIME`], so that whoever waits is told why.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// Until the request has arrived.
    request: Duration,
    /// Until the core has answered.
    answer: Duration,
}

const PATIENCE: Patience = Patience { request: Duration::from_secs(5), answer: Duration::from_secs(20) };

/// Where requests go, and how they are told apart.
#[derive(Clone)]
struct Desk {
    inbox: mpsc::Sender<Arrival>,
    next: Arc<AtomicU64>,
    patience: Patience,
    /// Our own user.
    uid: u32,
}

/// Serves the operator until nobody wants requests any more; the socket is removed then.
pub async fn serve(socket: Socket, inbox: mpsc::Sender<Arrival>) {
    serve_with(socket, inbox, PATIENCE).await;
}

async fn serve_with(socket: Socket, inbox: mpsc::Sender<Arrival>, patience: Patience) {
    let uid = socket.owner();
    let desk = Desk { inbox, next: Arc::new(AtomicU64::new(1)), patience, uid };
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
                        // A client that is slow or gone concerns nobody but itself.
                        let _ = tokio::time::timeout(CONNECTION_TIME, desk.serve(stream)).await;
                    });
                }
                Err(problem) => {
                    // Out of file descriptors, or the client left: neither ends the server.
                    debug!(%problem, "admin connection not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            () = desk.inbox.closed() => return,
        }
    }
}

/// Whether a user may ask: we ourselves, and root, who could read our keys anyway.
fn is_served(uid: u32, own: u32) -> bool {
    uid == own || uid == 0
}

impl Desk {
    /// One connection: one line in, one document out.
    async fn serve(&self, mut stream: UnixStream) {
        let uid = match stream.peer_cred() {
            Ok(credentials) => credentials.uid(),
            Err(problem) => {
                warn!(code = "admin_refused", %problem, "admin connection refused: the system does not say whose it is");
                return;
            }
        };
        let document = if is_served(uid, self.uid) {
            match self.request(&mut stream, uid).await {
                Ok(answer) => protocol::answer_document(&answer),
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
    }

    /// Reads the request and has it answered.
    async fn request(&self, stream: &mut UnixStream, uid: u32) -> Result<Answer, String> {
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
        let AdminRequest::Core(request) = request;
        self.ask(OperatorName { uid, name }, *request).await
    }

    /// Hands a request to the core and waits for the answer.
    async fn ask(&self, by: OperatorName, request: Request) -> Result<Answer, String> {
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
            Ok(Ok(Ok(answer))) => Ok(*answer),
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
