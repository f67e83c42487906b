//! Signing and combining: symbolically for a thousand seeds, with real BLS shares for the story that proves the rest.

use crypto::keys::{KeySetId, PublicKeySet, SecretKey, SecretKeyShare};
use crypto::partial::{CombineJob, Combined, PartialSignature, SignatureShare, combine, verify};
use crypto::spec::{BlsPubkey, BlsSignature, Root};
use crypto::threshold::{ShareIndex, Threshold};
use guardian_core::command::{CombineOrder, ReleaseOrder};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Validators of a storm.
pub const VALIDATORS: usize = 4;

/// Validators that a story can have at little cost.
const FEW: usize = 16;

/// Most validators of a story: half a second of splitting, once in a process.
pub const MANY: usize = 500;

/// A validator's key set and shares.
#[derive(Debug)]
pub struct Keys {
    /// Its key.
    pub pubkey: BlsPubkey,
    /// Its commitments.
    pub set: PublicKeySet,
    /// Which split that is.
    pub id: KeySetId,
    shares: BTreeMap<ShareIndex, [u8; 32]>,
}

/// The same keys for all stories with one threshold shape: splitting costs more than a whole story. At least `number`.
pub fn keys(threshold: Threshold, number: usize) -> &'static [Keys] {
    static CELLS: [OnceLock<Vec<Keys>>; 4] = [const { OnceLock::new() }; 4];
    let (is_larger_set, are_many) = (threshold.n() != 4, number > FEW);
    CELLS[usize::from(is_larger_set) + 2 * usize::from(are_many)].get_or_init(|| {
        let mut rng = StdRng::seed_from_u64(u64::from(threshold.n()));
        (0..if are_many { MANY } else { FEW })
            .map(|_| {
                let (set, shares) = SecretKey::generate(&mut rng).split(threshold, &mut rng);
                Keys {
                    pubkey: set.public_key(),
                    id: set.id(),
                    set,
                    shares: shares.iter().map(|share| (share.index(), *share.to_bytes())).collect(),
                }
            })
            .collect()
    })
}

/// How signatures are made in a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// Bytes that follow from key, share and root; who does not know the rule cannot make them by accident.
    Symbolic,
    /// BLS.
    Real,
}

impl Signing {
    /// A guardian's partial signature.
    pub fn sign(self, order: &ReleaseOrder, index: ShareIndex, keys: &[Keys]) -> SignatureShare {
        match self {
            Self::Symbolic => symbolic_share(&order.pubkey(), index, &order.signing_root()),
            Self::Real => {
                let of_validator = keys.iter().find(|keys| keys.pubkey == order.pubkey());
                let bytes = of_validator.and_then(|keys| keys.shares.get(&index)).expect("a share of it");
                SecretKeyShare::new(index, bytes).expect("a valid share").sign(order.signing_root()).signature
            }
        }
    }

    /// Combines as the shell's worker does.
    pub fn combine(self, order: &CombineOrder, seed: u64) -> Combined {
        match self {
            Self::Symbolic => {
                let pubkey = order.key_set.public_key();
                let is_true = |(index, signature): &&(ShareIndex, SignatureShare)| {
                    *signature == symbolic_share(&pubkey, *index, &order.signing_root)
                };
                let (good, bad): (Vec<_>, Vec<_>) =
                    order.partials.iter().copied().partition(|partial| is_true(&partial));
                let culprits = bad.iter().map(|(index, _)| *index).collect();
                if good.len() >= usize::from(order.key_set.t()) {
                    Combined::Signature { signature: symbolic(&pubkey, &order.signing_root), culprits }
                } else {
                    Combined::Short { culprits }
                }
            }
            Self::Real => {
                let partials: Vec<_> = order
                    .partials
                    .iter()
                    .map(|(index, signature)| PartialSignature { index: *index, signature: *signature })
                    .collect();
                let job = CombineJob {
                    key_set: &order.key_set,
                    signing_root: order.signing_root,
                    partials: &partials,
                };
                let mut answers = combine(&[job], &mut StdRng::seed_from_u64(seed));
                answers.pop().expect("one answer a job")
            }
        }
    }

    /// Whether a combined signature is the validator's.
    pub fn verify(self, keys: &Keys, root: Root, signature: &BlsSignature) -> bool {
        match self {
            Self::Symbolic => *signature == symbolic(&keys.pubkey, &root),
            Self::Real => verify(&keys.set.group_key(), root, signature),
        }
    }
}

fn symbolic_share(pubkey: &BlsPubkey, index: ShareIndex, root: &Root) -> SignatureShare {
    let mut bytes = [0; SignatureShare::LEN];
    bytes[..48].copy_from_slice(&pubkey.0);
    bytes[48..80].copy_from_slice(&root.0);
    bytes[80..82].copy_from_slice(&index.get().to_le_bytes());
    SignatureShare(bytes)
}

fn symbolic(pubkey: &BlsPubkey, root: &Root) -> BlsSignature {
    let mut bytes = [0; BlsSignature::LEN];
    bytes[..48].copy_from_slice(&pubkey.0);
    bytes[48..80].copy_from_slice(&root.0);
    BlsSignature(bytes)
}
