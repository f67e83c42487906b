//! One event as it is sent.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;

/// What a reader should wait before it comes again, milliseconds; and the end of the first block.
pub(super) const GREETING: &str = "retry: 3000\n\n";

/// Says that the stream is alive.
pub(super) const HEARTBEAT: &str = ": alive\n\n";

/// The id of an entry's event.
pub(super) fn id(log: &str, index: u64) -> String {
    format!("{log}:{index}")
}

/// The log and the index of an event's id.
pub(super) fn parse_id(id: &str) -> Option<(&str, u64)> {
    let (log, index) = id.rsplit_once(':')?;
    let sane = log.len() <= 64 && !log.is_empty();
    sane.then_some(())?;
    Some((log, index.parse().ok()?))
}

/// An event. What would break the lines of its data is sent as several lines, which readers put together again.
pub(super) fn event(name: &str, id: Option<&str>, data: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(data.len().saturating_add(96));
    if let Some(id) = id {
        put(&mut frame, &["id: ", id, "\n"]);
    }
    put(&mut frame, &["event: ", name, "\n"]);
    for line in data.split(|byte| matches!(byte, b'\n' | b'\r')) {
        frame.put_slice(b"data: ");
        frame.put_slice(line);
        frame.put_slice(b"\n");
    }
    frame.put_slice(b"\n");
    frame.freeze()
}

/// An event with a JSON value of ours.
pub(super) fn json_event<T: Serialize>(name: &str, id: Option<&str>, data: &T) -> Bytes {
    event(name, id, &serde_json::to_vec(data).unwrap_or_default())
}

fn put(frame: &mut BytesMut, parts: &[&str]) {
    for part in parts {
        frame.put_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests;
