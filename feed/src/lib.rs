//! What guardians publish, and how anybody verifies it without trusting who served it. Pure: bytes in, verdicts out.
//!
//! | module | holds |
//! |---|---|
//! | [`origin`] | which log: the names in notes |
//! | [`key`] | the log's Ed25519 key, and the identity's word for it |
//! | [`checkpoint`], [`note`] | size and root of a log; signing, cosigning, verifying them |
//! | [`tree`], [`tile`] | proofs over the log; the pieces it is served in |
//! | [`entry`], [`fact`] | what an entry tells, and which journal records become entries |
//! | [`story`], [`dossier`], [`report`] | one forced exit: told, proven, verified |
//! | [`roots`] | block headers and account proofs of both layers |
//! | [`visit`] | a log looked at again, one entry of it; two logs side by side |
//! | [`base64_text`] | bytes in JSON |
//! | [`witness`] | when a guardian cosigns another's checkpoint |
//!
//! # What a reader has to trust
//!
//! One number: the network id. It is the hash of the definition, which names the guardians' identity keys; these bind the
//! feed keys, these sign the checkpoints, and a checkpoint commits to every entry of the log.

#![forbid(unsafe_code)]

pub mod base64_text;
pub mod checkpoint;
pub mod dossier;
pub mod entry;
pub mod fact;
pub mod key;
pub mod note;
pub mod origin;
pub mod report;
pub mod roots;
pub mod story;
pub mod tile;
pub mod tree;
pub mod visit;
pub mod witness;

mod error;
#[cfg(test)]
mod scene;
mod trie;

pub use checkpoint::{Checkpoint, checkpoint_digest, cosign, group_line, sign};
pub use dossier::Dossier;
pub use entry::Entry;
pub use error::Error;
pub use fact::Fact;
pub use key::{FeedKey, FeedPublicKey, KeyBinding};
pub use note::{Keys, Verified, verify_note, with_lines};
pub use origin::Origin;
pub use report::Report;
pub use tile::TilePath;
