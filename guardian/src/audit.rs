//! The audit: the journal's chain verified, and the story of a proposal or a validator told from it.
//!
//! | part | holds |
//! |---|---|
//! | [`entry`] | one record for people and for programs |
//! | [`story`] | which records a question is about |
//! | [`part`] | what is told, piece by piece |
//! | [`export`] | the journal as lines of JSON, and back |
//!
//! Design decisions
//! - Where records come from is the caller's: the store of a stopped guardian ([`crate::store::Journal`]), that of the
//!   running one (behind [`crate::admin`]), an export, or anything else that yields [`Linked`] from record 0 on. The source is asked twice, once to verify and to find what
//!   the question is about, once to tell it, so memory holds what is shown and never the journal.
//! - Nothing is told from a chain that does not hold.
//! - A record of a kind that this program does not know is part of the chain like any other; it is shown as bytes.

use crate::Error;
use guardian_core::JournalHead;
use guardian_core::proposal::ProposalId;
use guardian_core::record::Record;
use serde::{Deserialize, Serialize};

mod ceremony;
mod decision;
pub mod entry;
pub mod export;
pub mod part;
pub mod story;

pub use crate::store::{BrokenLink, Linked, Verified};
pub use entry::Entry;
pub use part::Part;
pub use story::Question;

/// Most entries of one answer; the answer says where to go on.
pub const MAX_ENTRIES: usize = 10_000;

/// What the journal says to a question.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Audit {
    /// The head of what was verified: of the whole journal, or up to where the chain breaks.
    pub head: JournalHead,
    /// Where the chain breaks, if it does. Nothing is told then.
    pub broken: Option<Break>,
    /// The proposals that the question is about, in the order they became known here.
    pub proposals: Vec<ProposalId>,
    /// The records that it is about, oldest first, at most [`MAX_ENTRIES`].
    pub entries: Vec<Entry>,
    /// Number of the first record that was left out, when there are more.
    pub more_from: Option<u64>,
}

/// Where and how a chain breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Break {
    /// Number of the first record that cannot be believed.
    pub at: u64,
    /// How it was noticed.
    pub problem: String,
}

/// Verifies records with their links, from the first of the journal on, and gives the head they lead to.
///
/// # Errors
/// [`BrokenLink`] with the number of the first that does not follow.
pub fn verify(records: impl IntoIterator<Item = Linked>) -> Result<JournalHead, BrokenLink> {
    records.into_iter().try_fold(JournalHead::default(), |head, linked| linked.follow(&head))
}

/// Verifies what `source` gives, the whole journal from record 0 on, and answers a question from it. `acknowledged` is
/// the head that it must lead to, where one is known. A chain that breaks is an answer and no error.
///
/// # Errors
/// [`Error::Audit`] when the journal knows no such proposal, or several; whatever keeps `source` from being read.
pub fn ask<I>(
    source: impl Fn() -> Result<I, Error>,
    acknowledged: Option<JournalHead>,
    question: &Question,
) -> Result<Audit, Error>
where
    I: Iterator<Item = Result<Linked, Error>>,
{
    let mut gathering = part::Gathering::default();
    tell(source, acknowledged, question, &mut |part| gathering.take(part))?;
    gathering.finish()
}

/// As [`ask`], telling the answer part by part to `say`; an error of its ends the telling.
///
/// # Errors
/// As [`ask`], and what `say` says.
pub fn tell<I>(
    source: impl Fn() -> Result<I, Error>,
    acknowledged: Option<JournalHead>,
    question: &Question,
    say: &mut impl FnMut(Part) -> Result<(), Error>,
) -> Result<(), Error>
where
    I: Iterator<Item = Result<Linked, Error>>,
{
    let mut search = story::Search::new(question);
    let (head, broken) = follow(source()?, |linked| {
        if question.names_something()
            && let Some(record) = Record::decode(&linked.bytes)
        {
            search.take(linked.number, &record)?;
        }
        Ok(())
    })?;
    let broken = broken.or_else(|| elsewhere(head, acknowledged));
    if broken.is_some() || question.is_empty() {
        say(Part::Verified { head, broken, proposals: Vec::new() })?;
        return say(Part::Told { more_from: None });
    }
    let story = search.finish()?;
    say(Part::Verified { head, broken, proposals: story.proposals().collect() })?;
    let mut told = 0;
    // A journal that grew meanwhile is told as far as it was verified before.
    let length = usize::try_from(head.length).unwrap_or(usize::MAX);
    for linked in Verified::new(source()?).take(length) {
        let linked = linked?;
        let record = Record::decode(&linked.bytes);
        if !story.holds(linked.number, record.as_ref()) {
            continue;
        }
        if told == MAX_ENTRIES {
            return say(Part::Told { more_from: Some(linked.number) });
        }
        told += 1;
        say(Part::Entry(Entry::of(&linked, record.as_ref())))?;
    }
    say(Part::Told { more_from: None })
}

/// Follows a chain to its end or to where it breaks.
fn follow(
    records: impl Iterator<Item = Result<Linked, Error>>,
    mut visit: impl FnMut(&Linked) -> Result<(), Error>,
) -> Result<(JournalHead, Option<Break>), Error> {
    let mut chain = Verified::new(records);
    while let Some(next) = chain.next() {
        let at = chain.head().length;
        let problem = match next {
            Ok(linked) => {
                visit(&linked)?;
                continue;
            }
            Err(Error::Chain(_)) => "it does not follow from the records before it".to_owned(),
            // A record that cannot be read at all.
            Err(Error::StoreDamaged { problem, .. } | Error::Document { problem, .. }) => problem,
            Err(other) => return Err(other),
        };
        return Ok((chain.head(), Some(Break { at, problem })));
    }
    Ok((chain.head(), None))
}

/// A chain that holds and is not the one that was acknowledged.
fn elsewhere(head: JournalHead, acknowledged: Option<JournalHead>) -> Option<Break> {
    let acknowledged = acknowledged.filter(|acknowledged| *acknowledged != head)?;
    let at = head.length.min(acknowledged.length).saturating_sub(1);
    Some(Break { at, problem: format!("the chain leads to {head}, but {acknowledged} was acknowledged") })
}

#[cfg(test)]
pub(crate) mod tests;
