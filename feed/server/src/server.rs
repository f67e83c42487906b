//! The server: its own threads at the lowest priority, its own runtime, its own limits.
//!
//! # Design decisions
//! - Connections are kept alive between requests, for as long as they are not idle. Each is one task; at most
//!   [`Settings::connections`](crate::Settings) live at once, the next ones wait in the listener's backlog. One address has a
//!   part of them; what it opens beyond that is closed at once, so that it cannot take the places of all others.
//! - Nothing of a request's body is read: everything here is asked with a path and a query.
//! - Every request passes the gate of its address before anything is done for it.

mod client;
mod gate;
mod headers;
mod pool;
mod priority;
mod recent;
mod steady;

pub use client::{Client, Peer};
pub use gate::Gate;
pub(crate) use pool::PATIENCE;
pub use pool::Pool;
pub(crate) use pool::alone;
pub(crate) use recent::Recent;

use crate::api;
use crate::pages;
use crate::settings::Settings;
use crate::site::{Inputs, Site};
use crate::snapshot::Snapshot;
use crate::stream::{Full, Seat, Seats};
use crate::tiles;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::{Router, http::Uri, http::header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use steady::Steady;
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_service::Service;

/// Most bytes buffered of one request; a request here is a line and some headers.
const MAX_REQUEST: usize = 16 * 1024;

/// Answers smaller than this are not worth compressing, bytes.
const COMPRESS_ABOVE: u64 = 512;

/// Binds the address, so that a port that is taken is known before anything starts.
///
/// # Errors
/// The system's, when the address cannot be bound.
pub fn bind(listen: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves on threads of its own until the sender of statuses is dropped.
///
/// # Errors
/// The system's, when it gives no thread.
pub fn start(
    listener: TcpListener,
    inputs: Inputs,
    settings: Settings,
) -> io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name("feed".to_owned()).spawn(move || {
        let settings = priority::within(priority::raise_file_limit(), settings);
        let threads = settings.threads.max(1);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .max_blocking_threads(pool::threads(&settings))
            .thread_name("feed")
            .on_thread_start(priority::lower)
            .enable_all()
            .build();
        let served = runtime.and_then(|runtime| {
            let served = runtime.block_on(async {
                // On a worker, which has the low priority; this thread only waits.
                let served = tokio::spawn(serve(listener, inputs, settings));
                served.await.map_err(io::Error::other)?
            });
            runtime.shutdown_timeout(Duration::from_secs(1));
            served
        });
        if let Err(problem) = served {
            tracing::error!(%problem, "the public feed ended; the node goes on without it");
        }
    })
}

async fn serve(listener: TcpListener, inputs: Inputs, settings: Settings) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let (indexed, snapshot) = watch::channel(None);
    let site = Site::new(&inputs, snapshot, settings);
    let mut work = tokio::task::JoinSet::new();
    work.spawn(index(inputs.clone(), indexed));
    site.spawn_work(&mut work);
    let slots = Arc::new(Semaphore::new(site.settings().connections.min(Semaphore::MAX_PERMITS)));
    let seats = Seats::default();
    let router = router(site.clone());
    let mut ended = inputs.status.clone();
    loop {
        let next = async {
            // The semaphore is never closed; the permit goes with the connection.
            let permit = slots.clone().acquire_owned().await;
            (permit, listener.accept().await)
        };
        tokio::select! {
            (permit, accepted) = next => match accepted {
                Ok((stream, address)) => {
                    let Ok(seat) = seat(&seats, address.ip(), site.settings()) else {
                        tracing::trace!(%address, "connection to the feed closed; its address has enough");
                        continue;
                    };
                    let (router, site) = (router.clone(), site.clone());
                    tokio::spawn(async move {
                        let _places = (permit, seat);
                        serve_connection(stream, address.ip(), router, site.settings()).await;
                    });
                }
                Err(problem) => {
                    // Out of file descriptors, or the client left: neither ends the server.
                    tracing::debug!(%problem, "connection to the feed not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            () = sender_dropped(&mut ended) => return Ok(()),
        }
    }
}

/// A place among the connections of its address; none is needed for a trusted proxy.
fn seat(seats: &Seats, peer: IpAddr, settings: &Settings) -> Result<Option<Seat>, Full> {
    let most = settings.connections_per_address.saturating_add(settings.streams_per_address);
    Client::of_peer(peer, settings).map(|client| seats.take(client, usize::MAX, most)).transpose()
}

/// Indexes every status, once, where no request waits for it.
async fn index(inputs: Inputs, indexed: watch::Sender<Option<Arc<Snapshot>>>) {
    let mut statuses = inputs.status.clone();
    loop {
        let status = statuses.borrow_and_update().clone();
        if let Some(status) = status {
            let definition = inputs.definition.clone();
            let before = indexed.borrow().clone();
            let work = move || Snapshot::new(status, definition).after(before.as_deref());
            if let Some(snapshot) = alone(work).await {
                indexed.send_replace(Some(Arc::new(snapshot)));
            }
        }
        if statuses.changed().await.is_err() {
            return;
        }
    }
}

async fn sender_dropped<T>(watched: &mut watch::Receiver<T>) {
    while watched.changed().await.is_ok() {}
}

async fn serve_connection(stream: TcpStream, address: IpAddr, router: Router, settings: &Settings) {
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let mut router = router.clone();
        let request = admit(request, address);
        async move { router.call(request).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.idle)
        .keep_alive(true)
        .max_buf_size(MAX_REQUEST)
        .serve_connection(TokioIo::new(Steady::new(stream, settings.stall, settings.slowest)), service);
    // A client that is slow, rude or gone concerns nobody but itself.
    if let Err(problem) = connection.await {
        tracing::trace!(%problem, "connection to the feed ended early");
    }
}

/// Notes whose request it is. `/log` is a page for people and a list for machines: who accepts JSON means the list.
fn admit(request: hyper::Request<Incoming>, address: IpAddr) -> Request {
    let mut request = request.map(|_| Body::empty());
    request.extensions_mut().insert(Peer(address));
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let wants_json = accepts.is_some_and(|kinds| kinds.trim_start().starts_with("application/json"));
    if request.uri().path() == "/log" && wants_json {
        *request.uri_mut() = Uri::from_static("/v1/logs");
    }
    request
}

/// Everything that is served, behind the gate.
pub fn router(site: Site) -> Router {
    let compressed = SizeAbove::new(COMPRESS_ABOVE)
        .and(NotForContentType::const_new("text/event-stream"))
        .and(NotForContentType::const_new("application/octet-stream"))
        .and(NotForContentType::IMAGES);
    // Most of the cost of an answer is packing it: a little longer and much sooner is better here.
    let compression = CompressionLayer::new().gzip(true).quality(CompressionLevel::Fastest);
    Router::new()
        .merge(api::router())
        .merge(pages::router())
        .merge(tiles::router())
        .fallback(api::not_found)
        .method_not_allowed_fallback(api::not_allowed)
        .layer(from_fn(recent::measure))
        .layer(compression.compress_when(compressed))
        .layer(from_fn_with_state(site.clone(), recent::again))
        .layer(from_fn(headers::preflight))
        // Nothing is answered outside the gate; only headers are added, so that its refusals can be read from elsewhere.
        .layer(from_fn_with_state(site.clone(), gate::pass))
        .layer(from_fn(headers::add))
        .with_state(site)
}
