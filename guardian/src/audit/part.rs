//! `Part`: what an audit says, piece by piece, so that whoever passes it on holds one record at a time.
//!
//! To a question: `Verified`, each `Entry`, `Told`. To an export: `Frozen`, then every `Record` before that head.

use super::{Audit, Break, Entry, MAX_ENTRIES, export};
use crate::Error;
use guardian_core::JournalHead;
use guardian_core::proposal::ProposalId;
use serde::{Deserialize, Serialize};

/// One piece.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The chain was followed to its end, or to where it breaks.
    Verified {
        /// See [`Audit::head`].
        head: JournalHead,
        /// See [`Audit::broken`].
        broken: Option<Break>,
        /// See [`Audit::proposals`].
        proposals: Vec<ProposalId>,
    },
    /// A record that the question is about.
    Entry(Entry),
    /// Everything was told.
    Told {
        /// See [`Audit::more_from`].
        more_from: Option<u64>,
    },
    /// The head at which an export ends.
    Frozen(JournalHead),
    /// A record of an export.
    Record(export::Line),
}

/// The answer to a question, as far as its parts have come.
#[derive(Default)]
pub(super) struct Gathering {
    audit: Audit,
    is_whole: bool,
}

impl Gathering {
    pub(super) fn take(&mut self, part: Part) -> Result<(), Error> {
        match part {
            Part::Verified { head, broken, proposals } => {
                (self.audit.head, self.audit.broken, self.audit.proposals) = (head, broken, proposals);
            }
            Part::Entry(entry) if self.audit.entries.len() < MAX_ENTRIES => self.audit.entries.push(entry),
            Part::Told { more_from } => {
                self.audit.more_from = more_from;
                self.is_whole = true;
            }
            Part::Entry(_) | Part::Frozen(_) | Part::Record(_) => return Err(unexpected()),
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Audit, Error> {
        if self.is_whole { Ok(self.audit) } else { Err(cut_off()) }
    }
}

/// The answer to a question from its parts.
///
/// # Errors
/// [`Error::Audit`] when one is missing or does not belong there; whatever a part is an error of.
pub fn gather(parts: impl Iterator<Item = Result<Part, Error>>) -> Result<Audit, Error> {
    let mut gathering = Gathering::default();
    for part in parts {
        gathering.take(part?)?;
    }
    gathering.finish()
}

/// The head at which an export ends, and its records as they come.
///
/// # Errors
/// As [`gather`], now or as one of the records.
pub fn exported(
    mut parts: impl Iterator<Item = Result<Part, Error>>,
) -> Result<(JournalHead, impl Iterator<Item = Result<super::Linked, Error>>), Error> {
    let head = match parts.next().ok_or_else(cut_off)?? {
        Part::Frozen(head) => head,
        Part::Verified { .. } | Part::Entry(_) | Part::Told { .. } | Part::Record(_) => {
            return Err(unexpected());
        }
    };
    let records = (0..head.length).map(move |_| match parts.next().ok_or_else(cut_off)?? {
        Part::Record(line) => line.linked().ok_or_else(unexpected),
        Part::Verified { .. } | Part::Entry(_) | Part::Told { .. } | Part::Frozen(_) => Err(unexpected()),
    });
    Ok((head, records))
}

fn unexpected() -> Error {
    Error::Audit {
        problem: "an answer to another question came; is the guardian of this version?".to_owned(),
    }
}

fn cut_off() -> Error {
    Error::Audit {
        problem: "the answer ends in the middle: the guardian stopped, or gave up on us; ask again"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests;
