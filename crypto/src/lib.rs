//! Keys, shares and signing roots: the cryptography of the guardian network.
//!
//! A leaf crate: no clock, no files, no network, no async. Randomness is always an argument.
//!
//! | module | holds | source |
//! |---|---|---|
//! | [`spec`] | slots, epochs, roots, fork versions, domains | consensus-specs |
//! | [`exit`] | `VoluntaryExit`, its root and its signing root | consensus-specs, EIP-7044 |
//! | [`validator`] | registry entries and statuses | Beacon API |
//! | [`threshold`] | `Threshold` and `ShareIndex`; the only quorum arithmetic | |

pub mod custody;
pub mod exit;
pub mod keys;
pub mod keystore;
pub mod partial;
pub mod password;
pub mod spec;
pub mod threshold;
pub mod validator;
pub mod vault;

mod batch;
mod combine;
mod error;
mod group;
mod hashed_roots;
mod lagrange;
pub mod wire;

pub use error::Error;
pub use group::HashedRoot;
pub use hashed_roots::HashedRoots;
