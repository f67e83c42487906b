//! `Copy`: a log as it is here, and how it is brought up to a checkpoint.
//!
//! A checkpoint counts when its log signed it and it extends what is here. Then each bundle of entries is compared with the
//! leaf hashes of the verified tree before any of it is written.

use super::allowance::Allowance;
use super::fetch::{Client, failed};
use super::turn::Turn;
use crate::error::Error;
use crate::log::{Log, LogWriter};
use feed::note::{MAX_NOTE, known_lines};
use feed::tile::{MAX_ENTRY, WIDTH, unbundle};
use feed::tree::{TileHashes, check_consistency, leaf_hash, prove_consistency};
use feed::{Checkpoint, Keys, Origin, TilePath, verify_note};
use guardian_core::guardian_set::{GuardianIndex, GuardianSetEpoch};
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use tlog_tiles::{HashReader, stored_hash_index};
use tokio::runtime::Handle;

/// Most bytes of a bundle: as many entries of the longest as there may be.
const MAX_BUNDLE: usize = (MAX_ENTRY + 2) * WIDTH as usize;

/// Most bytes of a tile of hashes.
const MAX_TILE: usize = 32 * WIDTH as usize;

/// Most copies of logs of one guardian of one set, those of earlier runs among them. All of them are read, and each keeps in
/// memory what is in no full bundle yet: up to 16 MB.
const MAX_COPIES: usize = 16;

/// Most bundles taken in before the others have their turn.
const MAX_BUNDLES: u64 = 512;

/// Gets a tile or a bundle, at most so many bytes.
type Fetch<'a> = dyn Fn(&TilePath, usize) -> Result<Vec<u8>, Error> + 'a;

/// A checkpoint that verified, and its note with no line in it that did not.
#[derive(Debug)]
pub(super) struct Noted {
    checkpoint: Checkpoint,
    note: String,
}

/// Gets the newest checkpoint of a log and verifies it.
pub(super) async fn noted(
    client: &Client,
    turn: &Turn,
    id: &str,
    origin: &Origin,
    keys: &Keys,
) -> Result<Noted, Error> {
    let note = client.get(turn, &format!("/log/{id}/checkpoint"), MAX_NOTE).await?;
    let verified = verify_note(&note, keys).map_err(|problem| lie(origin, problem))?;
    let checkpoint = verified.checkpoint;
    if checkpoint.origin != *origin {
        return Err(lie(origin, format!("its checkpoint is of {}", checkpoint.origin)));
    }
    let note = known_lines(&note, keys).map_err(|problem| lie(origin, problem))?;
    Ok(Noted { checkpoint, note })
}

/// Where copies are kept.
fn mirrored(home: &Path) -> PathBuf {
    home.join("mirrored")
}

/// The ids of the copies that there are of logs of this guardian in this set, the newest life first.
fn ids(home: &Path, guardian: GuardianIndex, epoch: GuardianSetEpoch) -> Result<Vec<String>, Error> {
    let path = mirrored(home);
    let begins = format!("{}-{}-", guardian.0, epoch.0);
    let entries = match std::fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(problem) => return Err(Error::Disk { path, problem }),
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let life = |name: &String| name.strip_prefix(&begins)?.parse::<u64>().ok();
    let mut names: Vec<String> = names.filter(|name| life(name).is_some()).collect();
    names.sort_by_key(|name| Reverse(life(name)));
    Ok(names)
}

/// A log's copy.
#[derive(Debug)]
pub(super) struct Copy {
    writer: LogWriter,
    origin: Origin,
}

impl Copy {
    /// The name of a log's copy, of a guardian set with this number.
    pub(super) fn id(origin: &Origin, epoch: GuardianSetEpoch) -> String {
        format!("{}-{}-{}", origin.guardian.0, epoch.0, origin.life)
    }

    /// Opens the copy of a log whose checkpoint was verified, or begins it. Waits for the disk.
    pub(super) fn open(
        home: &Path,
        epoch: GuardianSetEpoch,
        origin: Origin,
        keys: &Keys,
    ) -> Result<Self, Error> {
        let id = &Self::id(&origin, epoch);
        let there = ids(home, origin.guardian, epoch)?;
        // There may be more of them on disk than are read.
        let place = there.iter().position(|known| known == id).unwrap_or(there.len());
        if place >= MAX_COPIES {
            let problem = format!(
                "it would be the copy after {MAX_COPIES}; ask its guardian why, then remove those in `mirrored` that nobody needs"
            );
            return Err(failed(&format!("the log {origin}"), problem));
        }
        let path = mirrored(home).join(id);
        let opened = LogWriter::open(&path, id, origin).and_then(|writer| {
            check(&writer.log(), keys)?;
            Ok(writer)
        });
        let writer = opened.map_err(|problem| Error::Disk { path, problem })?;
        Ok(Self { writer, origin })
    }

    /// Opens all copies that there are of logs that a guardian of this network wrote. One that cannot be opened is named and
    /// left as it is. Waits for the disk.
    pub(super) fn reopen(
        home: &Path,
        guardian: GuardianIndex,
        epoch: GuardianSetEpoch,
        keys: &Keys,
    ) -> BTreeMap<String, Self> {
        let ids = ids(home, guardian, epoch).unwrap_or_else(|problem| {
            tracing::warn!(%problem, "copies of logs are not served");
            Vec::new()
        });
        let mut copies = BTreeMap::new();
        for id in ids.into_iter().take(MAX_COPIES) {
            let text = std::fs::read_to_string(mirrored(home).join(&id).join("origin")).unwrap_or_default();
            // A copy of another network's log, or one that was only begun.
            let Ok(origin) = text.trim_end().parse::<Origin>() else { continue };
            if origin.network != keys.network || Self::id(&origin, epoch) != id {
                continue;
            }
            match Self::open(home, epoch, origin, keys) {
                Ok(copy) => drop(copies.insert(id, copy)),
                Err(problem) => tracing::warn!(%problem, "a copy of a log is not served"),
            }
        }
        copies
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn log(&self) -> Log {
        self.writer.log()
    }

    fn lie(&self, problem: impl Display) -> Error {
        lie(&self.origin, problem)
    }

    /// Takes in what a verified checkpoint has more, as far as the allowance goes. `fetch` gets a tile or a bundle.
    fn extend(&mut self, noted: &Noted, allowance: &Allowance, fetch: &Fetch<'_>) -> Result<(), Error> {
        let Noted { checkpoint, note } = noted;
        let disk = |problem| Error::Disk { path: "mirrored".into(), problem };
        let log = self.writer.log();
        let (size, root) = (log.size(), log.root().map_err(disk)?);
        let origin = self.origin;
        let is_missing = Cell::new(false);
        let hashes = TileHashes::new(checkpoint.size, checkpoint.root, |path: &TilePath| {
            fetch(path, MAX_TILE).map_err(|problem| {
                is_missing.set(true);
                problem.to_string()
            })
        });
        let hashes = hashes.map_err(|problem| self.lie(problem))?;
        // A tile that did not come is no lie; one that came and is not of the tree is.
        let wrong = |problem: &dyn Display| {
            if is_missing.get() { failed("tiles", problem) } else { lie(&origin, problem) }
        };
        if checkpoint.size < size {
            // An old checkpoint is no lie if what is here extends it.
            let proof =
                prove_consistency(checkpoint.size, size, &log).map_err(|problem| self.lie(problem))?;
            return check_consistency(&proof, checkpoint.size, checkpoint.root, size, root)
                .map_err(|_| self.lie("it contradicts what was served before: the log was rewritten"));
        }
        let proof = prove_consistency(size, checkpoint.size, &hashes).map_err(|problem| wrong(&problem))?;
        check_consistency(&proof, size, root, checkpoint.size, checkpoint.root)
            .map_err(|_| self.lie("it contradicts what was served before: the log was rewritten"))?;
        let mut next = size;
        for _ in 0..MAX_BUNDLES {
            let Some(path) = TilePath::of_entry(next, checkpoint.size) else { break };
            if allowance.is_spent() {
                break;
            }
            let bundle = fetch(&path, MAX_BUNDLE)?;
            let first = path.number.saturating_mul(WIDTH.into());
            let entries = unbundle(&bundle, path.width).map_err(|problem| self.lie(problem))?;
            let known = usize::try_from(next.saturating_sub(first)).unwrap_or(usize::MAX);
            let fresh: Vec<&[u8]> = entries.into_iter().skip(known).collect();
            let count = u64::try_from(fresh.len()).unwrap_or(0);
            let end = next.saturating_add(count);
            let leaves: Vec<u64> = (next..end).map(|index| stored_hash_index(0, index)).collect();
            let expected = hashes.read_hashes(&leaves).map_err(|problem| wrong(&problem))?;
            let fits = expected.iter().zip(&fresh).all(|(hash, entry)| hash.0 == leaf_hash(entry));
            if !fits || expected.len() != fresh.len() {
                return Err(self
                    .lie(format!("entries {next} to {} are not those of its tree", end.saturating_sub(1))));
            }
            let fresh: Vec<Vec<u8>> = fresh.into_iter().map(<[u8]>::to_vec).collect();
            self.writer.append(&fresh).map_err(disk)?;
            next = end;
        }
        // Only a checkpoint that is wholly here is shown.
        if next == checkpoint.size && self.writer.log().checkpoint().as_deref() != Some(note.as_bytes()) {
            self.writer.set_checkpoint(note.as_bytes()).map_err(disk)?;
        }
        Ok(())
    }
}

/// Whether the checkpoint that is shown with a copy is one of its log and of these entries.
fn check(log: &Log, keys: &Keys) -> io::Result<()> {
    let Some(note) = log.checkpoint() else { return Ok(()) };
    let damaged = |problem: &dyn Display| {
        let problem = format!("{problem}; remove this directory, and the log is fetched again");
        io::Error::new(io::ErrorKind::InvalidData, problem)
    };
    let checkpoint = verify_note(&note, keys).map_err(|problem| damaged(&problem))?.checkpoint;
    let is_ours = checkpoint.origin == *log.origin() && checkpoint.size <= log.size();
    let fits = || feed::tree::root(checkpoint.size, log).is_ok_and(|root| root == checkpoint.root);
    if is_ours && fits() { Ok(()) } else { Err(damaged(&"its checkpoint is not one of its entries")) }
}

fn lie(origin: &Origin, problem: impl Display) -> Error {
    Error::Lie { what: format!("the log {origin}"), problem: problem.to_string() }
}

/// Whether an id of a log may stand in a path.
pub(super) fn is_plain(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Brings a copy up to a checkpoint, and gives it back. Whoever calls this must wait for it: the copy has the only writer of
/// its directory, and a second one is refused while it lives. That does not take long after the turn has ended, because every
/// tile is waited for within the turn. What was taken in before stays; the next turn goes on from there.
///
/// The copy is not given back where the disk failed, or something panicked: it is opened anew then.
pub(super) async fn bring_up(
    mut copy: Copy,
    client: Client,
    turn: Turn,
    id: String,
    noted: Noted,
    allowance: Allowance,
) -> (Option<Copy>, Result<(), Error>) {
    let handle = Handle::current();
    // Reading a tree asks for its tiles from inside: that has to wait somewhere.
    let extended = tokio::task::spawn_blocking(move || {
        let fetch = |path: &TilePath, most: usize| {
            let answer = handle.block_on(client.get(&turn, &format!("/log/{id}/{path}"), most))?;
            allowance.take(answer.len());
            Ok(answer)
        };
        let done = copy.extend(&noted, &allowance, &fetch);
        let is_sound = !matches!(done, Err(Error::Disk { .. }));
        (is_sound.then_some(copy), done)
    });
    extended.await.unwrap_or_else(|problem| (None, Err(failed("tiles", problem))))
}

#[cfg(test)]
mod tests;
