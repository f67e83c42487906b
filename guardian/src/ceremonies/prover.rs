//! The prover: makes this guardian's daily proof that it holds working shares, and verifies the others'. A thread of its
//! own: with thousands of validators it takes seconds.

use crate::Error;
use crate::node::Arrival;
use crate::shares::Keyring;
use crypto::ciphersuite::Bls12381;
use crypto::keys::PublicKeySet;
use crypto::possession::{Proof, Statement};
use crypto::sharing::{Commitments, Share};
use crypto::threshold::ShareIndex;
use guardian_core::Event;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use guardian_core::readiness::{KeyName, MAX_KEYS, MAX_PARTS, Readiness};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use tokio::sync::mpsc;
use tracing::{debug, warn};

/// What the prover is told.
pub enum Proving {
    /// Prove this day.
    Prove(u64),
    /// Verify another guardian's part.
    Check(GuardianIndex, Readiness),
}

/// The keys that are held, by their short names; read again when there is one that is not among them.
struct Keys {
    keyring: Keyring,
    by_name: BTreeMap<KeyName, PublicKeySet>,
}

fn name_of(set: &PublicKeySet) -> KeyName {
    let mut name = KeyName::default();
    name.copy_from_slice(&set.id().0[..8]);
    name
}

fn context(network: NetworkId, day: u64, part: u16) -> [u8; 32] {
    let digest = Sha256::new().chain_update(b"guardian/readiness/v1\0").chain_update(network.0);
    digest.chain_update(day.to_be_bytes()).chain_update(part.to_be_bytes()).finalize().into()
}

impl Keys {
    fn refresh(&mut self) -> Result<(), Error> {
        self.by_name = self.keyring.key_sets()?.into_iter().map(|set| (name_of(&set), set)).collect();
        Ok(())
    }

    /// The sets of these names, if all are held.
    fn find(&mut self, names: &[KeyName]) -> Result<Option<Vec<PublicKeySet>>, Error> {
        if names.iter().any(|name| !self.by_name.contains_key(name)) {
            self.refresh()?;
        }
        Ok(names.iter().map(|name| self.by_name.get(name).cloned()).collect())
    }

    fn prove(&mut self, network: NetworkId, day: u64) -> Result<Vec<Readiness>, Error> {
        self.refresh()?;
        let mut sets: Vec<PublicKeySet> = self.by_name.values().cloned().collect();
        sets.sort_by_key(PublicKeySet::public_key);
        let chunks: Vec<&[PublicKeySet]> = sets.chunks(MAX_KEYS).take(MAX_PARTS.into()).collect();
        let parts = u16::try_from(chunks.len()).unwrap_or(MAX_PARTS);
        (0u16..)
            .zip(chunks)
            .map(|(part, chunk)| {
                let shares = self.keyring.open(chunk)?;
                let shares: Vec<Share<Bls12381>> = shares.iter().map(Share::from).collect();
                let keys: Vec<Commitments<Bls12381>> = chunk.iter().map(Commitments::from).collect();
                let statement =
                    Statement::new(&context(network, day, part), &keys.iter().collect::<Vec<_>>())?;
                let proof = statement.prove(&shares.iter().collect::<Vec<_>>(), &mut rand::rng())?;
                let keys = chunk.iter().map(name_of).collect();
                Ok(Readiness { day, part, parts, keys, proof: proof.to_bytes() })
            })
            .collect()
    }

    fn check(
        &mut self,
        network: NetworkId,
        from: GuardianIndex,
        readiness: &Readiness,
    ) -> Result<Event, Error> {
        let (day, part) = (readiness.day, readiness.part);
        let Some(sets) = self.find(&readiness.keys)? else {
            return Ok(Event::ReadinessChecked { from, day, part, validators: None, valid: false });
        };
        let keys: Vec<Commitments<Bls12381>> = sets.iter().map(Commitments::from).collect();
        let statement = Statement::new(&context(network, day, part), &keys.iter().collect::<Vec<_>>());
        let valid = match (statement, Proof::from_bytes(&readiness.proof), ShareIndex::new(from.0)) {
            (Ok(statement), Ok(proof), Ok(holder)) => statement.verify(holder, &proof),
            _ => false,
        };
        let validators = Some(sets.iter().map(PublicKeySet::public_key).collect());
        Ok(Event::ReadinessChecked { from, day, part, validators, valid })
    }
}

/// Does what it is told until nobody can tell it any more. Blocking.
pub(crate) fn run(
    keyring: Option<Keyring>,
    network: NetworkId,
    mut orders: mpsc::Receiver<Proving>,
    inbox: &mpsc::Sender<Arrival>,
) {
    let mut keys = keyring.map(|keyring| Keys { keyring, by_name: BTreeMap::new() });
    while let Some(order) = orders.blocking_recv() {
        let Some(keys) = &mut keys else { continue };
        let event = match order {
            Proving::Prove(day) => keys.prove(network, day).map(|parts| Event::ReadinessProven { parts }),
            Proving::Check(from, readiness) => keys.check(network, from, &readiness),
        };
        match event {
            Ok(event) => {
                if inbox.blocking_send(event.into()).is_err() {
                    return;
                }
            }
            Err(Error::StoreDamaged { path, problem }) => {
                warn!(path = %path.display(), problem, "this guardian cannot prove that its shares work");
            }
            Err(problem) => debug!(%problem, "no proof of readiness now"),
        }
    }
}
