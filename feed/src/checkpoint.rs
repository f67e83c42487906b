//! A checkpoint: how long a log is and the root of its tree, and what is signed about that.
//!
//! Format: C2SP `tlog-checkpoint`, `signed-note`, `tlog-cosignature`. A note is the checkpoint's three lines, an empty one,
//! and signature lines `— <key name> <base64 of key id and signature>`:
//!
//! | who | type | key name | signature |
//! |---|---|---|---|
//! | the log | 0x01 | its origin | Ed25519, 64 bytes, over the three lines |
//! | a witness | 0x04 | [`Origin::witness_name`] | time, 8 bytes big-endian, then Ed25519 over `cosignature/v1` |
//! | the network | 0xff | [`Origin::group_name`] | slot, 8 bytes big-endian, then 65 bytes over [`checkpoint_digest`] |

use crate::base64_text;
use crate::error::Error;
use crate::key::{FeedKey, FeedPublicKey};
use crate::origin::Origin;
use crypto::group_key::{GroupPublicKey, GroupSignature};
use crypto::spec::Slot;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use sha2::{Digest, Sha256};

/// Signature type of a log's Ed25519 key (C2SP signed-note).
const ED25519: u8 = 0x01;
/// Signature type of a witness (C2SP tlog-cosignature).
const COSIGNATURE: u8 = 0x04;
/// Signature type "unspecified", which is followed by a name of our own.
const OTHER: u8 = 0xff;
/// That name.
const GROUP_TYPE: &[u8] = b"guardian-network group signature v1";

/// The state of one log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// How many entries it has.
    pub size: u64,
    /// The root of its tree (RFC 6962).
    pub root: [u8; 32],
}

impl Checkpoint {
    /// The three lines that are signed.
    pub fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, base64_text::encode(&self.root))
    }

    /// Reads exactly what [`Checkpoint::body`] writes.
    ///
    /// # Errors
    /// [`Error::Origin`], [`Error::Note`].
    pub fn parse(body: &str) -> Result<Self, Error> {
        let read = tlog_tiles::Checkpoint::from_bytes(body.as_bytes());
        let read = read.map_err(|_| Error::Note("it is not an origin, a size and a root, a line each"))?;
        let checkpoint =
            Checkpoint { origin: read.origin().parse()?, size: read.size(), root: read.hash().0 };
        if checkpoint.body() != body {
            return Err(Error::Note("it has more lines than an origin, a size and a root"));
        }
        Ok(checkpoint)
    }
}

/// What the network's own key signs about a checkpoint; when it was opened is not covered.
pub fn checkpoint_digest(checkpoint: &Checkpoint) -> [u8; 32] {
    let origin = &checkpoint.origin;
    Sha256::new()
        .chain_update(b"guardian/checkpoint-signature/v1")
        .chain_update(origin.network.0)
        .chain_update(origin.guardian.0.to_le_bytes())
        .chain_update(origin.life.0.to_le_bytes())
        .chain_update(checkpoint.size.to_le_bytes())
        .chain_update(checkpoint.root)
        .finalize()
        .into()
}

/// The whole note, signed by the log.
pub fn sign(checkpoint: &Checkpoint, key: &FeedKey) -> Vec<u8> {
    let body = checkpoint.body();
    let name = checkpoint.origin.to_string();
    let line = line(&name, log_key_id(&name, &key.public()), &[&key.sign(body.as_bytes())]);
    format!("{body}\n{line}").into_bytes()
}

/// One line by which a guardian says that at this time, unix seconds, it had seen this checkpoint and that it extends every
/// earlier one it had cosigned for that log.
pub fn cosign(checkpoint: &Checkpoint, key: &FeedKey, witness: GuardianIndex, unix_time: u64) -> String {
    let name = Origin::witness_name(checkpoint.origin.network, witness);
    let signature = key.sign(&cosigned(&checkpoint.body(), unix_time));
    line(&name, witness_key_id(&name, &key.public()), &[&unix_time.to_be_bytes(), &signature])
}

/// One line by which the network says so with its own key; `opened` is the slot at which the signature was asked for.
pub fn group_line(
    checkpoint: &Checkpoint,
    opened: Slot,
    key: &GroupPublicKey,
    signature: &GroupSignature,
) -> String {
    let network: NetworkId = checkpoint.origin.network;
    let name = Origin::group_name(network);
    line(&name, group_key_id(&name, key), &[&opened.0.to_be_bytes(), &signature.to_bytes()])
}

/// What a witness signs.
pub(crate) fn cosigned(body: &str, unix_time: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {unix_time}\n{body}").into_bytes()
}

pub(crate) fn log_key_id(name: &str, key: &FeedPublicKey) -> u32 {
    signed_note::key_id(name, &[&[ED25519], key.0.as_slice()].concat())
}

pub(crate) fn witness_key_id(name: &str, key: &FeedPublicKey) -> u32 {
    signed_note::key_id(name, &[&[COSIGNATURE], key.0.as_slice()].concat())
}

pub(crate) fn group_key_id(name: &str, key: &GroupPublicKey) -> u32 {
    signed_note::key_id(name, &[&[OTHER], GROUP_TYPE, key.to_bytes().as_slice()].concat())
}

fn line(name: &str, id: u32, parts: &[&[u8]]) -> String {
    let bytes = [id.to_be_bytes().as_slice(), &parts.concat()].concat();
    format!("— {name} {}\n", base64_text::encode(&bytes))
}

/// The log's key in the text form of C2SP signed-note: `<name>+<id, 8 hex>+<base64 of type and key>`.
pub fn verifier_key(origin: &Origin, key: &FeedPublicKey) -> String {
    let name = origin.to_string();
    let id = log_key_id(&name, key);
    format!("{name}+{id:08x}+{}", base64_text::encode(&[&[ED25519], key.0.as_slice()].concat()))
}

/// As [`verifier_key`], of a guardian as a witness.
pub fn witness_verifier_key(network: NetworkId, witness: GuardianIndex, key: &FeedPublicKey) -> String {
    let name = Origin::witness_name(network, witness);
    let id = witness_key_id(&name, key);
    format!("{name}+{id:08x}+{}", base64_text::encode(&[&[COSIGNATURE], key.0.as_slice()].concat()))
}

#[cfg(test)]
mod tests;
