//! One guardian's log, verified from the network's id down.

use super::checks::Notes;
use super::site::Site;
use crypto::group_key::GroupPublicKey;
use feed::tile::{TilePath, WIDTH, unbundle};
use feed::visit::{Finding, Visited, revisit};
use feed::{Entry, KeyBinding, Keys, Verified, tree, verify_note};
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition, NetworkId};
use serde::Deserialize;
use std::cell::RefCell;
use std::collections::BTreeMap;
use tlog_tiles::{Hash, HashReader};

/// Most bytes of entries that are read whole.
const MAX_BYTES: usize = 256 << 20;

/// Most entries that are read whole.
const MAX_ENTRIES: u64 = 1_000_000;

/// What `/v1/key` says. None of it is believed.
#[derive(Deserialize)]
struct Served {
    guardian: GuardianIndex,
    definition: NetworkDefinition,
    bindings: BTreeMap<u16, KeyBinding>,
    binding: KeyBinding,
}

/// One of `/log`.
#[derive(Deserialize)]
struct Listed {
    id: String,
    current: bool,
}

/// A log whose newest note holds.
pub(super) struct Log<'a> {
    site: &'a Site,
    id: String,
    pub(super) definition: NetworkDefinition,
    pub(super) guardian: GuardianIndex,
    pub(super) verified: Verified,
}

impl<'a> Log<'a> {
    /// Verifies the newest note of the current log. None where a check that all others rest on fails.
    ///
    /// # Errors
    /// When the feed is not reached.
    pub(super) fn open(
        site: &'a Site,
        expected: NetworkId,
        group: Option<GroupPublicKey>,
        notes: &mut Notes,
    ) -> anyhow::Result<Option<Self>> {
        let served: Served = site.data("/v1/key")?;
        let found = served.definition.id();
        let is_expected = if found == expected {
            Ok(((), format!("the definition is that of network {expected}")))
        } else {
            Err(format!("{} serves network {found}, not {expected}", site.url()))
        };
        if notes.take("network", is_expected).is_none() {
            return Ok(None);
        }
        let definition = served.definition;
        let mut bindings: BTreeMap<GuardianIndex, &KeyBinding> =
            served.bindings.iter().map(|(guardian, binding)| (GuardianIndex(*guardian), binding)).collect();
        bindings.insert(served.guardian, &served.binding);
        let keys = Keys::bound(&definition, bindings, group);
        let bound = keys.map(|keys| {
            let many = keys.logs.len();
            (keys, format!("{many} guardians' log keys are bound by the identities in the definition"))
        });
        let Some(keys) = notes.take("keys", bound.map_err(|problem| problem.to_string())) else {
            return Ok(None);
        };
        let listed: Vec<Listed> = site.data("/log")?;
        let Some(current) = listed.into_iter().find(|log| log.current) else {
            notes.take::<()>("log", Err(format!("{} serves no log", site.url())));
            return Ok(None);
        };
        let note = site.note(&current.id, "checkpoint")?;
        let verified = verify_note(&note, &keys).map_err(|problem| problem.to_string());
        let verified = verified.and_then(|verified| {
            let whose = verified.checkpoint.origin.guardian;
            if whose != served.guardian {
                return Err(format!(
                    "the log is guardian {}'s, not guardian {}'s",
                    whose.0, served.guardian.0
                ));
            }
            let (size, name) = (verified.checkpoint.size, name(&definition, whose));
            Ok((verified, format!("{size} entries, signed by {name}")))
        });
        let Some(verified) = notes.take("checkpoint", verified) else { return Ok(None) };
        let log = Self { site, id: current.id, guardian: served.guardian, definition, verified };
        Ok(Some(log))
    }

    /// Whether enough guardians have seen the same log; the network's own key counts for t.
    pub(super) fn check_witnesses(&self, required: Option<u16>, notes: &mut Notes) {
        let threshold = self.definition.guardian_set.threshold;
        let wanted = usize::from(required.unwrap_or(threshold.t()));
        let names: Vec<String> =
            self.verified.cosigned.iter().map(|(guardian, _)| name(&self.definition, *guardian)).collect();
        let agreed = names.len().saturating_add(1);
        let who = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
        let also = if self.verified.group { ", and the network's own key" } else { "" };
        let agreed = if self.verified.group { agreed.max(threshold.t().into()) } else { agreed };
        // Two sets of so many have an honest member in common, though t - 1 are dishonest.
        let (n, t) = (usize::from(threshold.n()), usize::from(threshold.t()));
        let exclusive = n.saturating_add(t.saturating_sub(1)) / 2 + 1;
        let worth = if agreed >= exclusive.min(n) {
            "no other state of this log can have been shown to as many"
        } else {
            "with dishonest ones among them another state could have been shown to others: compare with --against"
        };
        let words = format!("cosigned by {who}{also}: {agreed} of {n} guardians; {worth}");
        let outcome =
            if agreed >= wanted { Ok(((), words)) } else { Err(format!("{words}; {wanted} are wanted")) };
        notes.take("witnesses", outcome);
    }

    /// How the log stands to the last visit.
    pub(super) fn compare(&self, last: Option<&Visited>, notes: &mut Notes) -> Option<Finding> {
        let found = revisit(last, &self.verified, |path| self.site.tile(&self.id, path));
        let outcome = match found {
            Err(problem) => Err(problem.to_string()),
            Ok(finding) if finding.is_good() => Ok((finding, told(&finding))),
            Ok(finding) => Err(told(&finding)),
        };
        notes.take("consistency", outcome)
    }

    /// One entry, proven to be in the log.
    pub(super) fn entry(&self, index: u64, notes: &mut Notes) -> Option<Vec<u8>> {
        let read = feed::visit::entry(&self.verified, index, |path| self.site.tile(&self.id, path));
        let words = format!("entry {index} is in the log");
        notes.take("inclusion", read.map(|entry| (entry, words)).map_err(|problem| problem.to_string()))
    }

    /// All entries, which together make the root that is signed.
    pub(super) fn entries(&self, notes: &mut Notes) -> Option<Vec<Entry>> {
        let read = self.read_all();
        let guardian = name(&self.definition, self.guardian);
        let words =
            |entries: &Vec<Entry>| format!("all {} entries of {guardian} make its root", entries.len());
        notes.take(
            "entries",
            read.map(|entries| {
                let words = words(&entries);
                (entries, words)
            }),
        )
    }

    fn read_all(&self) -> Result<Vec<Entry>, String> {
        let (size, root) = (self.verified.checkpoint.size, self.verified.checkpoint.root);
        if size > MAX_ENTRIES {
            return Err(format!("the log has {size} entries; at most {MAX_ENTRIES} are compared"));
        }
        let hashes = Hashes::default();
        let mut entries = Vec::new();
        let mut bytes_read = 0usize;
        for first in (0..size).step_by(WIDTH.into()) {
            let path = TilePath::of_entry(first, size).ok_or("the log has no such entry")?;
            let bundle = self.site.tile(&self.id, &path)?;
            bytes_read = bytes_read.saturating_add(bundle.len());
            if bytes_read > MAX_BYTES {
                return Err(format!("the log has more than {MAX_BYTES} bytes; so many are not compared"));
            }
            for (index, bytes) in (first..).zip(unbundle(&bundle, path.width).map_err(|e| e.to_string())?) {
                let more = tree::stored_hashes(index, bytes, &hashes).map_err(|e| e.to_string())?;
                hashes.0.borrow_mut().extend(more);
                entries.push(Entry::decode(bytes).map_err(|e| format!("entry {index}: {e}"))?);
            }
        }
        let made = tree::root(size, &hashes).map_err(|e| e.to_string())?;
        if made == root {
            Ok(entries)
        } else {
            Err("the entries served are not those that are signed".to_owned())
        }
    }
}

/// Hashes of a tree in memory, in storage order.
#[derive(Default)]
struct Hashes(RefCell<Vec<Hash>>);

impl HashReader for Hashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let all = self.0.borrow();
        let read = |index: &u64| usize::try_from(*index).ok().and_then(|index| all.get(index).copied());
        indexes.iter().map(read).collect::<Option<_>>().ok_or(tlog_tiles::Error::IndexesNotInTree)
    }
}

/// A guardian for people: its name and number.
pub(super) fn name(definition: &NetworkDefinition, guardian: GuardianIndex) -> String {
    match definition.member(guardian) {
        Ok(member) => format!("{} ({})", member.name, guardian.0),
        Err(_) => format!("guardian {}", guardian.0),
    }
}

fn told(finding: &Finding) -> String {
    match finding {
        Finding::First => "first visit: nothing to compare with yet".to_owned(),
        Finding::Unchanged => "as it was at the last visit".to_owned(),
        Finding::Grown { by } => format!("extends the log of the last visit by {by} entries"),
        Finding::Another { before } => {
            format!("another log than at the last visit (its life was {}): a new guardian set, or a restored guardian", before.0)
        }
        Finding::Older => {
            "shorter than at the last visit: an old copy is served; ask the guardian itself, or another mirror".to_owned()
        }
        Finding::Forked => "does not extend the log of the last visit: the guardian signed two histories; keep the \
                            state file and this note, they prove it"
            .to_owned(),
    }
}
