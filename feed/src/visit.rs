//! What a reader finds when it looks at a log again, and when it lays two guardians' logs side by side. Pure: tiles come
//! through a closure, and what it gives is verified before it is used.

use crate::entry::Entry;
use crate::error::Error;
use crate::fact::Fact;
use crate::note::Verified;
use crate::origin::Origin;
use crate::roots::Word;
use crate::tile::{TilePath, unbundle};
use crate::tree::{
    TileHashes, check_consistency, check_inclusion, leaf_hash, prove_consistency, prove_inclusion,
};
use crypto::spec::Slot;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a reader keeps of a visit, to compare the next one with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visited {
    /// Which log.
    #[serde(with = "origin_text")]
    pub origin: Origin,
    /// How long it was.
    pub size: u64,
    /// Its root.
    pub root: Word,
}

mod origin_text {
    use super::Origin;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(origin: &Origin, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(origin)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Origin, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl From<&Verified> for Visited {
    fn from(verified: &Verified) -> Self {
        let checkpoint = &verified.checkpoint;
        Self { origin: checkpoint.origin, size: checkpoint.size, root: Word(checkpoint.root) }
    }
}

/// How a log stands to the last visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "finding")]
pub enum Finding {
    /// Nothing to compare it with.
    First,
    /// As it was.
    Unchanged,
    /// Longer, and it extends what it was.
    Grown {
        /// By so many entries.
        by: u64,
    },
    /// Another log of the same guardian: of another epoch, or after its journal was lost.
    Another {
        /// The life of the one before.
        before: Slot,
    },
    /// Shorter than it was, or of an earlier life: an old copy. Ask the guardian itself, or another mirror.
    Older,
    /// It does not extend what it was: the guardian signed two histories. Keep both checkpoints, they prove it.
    Forked,
}

impl Finding {
    /// Whether a reader may go on from here: what it keeps becomes the new checkpoint.
    pub fn is_good(&self) -> bool {
        match self {
            Self::First | Self::Unchanged | Self::Grown { .. } | Self::Another { .. } => true,
            Self::Older | Self::Forked => false,
        }
    }
}

/// Compares a verified checkpoint with the last visit's. `fetch` gives tiles of hashes of the log as it is now.
///
/// # Errors
/// [`Error::Tiles`] when tiles cannot be had or do not fit the checkpoint; then nothing is known.
pub fn revisit(
    last: Option<&Visited>,
    now: &Verified,
    fetch: impl Fn(&TilePath) -> Result<Vec<u8>, String>,
) -> Result<Finding, Error> {
    let Some(last) = last else { return Ok(Finding::First) };
    let now = &now.checkpoint;
    if last.origin != now.origin {
        let is_earlier = last.origin.network == now.origin.network
            && last.origin.guardian == now.origin.guardian
            && now.origin.life < last.origin.life;
        return Ok(if is_earlier { Finding::Older } else { Finding::Another { before: last.origin.life } });
    }
    if now.size < last.size {
        return Ok(Finding::Older);
    }
    if now.size == last.size {
        return Ok(if now.root == last.root.0 { Finding::Unchanged } else { Finding::Forked });
    }
    let tiles = TileHashes::new(now.size, now.root, fetch)?;
    let proof = prove_consistency(last.size, now.size, &tiles)?;
    // Every hash of the proof was found to be in the tree that is signed now; if they do not make the root that was signed
    // then, it was another tree.
    Ok(match check_consistency(&proof, last.size, last.root.0, now.size, now.root) {
        Ok(()) => Finding::Grown { by: now.size.saturating_sub(last.size) },
        Err(_) => Finding::Forked,
    })
}

/// Entry `index`, from 0, of the log with this checkpoint, proven to be in it. `fetch` gives bundles of entries too.
///
/// # Errors
/// [`Error::Bounds`] for an entry that the log does not have, [`Error::Tiles`] and [`Error::Proof`] when what is fetched is
/// not the log's.
pub fn entry(
    now: &Verified,
    index: u64,
    fetch: impl Fn(&TilePath) -> Result<Vec<u8>, String>,
) -> Result<Vec<u8>, Error> {
    let (size, root) = (now.checkpoint.size, now.checkpoint.root);
    let limit = size.saturating_sub(1);
    let path = TilePath::of_entry(index, size).ok_or(Error::Bounds { what: "index", found: index, limit })?;
    let bundle = fetch(&path).map_err(Error::Tiles)?;
    let entries = unbundle(&bundle, path.width)?;
    let place = usize::try_from(index % u64::from(crate::tile::WIDTH)).unwrap_or(usize::MAX);
    let entry = entries.get(place).copied().unwrap_or_default();
    let proof = prove_inclusion(size, index, &TileHashes::new(size, root, fetch)?)?;
    check_inclusion(&proof, size, root, index, leaf_hash(entry))?;
    Ok(entry.to_vec())
}

/// What two guardians' logs tell of the same things.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Things that both tell alike.
    pub alike: u64,
    /// Things that they tell differently, or one of them in two ways: one of them, or who sealed it, lied to somebody.
    pub different: Vec<String>,
    /// Things that only the first tells. Guardians hear of things at different times.
    pub only_first: u64,
    /// Things that only the second tells.
    pub only_second: u64,
}

/// Lays what two logs tell side by side: what a proposal or an emergency says, how each guardian voted, what it wished, which
/// exit was signed. Of who was among the first t to approve, each guardian has its own truth.
pub fn compare<'a>(
    first: impl IntoIterator<Item = &'a Entry>,
    second: impl IntoIterator<Item = &'a Entry>,
) -> Comparison {
    let (first, second) = (tellings(first), tellings(second));
    let mut comparison = Comparison::default();
    for (thing, told) in &first {
        match second.get(thing) {
            _ if told.len() > 1 => {
                comparison.different.push(format!("{thing}, in two ways by the first alone"))
            }
            None => comparison.only_first += 1,
            Some(other) if other.len() > 1 => {}
            Some(other) if other == told => comparison.alike += 1,
            Some(_) => comparison.different.push(thing.clone()),
        }
    }
    for (thing, told) in &second {
        if told.len() > 1 {
            comparison.different.push(format!("{thing}, in two ways by the second alone"));
        }
    }
    let only_second =
        second.iter().filter(|(thing, told)| told.len() == 1 && !first.contains_key(*thing)).count();
    comparison.only_second = u64::try_from(only_second).unwrap_or(u64::MAX);
    comparison
}

/// How one log tells each thing: in more than one way if it contradicts itself.
fn tellings<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> BTreeMap<String, BTreeSet<Vec<u8>>> {
    let mut table: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for (thing, told) in entries.into_iter().filter_map(shared) {
        table.entry(thing).or_default().insert(told);
    }
    table
}

/// A thing that every guardian must tell alike, and how it is told.
fn shared(entry: &Entry) -> Option<(String, Vec<u8>)> {
    match &entry.fact {
        Fact::Definition { id, .. } => Some(("definition".to_owned(), id.0.to_vec())),
        Fact::Proposal { proposal, content } | Fact::Adopted { proposal, content } => {
            Some((format!("proposal {proposal}"), json(content)))
        }
        Fact::Vote { guardian, proposal, revision, decision, .. } => {
            Some((format!("vote {revision} of guardian {} on {proposal}", guardian.0), json(decision)))
        }
        Fact::Emergency { emergency, content } => {
            Some((format!("emergency {emergency}"), json(&content.emergency)))
        }
        Fact::Combined { proposal, exit, .. } => Some((format!("exit under {proposal}"), json(exit))),
        Fact::Wish { guardian, revision, paused, .. } => {
            Some((format!("wish {revision} of guardian {}", guardian.0), vec![u8::from(*paused)]))
        }
        Fact::CeremonyOpened { ceremony, order } => Some((format!("ceremony {ceremony}"), json(order))),
        Fact::Key { .. }
        | Fact::Preceded { .. }
        | Fact::Evidence { .. }
        | Fact::Certificate { .. }
        | Fact::Hold { .. }
        | Fact::Release { .. }
        | Fact::Partial { .. }
        | Fact::Submitted { .. }
        | Fact::Moved { .. }
        | Fact::Fault { .. }
        | Fact::NotFinalizing { .. }
        | Fact::EmergencyCertificate { .. }
        | Fact::EmergencyMoved { .. }
        | Fact::Cancellation { .. }
        | Fact::Reached { .. }
        | Fact::Spared { .. }
        | Fact::Lapsed {}
        | Fact::Ceremony { .. }
        | Fact::GroupSignature { .. }
        | Fact::Roots { .. }
        | Fact::Oversized { .. } => None,
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    // What cannot be written is told alike by both; nothing here has a way to fail.
    serde_json::to_vec(value).unwrap_or_default()
}

/// Whether each of two logs' checkpoints was cosigned by the other's guardian: the first by the second, the second by the
/// first.
pub fn witnessed(first: &Verified, second: &Verified) -> (bool, bool) {
    let by = |log: &Verified, witness: &Verified| {
        let guardian = witness.checkpoint.origin.guardian;
        log.cosigned.iter().any(|(cosigner, _)| *cosigner == guardian)
    };
    (by(first, second), by(second, first))
}

#[cfg(test)]
mod tests;
