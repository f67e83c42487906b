//! One reader of the stream: what it missed, then the ring from its cursor on.

use super::backlog::Backlog;
use super::frame;
use super::ring::{After, Entrance, Ring};
use super::seats::{Full, Seat};
use crate::api::answer::{ItemRefusals, Refusal};
use crate::api::ask::Ask;
use crate::server::{Client, Pool};
use crate::site::Site;
use axum::Extension;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use tokio::sync::watch;

/// Seconds after which a reader that found no place should come again.
const COME_AGAIN: u64 = 30;

/// A reader.
struct Reader {
    ring: Arc<Ring>,
    cursor: u64,
    head: watch::Receiver<u64>,
    /// What is sent first.
    first: VecDeque<Bytes>,
    backlog: Backlog,
    pool: Pool,
    _seat: Seat,
}

impl Reader {
    /// What is sent next; None when the ring has overtaken the reader, or the server ends.
    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        if let Some(frame) = self.first.pop_front() {
            return Some((Ok(frame), self));
        }
        match self.backlog.next(&self.pool).await {
            Ok(Some(frame)) => return Some((Ok(frame), self)),
            Ok(None) => {}
            Err(problem) => return Some((Err(problem), self)),
        }
        loop {
            match self.ring.after(self.cursor) {
                After::Events(bytes, next) => {
                    self.cursor = next;
                    return Some((Ok(bytes), self));
                }
                After::Nothing => self.head.changed().await.ok()?,
                After::Overtaken => return None,
            }
        }
    }
}

/// The stream of events.
#[utoipa::path(
    get, path = "/v1/events", tag = "events",
    params(
        ("last_event_id" = Option<String>, Query, description = "The id of the last event that was seen, `<log>:<index>`: the stream goes on after it. For who cannot set headers"),
        ("Last-Event-ID" = Option<String>, Header, description = "As `last_event_id`, which it overrides: a browser sends it when it comes again by itself")
    ),
    responses(
        (status = 200, description = "Server-sent events `entry`, `status` and `gap`", content_type = "text/event-stream", body = String, example = json!("id: 3-0:1041\nevent: entry\ndata: {}\n\n")),
        ItemRefusals
    )
)]
pub(crate) async fn events(ask: Ask, client: Option<Extension<Client>>) -> Response {
    match open(&ask, client.map(|Extension(client)| client)) {
        Ok(reader) => {
            let body = Body::from_stream(futures::stream::unfold(reader, Reader::next));
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8")),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
                // Proxies would hold events back until their buffer is full.
                (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
            ];
            (headers, body).into_response()
        }
        Err(refusal) => ask.refuse(&refusal),
    }
}

fn open(ask: &Ask, client: Option<Client>) -> Result<Reader, Refusal> {
    let query = ask.query(&["last_event_id"])?;
    let site = &ask.site;
    let settings = site.settings();
    // What the browser says when it comes again is newer than what the page said at first.
    let last = ask.header("last-event-id").or_else(|| query.text("last_event_id"));
    let last = last.filter(|id| !id.is_empty());
    let client = client.unwrap_or(Client(std::net::Ipv4Addr::UNSPECIFIED.into()));
    let seat = site.seats().take(client, settings.streams, settings.streams_per_address);
    let seat = seat.map_err(|full| match full {
        Full::All => {
            Refusal::too_many("all event streams are taken; poll /v1/network, or try a mirror", COME_AGAIN)
        }
        Full::Client => Refusal::too_many(
            format!("one address may have {} event streams at once; close one", settings.streams_per_address),
            COME_AGAIN,
        ),
    })?;
    let Entrance { cursor, published, status, head } = site.ring().enter();
    let backlog = match last {
        Some(id) => missed(site, id, cursor, published)?,
        None => Backlog::default(),
    };
    let first = std::iter::once(Bytes::from_static(frame::GREETING.as_bytes())).chain(status).collect();
    Ok(Reader {
        ring: site.ring().clone(),
        cursor,
        head,
        first,
        backlog,
        pool: site.pool().clone(),
        _seat: seat,
    })
}

fn missed(
    site: &Site,
    id: &str,
    cursor: u64,
    published: Option<super::ring::Published>,
) -> Result<Backlog, Refusal> {
    let (log, index) = frame::parse_id(id).ok_or_else(|| {
        Refusal::query("the last event's id is no `<log>:<index>`; leave it out to begin with the present")
    })?;
    // What it missed would be lost without a word.
    let Some(published) = published else { return Err(Refusal::no_log()) };
    if *published.log == *log {
        if index.saturating_add(1) >= published.size {
            return Ok(Backlog::default());
        }
        if let Some(frames) = site.ring().since(index.saturating_add(1), cursor)
            && frames.len() <= usize::try_from(super::backlog::MOST).unwrap_or(usize::MAX)
        {
            return Ok(Backlog::ready(frames));
        }
    }
    Backlog::since(&site.shelf(), log, index, &published).ok_or_else(|| {
        Refusal::not_found("the log of the last event's id is not served here; /v1/logs lists those that are")
    })
}
