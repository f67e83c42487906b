//! The public window: `/healthz`, `/readyz`, `/metrics`, `/v1/status`, `/v1/validators`. Read-only.
//!
//! It runs on a thread and a runtime of its own and reads nothing but the watched [`View`] and the metrics page, so that
//! no load on it reaches the node's loop. Each connection carries one request and lives for [`CONNECTION_TIME`] at most;
//! [`MAX_CONNECTIONS`] live at once, the next ones wait in the listener's backlog.

mod decisions;
mod readiness;
pub mod validators;

pub use decisions::undecided;
pub use readiness::{Moment, Phase, Readiness, Reason, View};

use crate::metrics::Page;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use chain_watcher::SlotClock;
use chain_watcher::slot_clock::unix_now;
use crypto::spec::ChainSpec;
use guardian_core::status::StatusSnapshot;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

/// Connections served at once.
pub const MAX_CONNECTIONS: usize = 64;

/// Longest life of one connection, request and answer.
pub const CONNECTION_TIME: Duration = Duration::from_secs(10);

/// Longest time a client may take to send its request's head.
const HEADER_TIME: Duration = Duration::from_secs(5);

/// Most bytes buffered of one request; a request here is a line and a few headers.
const MAX_REQUEST: usize = 16 * 1024;

/// How often samples are folded while nobody scrapes.
const FOLD_EVERY: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Window {
    view: watch::Receiver<View>,
    page: Page,
    chain: Arc<ChainSpec>,
}

/// Binds the address, so that a port that is taken is known before the node starts.
///
/// # Errors
/// The system's, when the address cannot be bound.
pub fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves on a thread of its own until the sender of `view` is dropped.
///
/// # Errors
/// The system's, when it gives no thread.
pub fn start(
    listener: TcpListener,
    view: watch::Receiver<View>,
    page: Page,
    chain: ChainSpec,
) -> io::Result<std::thread::JoinHandle<()>> {
    let window = Window { view, page, chain: Arc::new(chain) };
    std::thread::Builder::new().name("http".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let served = runtime.and_then(|runtime| runtime.block_on(serve(listener, window)));
        if let Err(problem) = served {
            tracing::error!(%problem, "the HTTP server ended; the node goes on without it");
        }
    })
}

async fn serve(listener: TcpListener, window: Window) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let router = router(window.clone());
    let mut ended = window.view.clone();
    let mut fold = tokio::time::interval(FOLD_EVERY);
    loop {
        let next = async {
            // The semaphore is never closed; the permit goes with the connection.
            let permit = slots.clone().acquire_owned().await;
            (permit, listener.accept().await)
        };
        tokio::select! {
            (permit, accepted) = next => match accepted {
                Ok((stream, _)) => {
                    let router = router.clone();
                    tokio::spawn(async move {
                        let _permit = permit;
                        serve_connection(stream, router).await;
                    });
                }
                Err(problem) => {
                    // Out of file descriptors, or the client left: neither ends the server.
                    tracing::debug!(%problem, "HTTP connection not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            _ = fold.tick() => window.page.fold(),
            () = sender_dropped(&mut ended) => return Ok(()),
        }
    }
}

async fn sender_dropped(view: &mut watch::Receiver<View>) {
    while view.changed().await.is_ok() {}
}

async fn serve_connection(stream: tokio::net::TcpStream, router: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .keep_alive(false)
        .max_buf_size(MAX_REQUEST)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A client that is slow, rude or gone concerns nobody but itself.
    if let Ok(Err(problem)) = tokio::time::timeout(CONNECTION_TIME, connection).await {
        tracing::trace!(%problem, "HTTP connection ended early");
    }
}

fn router(window: Window) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/v1/status", get(status))
        .route("/v1/validators", get(validators))
        .with_state(window)
}

impl Window {
    fn readiness(&self) -> Readiness {
        let moment = Moment { instant: Instant::now(), slot: SlotClock::of(&self.chain).slot_at(unix_now()) };
        Readiness::of(&self.view.borrow(), &self.chain, moment)
    }

    fn status(&self) -> Option<Arc<StatusSnapshot>> {
        self.view.borrow().status.clone()
    }
}

/// What `/v1/status` says: the snapshot, and what a reader needs to turn its epochs into time.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    status: &'a StatusSnapshot,
    seconds_per_epoch: u64,
}

async fn readyz(State(window): State<Window>) -> Response {
    let readiness = window.readiness();
    let code = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(readiness)).into_response()
}

async fn metrics(State(window): State<Window>) -> Response {
    window.page.ready(window.readiness().ready);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], window.page.render())
        .into_response()
}

async fn status(State(window): State<Window>) -> Response {
    let Some(status) = window.status() else { return starting() };
    let chain = &window.chain;
    let seconds_per_epoch = chain.seconds_per_slot.get().saturating_mul(chain.slots_per_epoch.get());
    Json(Shown { status: &status, seconds_per_epoch }).into_response()
}

async fn validators(State(window): State<Window>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let filter = match validators::Filter::parse(&query) {
        Ok(filter) => filter,
        Err(reason) => return (StatusCode::BAD_REQUEST, Json(reason)).into_response(),
    };
    let Some(status) = window.status() else { return starting() };
    Json(validators::list(&status, &filter)).into_response()
}

fn starting() -> Response {
    let reason = Reason { code: "starting", detail: "no slot was processed yet".to_owned() };
    (StatusCode::SERVICE_UNAVAILABLE, Json(reason)).into_response()
}

#[cfg(test)]
pub(crate) mod tests;
