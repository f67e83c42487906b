//! The same work with `blsttc` 8: the same keys and shares, t partials of 96 bytes each. (Its hash-to-curve tag is not
//! Ethereum's, so its signatures are others; the cost is the same.)

use crate::workload::Workload;
use blsttc::{PublicKeySet, PublicKeyShare, SecretKeyShare, SignatureShare};
use crypto::spec::Root;
use std::hint::black_box;

pub(crate) struct Exit {
    key_set: PublicKeySet,
    public_shares: Vec<PublicKeyShare>,
    pub(crate) share: SecretKeyShare,
    pub(crate) root: Root,
    /// t partials, positions 0..t.
    partials: Vec<[u8; 96]>,
}

impl Exit {
    pub(crate) fn new(
        key_set: &crypto::keys::PublicKeySet,
        shares: &[crypto::keys::SecretKeyShare],
        root: Root,
        t: u16,
    ) -> Self {
        let key_set = PublicKeySet::from_bytes(key_set.to_bytes()).unwrap();
        let shares: Vec<_> =
            shares.iter().map(|share| SecretKeyShare::from_bytes(*share.to_bytes()).unwrap()).collect();
        let t = usize::from(t);
        let partials = shares[..t].iter().map(|share| share.sign(root.0).to_bytes()).collect();
        let public_shares = (0..t).map(|position| key_set.public_key_share(position)).collect();
        Self { key_set, public_shares, share: shares[0].clone(), root, partials }
    }

    fn parse(&self) -> Vec<SignatureShare> {
        self.partials.iter().map(|bytes| SignatureShare::from_bytes(*bytes).unwrap()).collect()
    }

    pub(crate) fn combine_and_verify(&self, partials: &[SignatureShare]) -> [u8; 96] {
        let signature = self.key_set.combine_signatures(partials.iter().enumerate()).unwrap();
        assert!(self.key_set.public_key().verify(&signature, self.root.0));
        signature.to_bytes()
    }
}

/// Parse, combine, verify the result.
pub(crate) fn verify_once(work: &Workload) {
    for exit in &work.exits {
        black_box(exit.blsttc.combine_and_verify(&exit.blsttc.parse()));
    }
}

/// Parse, verify every partial as the crate's documentation does, combine, verify the result.
pub(crate) fn verify_every_partial(work: &Workload) {
    for exit in work.exits.iter().map(|exit| &exit.blsttc) {
        let partials = exit.parse();
        for (position, partial) in partials.iter().enumerate() {
            assert!(exit.key_set.public_key_share(position).verify(partial, exit.root.0));
        }
        black_box(exit.combine_and_verify(&partials));
    }
}

/// The same with the public key shares computed beforehand.
pub(crate) fn verify_every_partial_cached(work: &Workload) {
    for exit in work.exits.iter().map(|exit| &exit.blsttc) {
        let partials = exit.parse();
        for (key, partial) in exit.public_shares.iter().zip(&partials) {
            assert!(key.verify(partial, exit.root.0));
        }
        black_box(exit.combine_and_verify(&partials));
    }
}
