//! `Dossier`: one forced exit in one document, verifiable offline by whoever knows the network id.
//!
//! It holds the definition, the checkpoint of one guardian's log, every entry of that log that tells of the exit with the
//! proof that it is in there, and the same told once more as a [`Story`] for readers. What is verified is made of the
//! entries; the story has to equal it.
//!
//! # Design decisions
//! - Nothing in it is optional for the reader: a part that cannot be verified makes the whole fail, so that every byte of
//!   meaning is covered by a check.
//! - What it cannot prove is that nothing was left out: that the log has no other entry about the exit, whoever reads the
//!   whole log finds out.
//! - The network's own key is not in the definition. A dossier that brings one shows who must be asked whether it is theirs;
//!   all else stands without it.

mod assembly;
mod proofs;

use crate::error::Error;
use crate::key::KeyBinding;
use crate::report::Report;
use crate::roots::{Roots, Word};
use crate::story::Story;
use crypto::group_key::GroupPublicKey;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition, NetworkId};
use serde::{Deserialize, Serialize};

pub use assembly::Sources;

/// The version of the document.
pub const VERSION: u32 = 1;

/// Most entries of a dossier.
pub const MAX_ENTRIES: usize = 4_096;

/// Most bytes of the document.
pub const MAX_DOSSIER: usize = 16 << 20;

/// A guardian's word for its feed key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// Who.
    pub guardian: GuardianIndex,
    /// Its word.
    pub binding: KeyBinding,
}

/// An entry of the log, and the proof that it is in there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logged {
    /// Its place in the log, from 0.
    pub index: u64,
    /// Its bytes, which are text.
    pub entry: String,
    /// Hashes from its leaf's neighbour up.
    pub proof: Vec<Word>,
}

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dossier {
    /// [`VERSION`].
    pub version: u32,
    /// The network.
    pub network: NetworkId,
    /// All that its guardians agreed on; its hash is the network id.
    pub definition: NetworkDefinition,
    /// Whose log.
    pub guardian: GuardianIndex,
    /// Feed keys: its own, and those of the guardians that cosigned.
    pub keys: Vec<Bound>,
    /// The network's own key, if it signed the checkpoint.
    pub group_key: Option<GroupPublicKey>,
    /// The checkpoint with its signatures.
    pub note: String,
    /// What happened.
    pub story: Story,
    /// What the guardian's nodes served about the blocks it decided by, if they did.
    pub roots: Option<Roots>,
    /// The entries, by index.
    pub entries: Vec<Logged>,
}

impl Dossier {
    /// Reads a document.
    ///
    /// # Errors
    /// [`Error::Dossier`] when it is too long, no JSON, or has a field that is unknown, missing or of another form, however
    /// deep: nothing in it is passed over.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let refuse = |problem: String| Error::Dossier { field: "document".to_owned(), problem };
        if bytes.len() > MAX_DOSSIER {
            return Err(refuse(format!("has {} bytes; at most {MAX_DOSSIER}", bytes.len())));
        }
        let wrong =
            |problem: String| refuse(format!("{problem}; fetch it again, or use the version that wrote it"));
        let dossier: Self = serde_json::from_slice(bytes).map_err(|e| wrong(e.to_string()))?;
        let given: serde_json::Value = serde_json::from_slice(bytes).map_err(|e| wrong(e.to_string()))?;
        let read = serde_json::to_value(&dossier).map_err(|e| wrong(e.to_string()))?;
        if given == read { Ok(dossier) } else { Err(wrong("it has a field that is not known".to_owned())) }
    }

    /// The document.
    pub fn encode(&self) -> Vec<u8> {
        // Writing to memory fails only for maps with keys that are no text, and there are none.
        #[allow(clippy::expect_used, reason = "no type here has a way to fail")]
        serde_json::to_vec(self).expect("a dossier has a JSON form")
    }

    /// Whether the roots, if there are any, are of blocks that the story names, and hold.
    pub fn roots_hold(&self) -> bool {
        self.roots.as_ref().is_none_or(|roots| proofs::roots(self, roots).is_ok())
    }

    /// Verifies all of it, with nothing but the id of the network that it should be of.
    ///
    /// # Errors
    /// [`Error::Dossier`] when it is of another version or has more entries than can be. What does not hold is in the
    /// report.
    pub fn verify(&self, expected: NetworkId) -> Result<Report, Error> {
        let refuse = |field: &str, problem: String| Err(Error::Dossier { field: field.to_owned(), problem });
        if self.version != VERSION {
            let problem = format!("is {}, this software knows {VERSION}; upgrade it", self.version);
            return refuse("version", problem);
        }
        if self.entries.len() > MAX_ENTRIES {
            return refuse("entries", format!("are {}; at most {MAX_ENTRIES}", self.entries.len()));
        }
        Ok(proofs::report(self, expected))
    }
}

#[cfg(test)]
mod tests;
