//! `Kept`: what a mirror knows beside the logs, on disk, so that it can begin again while no source answers.
//!
//! ```text
//! <home>/kept/network.json        the definition, the bindings, which source is whose
//! <home>/kept/status.json.gz      the status that was shown last; signed by nobody, as when it was fetched
//! ```
//!
//! What is read is verified as if a source had sent it. What does not verify is as good as not there.

use super::meeting::Met;
use super::source::{MAX_STATUS, check_status};
use super::view::Bindings;
use crate::log::durable;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition, NetworkId};
use guardian_core::status::StatusSnapshot;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest file of the network that is read, bytes.
const MAX_FILE: u64 = 8 << 20;

/// The file of the network.
#[derive(Debug, Serialize, Deserialize)]
struct Document<D> {
    definition: D,
    bindings: Bindings,
    /// By the source's address.
    sources: BTreeMap<String, GuardianIndex>,
}

/// What an earlier run kept, verified.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) definition: Arc<NetworkDefinition>,
    /// At least one.
    pub(super) bindings: Bindings,
    /// Which source is whose, by its address.
    pub(super) sources: BTreeMap<String, GuardianIndex>,
    pub(super) status: Option<Arc<StatusSnapshot>>,
}

impl Kept {
    /// Reads what is there. None when there is nothing of this network that verifies.
    pub(super) fn read(home: &Path, network: NetworkId) -> Option<Self> {
        let path = network_path(home);
        let ignored = |problem: &dyn std::fmt::Display| {
            tracing::warn!(file = %path.display(), %problem, "what the mirror kept of its network is ignored and fetched again");
        };
        let read = || -> io::Result<Document<NetworkDefinition>> {
            let mut text = Vec::new();
            File::open(&path)?.take(MAX_FILE).read_to_end(&mut text)?;
            Ok(serde_json::from_slice(&text)?)
        };
        let document = match read() {
            Ok(document) => document,
            Err(problem) if problem.kind() == io::ErrorKind::NotFound => return None,
            Err(problem) => {
                ignored(&problem);
                return None;
            }
        };
        let definition = document.definition;
        let id = definition.id();
        if id != network {
            ignored(&format!("it is of network {id}"));
            return None;
        }
        let bindings = document.bindings.into_iter().filter(|(guardian, binding)| {
            let opened = binding.open(&definition, *guardian);
            if let Err(problem) = &opened {
                ignored(problem);
            }
            opened.is_ok()
        });
        let bindings: Bindings = bindings.collect();
        if bindings.is_empty() {
            return None;
        }
        let definition = Arc::new(definition);
        let status = read_status(home, &definition);
        Some(Self { definition, bindings, sources: document.sources, status })
    }

    /// What is known of the source at this address.
    pub(super) fn met(&self, url: &str) -> Option<Met> {
        let guardian = *self.sources.get(url)?;
        let binding = self.bindings.get(&guardian)?.clone();
        Some(Met { guardian, binding, others: BTreeMap::new() })
    }

    /// What binds the key of the guardian whose view is shown first.
    pub(super) fn binding(&self) -> Option<(GuardianIndex, feed::KeyBinding)> {
        let shown = self.status.as_ref().map(|status| status.guardian);
        let shown = shown.and_then(|guardian| self.bindings.get_key_value(&guardian));
        shown.or_else(|| self.bindings.first_key_value()).map(|(of, binding)| (*of, binding.clone()))
    }
}

/// Writes what is known of the network, durably. Waits for the disk.
pub(super) fn write_network(
    home: &Path,
    definition: &NetworkDefinition,
    bindings: &Bindings,
    sources: &BTreeMap<String, GuardianIndex>,
) -> io::Result<()> {
    let document = Document { definition, bindings: bindings.clone(), sources: sources.clone() };
    durable::replace(&network_path(home), &serde_json::to_vec_pretty(&document)?)
}

/// Writes a status, durably. Waits for the disk.
pub(super) fn write_status(home: &Path, status: &StatusSnapshot) -> io::Result<()> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    serde_json::to_writer(&mut packer, status)?;
    durable::replace(&status_path(home), &packer.finish()?)
}

fn read_status(home: &Path, definition: &NetworkDefinition) -> Option<Arc<StatusSnapshot>> {
    let path = status_path(home);
    let read = || -> io::Result<StatusSnapshot> {
        let most = u64::try_from(MAX_STATUS).unwrap_or(u64::MAX);
        let unpacked = GzDecoder::new(BufReader::new(File::open(&path)?)).take(most);
        let status: StatusSnapshot = serde_json::from_reader(BufReader::new(unpacked))?;
        check_status(&status, definition).map_err(io::Error::other)?;
        Ok(status)
    };
    match read() {
        Ok(status) => Some(Arc::new(status)),
        Err(problem) if problem.kind() == io::ErrorKind::NotFound => None,
        Err(problem) => {
            tracing::warn!(file = %path.display(), %problem, "the status that the mirror kept is ignored");
            None
        }
    }
}

fn network_path(home: &Path) -> PathBuf {
    home.join("kept").join("network.json")
}

fn status_path(home: &Path) -> PathBuf {
    home.join("kept").join("status.json.gz")
}

#[cfg(test)]
mod tests;
