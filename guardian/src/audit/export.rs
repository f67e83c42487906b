//! The journal as lines of JSON: one record a line, oldest first, each with the link before it and its own.
//!
//! ```text
//! {"number":0,"prev":"0x00..","link":"0x5f..","bytes":"0x0101.."}
//! ```
//!
//! The bytes are the whole truth: links are recomputed from them, and what they say is read from them.

use super::Linked;
use super::entry::Link;
use crate::Error;
use crate::store::MAX_RECORD;
use guardian_core::JournalHead;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};

/// Most bytes of a line: two digits a byte, and its numbers and names.
const MAX_LINE: usize = 2 * MAX_RECORD + 512;

#[derive(Serialize, Deserialize)]
struct Line {
    number: u64,
    prev: Link,
    link: Link,
    bytes: String,
}

/// The line of one record, without its end; `prev` is the link of the record before it.
///
/// # Errors
/// [`Error::Audit`], never seen: such a line has a JSON form.
pub fn line(linked: &Linked, prev: [u8; 32]) -> Result<String, Error> {
    let Linked { number, bytes, link } = linked;
    let line = Line {
        number: *number,
        prev: Link(prev),
        link: Link(*link),
        bytes: format!("0x{}", hex::encode(bytes)),
    };
    serde_json::to_string(&line).map_err(|e| Error::Audit { problem: format!("record {number}: {e}") })
}

/// Writes all records, verified, to `out`, which is called `path`. The head they lead to.
///
/// # Errors
/// [`Error::Chain`] where the chain breaks; what the records or `out` say.
pub fn write(
    records: impl Iterator<Item = Result<Linked, Error>>,
    out: &mut dyn Write,
    path: &Path,
) -> Result<JournalHead, Error> {
    let mut head = JournalHead::default();
    for linked in records {
        let linked = linked?;
        let text = line(&linked, head.link)?;
        head = linked.follow(&head)?;
        writeln!(out, "{text}").map_err(Error::file("write", path))?;
    }
    Ok(head)
}

/// The records of an export that is called `path`, read as they are asked for. Only `prev` and the form of each line are
/// checked: links are for whoever takes the records.
pub fn read<R: BufRead>(reader: R, path: &Path) -> Lines<R> {
    Lines { reader, path: path.into(), place: 0, prev: Link([0; 32]), ended: false }
}

/// See [`read`].
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    path: PathBuf,
    place: usize,
    prev: Link,
    ended: bool,
}

impl<R: BufRead> Lines<R> {
    fn line(&mut self) -> Result<Option<Linked>, Error> {
        self.place = self.place.saturating_add(1);
        let (line, path) = (self.place, self.path.clone());
        let wrong = |problem: String| Error::Document { path: path.clone(), line: Some(line), problem };
        let mut text = Vec::new();
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        self.reader
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut text)
            .map_err(Error::file("read", &self.path))?;
        if text.is_empty() {
            return Ok(None);
        }
        if text.last() != Some(&b'\n') {
            return Err(wrong("the line is cut off, or too long for a record".to_owned()));
        }
        let Line { number, prev, link, bytes } =
            serde_json::from_slice(&text).map_err(|e| wrong(format!("is no record of an export ({e})")))?;
        if prev != self.prev {
            return Err(wrong("`prev` is not the link of the line before".to_owned()));
        }
        self.prev = link;
        let bytes = bytes
            .strip_prefix("0x")
            .and_then(|digits| hex::decode(digits).ok())
            .ok_or_else(|| wrong("`bytes` is no hexadecimal text".to_owned()))?;
        Ok(Some(Linked { number, bytes, link: link.0 }))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<Linked, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.line().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

#[cfg(test)]
mod tests;
