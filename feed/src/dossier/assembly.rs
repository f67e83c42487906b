//! A dossier put together from a log.

use super::{Bound, Dossier, Logged, MAX_ENTRIES, VERSION};
use crate::entry::Entry;
use crate::error::Error;
use crate::key::KeyBinding;
use crate::note::{Keys, known_lines, verify_note};
use crate::roots::{Roots, Word};
use crate::story::{Story, belongs, brings};
use crypto::group_key::GroupPublicKey;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::proposal::ProposalId;

/// Where a dossier comes from, beside the entries.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The definition in force.
    pub definition: &'a NetworkDefinition,
    /// Whose log.
    pub guardian: GuardianIndex,
    /// Feed keys of guardians, the log's own among them.
    pub bindings: &'a [(GuardianIndex, KeyBinding)],
    /// The network's own key, if there is one.
    pub group_key: Option<GroupPublicKey>,
    /// A checkpoint of the log.
    pub note: &'a [u8],
    /// What the guardian's nodes serve about the blocks it decided by.
    pub roots: Option<&'a Roots>,
}

impl Dossier {
    /// Puts together what a log tells of a proposal. `entries` are all entries of the log, or all that could tell of it, by
    /// index, and are gone through twice; those beyond the checkpoint are left out. `prove` gives the inclusion proof of an
    /// entry in the tree of the checkpoint's size.
    ///
    /// # Errors
    /// [`Error::Dossier`] when no entry brings the proposal, or too many tell of it; what is wrong with the checkpoint or
    /// the keys; whatever `prove` says.
    pub fn assemble<B: AsRef<[u8]>>(
        proposal: ProposalId,
        sources: Sources,
        entries: impl Iterator<Item = (u64, B)> + Clone,
        prove: impl Fn(u64, u64) -> Result<Vec<[u8; 32]>, Error>,
    ) -> Result<Self, Error> {
        let refuse = |field: &str, problem: String| Error::Dossier { field: field.to_owned(), problem };
        let pairs = sources.bindings.iter().map(|(guardian, binding)| (*guardian, binding));
        let keys = Keys::bound(sources.definition, pairs, sources.group_key)?;
        let verified = verify_note(sources.note, &keys)?;
        let size = verified.checkpoint.size;
        let covered = entries.filter(|(index, _)| *index < size);
        let read =
            |(index, bytes): (u64, B)| Entry::decode(bytes.as_ref()).ok().map(|entry| (index, bytes, entry));

        let content = covered.clone().filter_map(read).find_map(|(_, _, entry)| brings(&entry, &proposal));
        let content = content.ok_or_else(|| {
            refuse("proposal", format!("{proposal} is not in the log up to its checkpoint; try again later"))
        })?;
        let mut told = Vec::new();
        let mut logged = Vec::new();
        for (index, bytes, entry) in covered.filter_map(read) {
            if !belongs(&entry, &proposal, &content) {
                continue;
            }
            if logged.len() == MAX_ENTRIES {
                return Err(refuse("entries", format!("more than {MAX_ENTRIES} tell of {proposal}")));
            }
            let text = std::str::from_utf8(bytes.as_ref()).map_err(|e| Error::Entry(e.to_string()))?;
            let proof = prove(size, index)?.into_iter().map(Word).collect();
            logged.push(Logged { index, entry: text.to_owned(), proof });
            told.push(entry);
        }
        let story = Story::of(sources.definition, proposal, &told).ok_or_else(|| {
            refuse("story", "the entries changed while they were read; try again".to_owned())
        })?;
        let witnesses: Vec<_> = verified.cosigned.iter().map(|(witness, _)| *witness).collect();
        let is_needed =
            |guardian: &GuardianIndex| *guardian == sources.guardian || witnesses.contains(guardian);
        let mut bound: Vec<_> = sources
            .bindings
            .iter()
            .filter(|(guardian, _)| is_needed(guardian))
            .map(|(guardian, binding)| Bound { guardian: *guardian, binding: binding.clone() })
            .collect();
        bound.sort_by_key(|bound| bound.guardian);
        bound.dedup_by_key(|bound| bound.guardian);
        Ok(Self {
            version: VERSION,
            network: keys.network,
            definition: sources.definition.clone(),
            guardian: sources.guardian,
            keys: bound,
            group_key: sources.group_key.filter(|_| verified.group),
            note: known_lines(sources.note, &keys)?,
            story,
            roots: sources.roots.filter(|roots| !roots.is_empty()).cloned(),
            entries: logged,
        })
    }
}
