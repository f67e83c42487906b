//! The journal as lines of JSON: one record a line, oldest first, each with the link before it and its own.
//!
//! ```text
//! {"number":0,"prev":"0x00..","link":"0x5f..","bytes":"0x0101.."}
//! ```
//!
//! The bytes are the whole truth: links are recomputed from them, and what they say is read from them.

use super::entry::Link;
use super::{Linked, Part};
use crate::Error;
use crate::store::MAX_RECORD;
use guardian_core::JournalHead;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Read, Write};
use std::path::{Path, PathBuf};

/// Most bytes of a line: two digits a byte, and its numbers and names.
const MAX_LINE: usize = 2 * MAX_RECORD + 512;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    number: u64,
    prev: Link,
    link: Link,
    bytes: String,
}

impl Line {
    /// The line of one record; `prev` is the link of the record before it.
    pub fn of(linked: &Linked, prev: [u8; 32]) -> Self {
        let Linked { number, bytes, link } = linked;
        let bytes = format!("0x{}", hex::encode(bytes));
        Self { number: *number, prev: Link(prev), link: Link(*link), bytes }
    }

    /// The record of the line, not verified. None when `bytes` is no hexadecimal text.
    pub fn linked(&self) -> Option<Linked> {
        let bytes = self.bytes.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok())?;
        Some(Linked { number: self.number, bytes, link: self.link.0 })
    }
}

/// The line of one record in text, without its end; `prev` is the link of the record before it.
///
/// # Errors
/// [`Error::Audit`], never seen: such a line has a JSON form.
pub fn line(linked: &Linked, prev: [u8; 32]) -> Result<String, Error> {
    let written = serde_json::to_string(&Line::of(linked, prev));
    written.map_err(|e| Error::Audit { problem: format!("record {}: {e}", linked.number) })
}

/// Tells all records up to `head`, verified, part by part to `say`; an error of its ends the telling.
///
/// # Errors
/// [`Error::Chain`] where the chain breaks, [`Error::Audit`] when it leads elsewhere than to `head`; what the records or
/// `say` say.
pub fn tell(
    records: impl Iterator<Item = Result<Linked, Error>>,
    head: JournalHead,
    say: &mut impl FnMut(Part) -> Result<(), Error>,
) -> Result<(), Error> {
    say(Part::Frozen(head))?;
    let mut at = JournalHead::default();
    for linked in records {
        let linked = linked?;
        let line = Line::of(&linked, at.link);
        at = linked.follow(&at)?;
        say(Part::Record(line))?;
    }
    super::elsewhere(at, Some(head)).map_or(Ok(()), |found| Err(Error::Audit { problem: found.problem }))
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
        let (place, path) = (self.place, self.path.clone());
        let wrong = |problem: String| Error::Document { path: path.clone(), line: Some(place), problem };
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
        let line: Line =
            serde_json::from_slice(&text).map_err(|e| wrong(format!("is no record of an export ({e})")))?;
        if line.prev != self.prev {
            return Err(wrong("`prev` is not the link of the line before".to_owned()));
        }
        self.prev = line.link;
        line.linked().map(Some).ok_or_else(|| wrong("`bytes` is no hexadecimal text".to_owned()))
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
