//! Keys, shares and signing roots: the cryptography of the guardian network.
//!
//! A leaf crate: no clock, no files, no network, no async. Randomness is always an argument.
//!
//! | module | holds | source |
//! |---|---|---|
//! | [`spec`] | slots, epochs, roots, fork versions, domains | consensus-specs |
//! | [`header`] | `BeaconBlockHeader` and its root | consensus-specs |
//! | [`exit`] | `VoluntaryExit`, its root and its signing root | consensus-specs, EIP-7044 |
//! | [`deposit`] | `DepositMessage` and `DepositData`: roots, signing root, check | consensus-specs |
//! | [`validator`] | registry entries and statuses | Beacon API |
//! | [`threshold`] | `Threshold` and `ShareIndex`; the only quorum arithmetic | |
//! | [`keys`] | secret keys, shares, `PublicKeySet` (Shamir, Feldman) | Puffer's layout |
//! | [`partial`] | partial signatures: verify, combine, batch verify | draft-irtf-cfrg-bls-signature |
//! | [`execution`] | accounts, blocks, tickets, registrations as the contracts show them | Puffer's ABI |
//! | [`registration`] | what a registration is worth: one coded verdict | |
//! | [`typed_data`] | what a proposer signs with its account | EIP-712 |
//! | [`custody`] | a share sealed for one guardian (ECIES) | Puffer's layout |
//! | [`group_key`] | the network's own key: FROST signatures that a contract verifies | RFC 9591 |
//! | [`keystore`] | EIP-2335 keystores in and out | EIP-2335 |
//! | [`ciphersuite`] | BLS12-381 G1 as `frost-core` sees it | RFC 9591 |
//! | [`curve`] | the two curves keys are dealt on | |
//! | [`sharing`] | commitments and shares on either curve (Shamir, Feldman) | |
//! | [`seed`] | the 32 bytes all of a dealer's randomness comes from | RFC 5869 |
//! | [`dealing`] | what a dealer hands out, and the flaws it can have | |
//! | [`dkg`] | new keys that nobody ever held whole | the FROST paper, figure 1 |
//! | [`reshare`] | the same keys for another set of guardians, and lost shares rebuilt | Desmedt and Jajodia |
//! | [`possession`] | a proof of holding shares, one for all of them | Schnorr |
//! | [`envelope`] | bytes bound to a network, a sender and a time by the sender's identity key | |
//! | [`peer_id`] | the identity key inside a PeerId | libp2p specs |
//! | [`password`] | passwords and bounded key derivation | EIP-2335, RFC 7914, RFC 8018 |
//! | [`vault`] | secrets at rest under one wrapped data key | |
//!
//! # From a key to an exit
//!
//! ```
//! use crypto::keys::SecretKey;
//! use crypto::partial::{CombineJob, Combined, combine, verify};
//! use crypto::{spec::Root, threshold::Threshold};
//! # use rand::SeedableRng;
//! # let mut rng = rand::rngs::StdRng::seed_from_u64(1);
//! // The operator splits the validator's key 3-of-4 ...
//! let secret = SecretKey::generate(&mut rng);
//! let (key_set, shares) = secret.split(Threshold::new(3, 4)?, &mut rng);
//! // ... each guardian checks its share and, when the time has come, signs with it ...
//! let signing_root = Root([7; 32]);
//! key_set.verify_share(&shares[0])?;
//! let partials: Vec<_> = shares[1..].iter().map(|share| share.sign(signing_root)).collect();
//! // ... and any of them makes the validator's own signature of three parts.
//! let job = CombineJob { key_set: &key_set, signing_root, partials: &partials };
//! let [Combined::Signature { signature, culprits }] = &combine(&[job], &mut rng)[..] else { panic!() };
//! assert!(culprits.is_empty());
//! assert_eq!(*signature, secret.sign(signing_root));
//! assert!(verify(&key_set.group_key(), signing_root, signature));
//! # Ok::<(), crypto::Error>(())
//! ```
//!
//! # Design decisions
//!
//! - `blst` does the curve, behind one file (`group`) that alone may use `unsafe`. Secret scalars meet constant-time code
//!   only and are wiped when dropped; the types that hold them have no `Debug`.
//! - Combining is optimistic: partials are not verified, combined signatures are, all in one batch; `BENCHMARKS.md` has
//!   what that saves. Signatures handed out were always verified, with their subgroup check.
//! - A culprit is named for a job only when its partial for that very job was proven false.
//! - Misbehaviour is data ([`partial::Combined`]), bad input an [`Error`], which never carries secret bytes.
//! - Files from elsewhere are bounded before work is done for them: keystore size, memory and time of key derivation.
//! - Keys are dealt, handed over and repaired by code written once for both curves over `frost-core`'s traits. A public
//!   part must be checked before it can be concluded with (the type says so), and what is concluded is checked against
//!   the old keys and the new commitments; only when that fails is it asked which dealer was false.
//! - Not here: consensus, storage, the clock; and no signing of bytes chosen by a caller beyond a root, which is why the
//!   layer above recomputes the exit it signs.

pub mod ciphersuite;
pub mod curve;
pub mod custody;
pub mod dealing;
pub mod deposit;
pub mod dkg;
pub mod envelope;
pub mod execution;
pub mod exit;
pub mod group_key;
pub mod header;
pub mod keys;
pub mod keystore;
pub mod partial;
pub mod password;
pub mod peer_id;
pub mod possession;
pub mod registration;
pub mod reshare;
pub mod seed;
pub mod sharing;
pub mod spec;
pub mod threshold;
pub mod typed_data;
pub mod validator;
pub mod vault;

mod batch;
mod combine;
mod error;
mod group;
mod hashed_roots;
mod interpolation;
mod lagrange;
pub mod wire;

/// Here and not in `group`, so that the benchmarks can compile that file by itself.
#[cfg(test)]
#[path = "group/tests.rs"]
mod group_tests;

pub use error::Error;
pub use group::HashedRoot;
pub use hashed_roots::HashedRoots;
