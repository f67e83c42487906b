//! One dossier, made of one log.

use super::maker::Problem;
use crate::log::Log;
use crate::site::Site;
use bytes::Bytes;
use feed::dossier::{MAX_DOSSIER, MAX_ENTRIES, Sources};
use feed::roots::Roots;
use feed::tree::prove_inclusion;
use feed::{Dossier, Entry, Fact, KeyBinding};
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::proposal::ProposalId;

/// Most entries read for one dossier: those that may be in it, and the blocks told of with them.
const MOST: usize = MAX_ENTRIES * 2;

/// Makes it of these entries of the log. Waits for the disk.
pub(super) fn assemble(
    site: &Site,
    log: &Log,
    note: &Bytes,
    id: ProposalId,
    places: &[u64],
) -> Result<Bytes, Problem> {
    let entries = read(log, places)?;
    let guardian = log.origin().guardian;
    let mut bindings: Vec<(GuardianIndex, KeyBinding)> =
        site.bindings().iter().map(|(of, binding)| (*of, binding.clone())).collect();
    if !bindings.iter().any(|(of, _)| *of == guardian) {
        bindings.push((guardian, site.binding().clone()));
    }
    // A guardian may have bound its key more than once: the log's own word is what its entries are held against.
    if let Some(own) =
        own_binding(&entries, guardian).filter(|own| own.open(site.definition(), guardian).is_ok())
    {
        bindings.retain(|(of, _)| *of != guardian);
        bindings.push((guardian, own));
    }
    let snapshot = site.snapshot();
    let group_key = snapshot.and_then(|snapshot| snapshot.status().group_key.as_ref()?.parse().ok());
    let roots = roots(note, &entries);
    let sources = Sources {
        definition: site.definition(),
        guardian,
        bindings: &bindings,
        group_key,
        note,
        roots: None,
    };
    let prove = |size, index| prove_inclusion(size, index, log);
    let entries = entries.iter().map(|(index, entry)| (*index, entry.as_slice()));
    let dossier = Dossier::assemble(id, sources, entries, prove);
    let mut dossier = dossier.map_err(|problem| Problem::NotYet(problem.to_string()))?;
    for roots in roots {
        dossier.roots = Some(roots);
        if dossier.roots_hold() {
            break;
        }
        // What does not hold would make all of it fail.
        dossier.roots = None;
    }
    let document = dossier.encode();
    if document.len() > MAX_DOSSIER {
        return Err(too_long());
    }
    Ok(Bytes::from(document))
}

fn too_long() -> Problem {
    Problem::NotYet("the log has more about it than a dossier holds; read the log itself".to_owned())
}

fn read(log: &Log, places: &[u64]) -> Result<Vec<(u64, Vec<u8>)>, Problem> {
    if places.len() > MOST {
        return Err(too_long());
    }
    let (mut entries, mut bytes) = (Vec::new(), 0usize);
    let read = log.visit(places.iter().copied(), |index, entry| {
        bytes = bytes.saturating_add(entry.len());
        entries.push((index, entry.to_vec()));
        bytes <= MAX_DOSSIER
    });
    read.map_err(|_| Problem::Unreadable)?;
    if bytes > MAX_DOSSIER { Err(too_long()) } else { Ok(entries) }
}

/// The first word that the log itself has of its guardian's key.
fn own_binding(entries: &[(u64, Vec<u8>)], guardian: GuardianIndex) -> Option<KeyBinding> {
    entries.iter().find_map(|(_, bytes)| match Entry::decode(bytes).ok()?.fact {
        Fact::Key { guardian: of, binding, .. } if of == guardian => Some(binding),
        _ => None,
    })
}

/// The blocks that the guardian decided by, as far as the checkpoint covers what it told of them, the newest first.
fn roots(note: &[u8], entries: &[(u64, Vec<u8>)]) -> Vec<Roots> {
    let size = feed::note::peek(note).map_or(0, |checkpoint| checkpoint.size);
    let covered = entries.iter().rev().filter(|(index, _)| *index < size);
    let told = covered.filter_map(|(_, bytes)| match Entry::decode(bytes).ok()?.fact {
        Fact::Roots { roots, .. } => Some(roots),
        _ => None,
    });
    told.take(MAX_ROOTS).collect()
}

/// Most of them that are looked at: each is walked.
const MAX_ROOTS: usize = 8;
