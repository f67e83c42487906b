//! The signing path as a guardian's process has it: the journal on the disk, the signing and the joining each on a thread of
//! its own, and the loop that waits for them.

use crate::phase::Phase;
use crypto::exit::{SignedVoluntaryExit, VoluntaryExit};
use crypto::keys::{PublicKeySet, SecretKey, SecretKeyShare};
use crypto::partial::{CombineJob, Combined, PartialSignature, combine, verify_partial};
use crypto::spec::{BlsSignature, Epoch, ForkSchedule, Slot, ValidatorIndex};
use crypto::threshold::Threshold;
use guardian::Store;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::message::Partial;
use guardian_core::proposal::ProposalId;
use guardian_core::record::Record;
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Between two exits.
const PACE: Duration = Duration::from_millis(50);

/// The guardian that is measured.
const ME: GuardianIndex = GuardianIndex(1);

/// A guardian's store and shares.
pub(crate) struct Path {
    store: Arc<Store>,
    forks: ForkSchedule,
    key_set: Arc<PublicKeySet>,
    shares: Arc<Vec<SecretKeyShare>>,
    next: u64,
    _directory: tempfile::TempDir,
}

impl Path {
    pub(crate) fn new(definition: &NetworkDefinition) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), definition.id(), ME).unwrap();
        let mut rng = StdRng::seed_from_u64(7);
        let (key_set, shares) = SecretKey::generate(&mut rng).split(Threshold::new(3, 4).unwrap(), &mut rng);
        Self {
            store: Arc::new(store),
            forks: definition.chain.forks.clone(),
            key_set: Arc::new(key_set),
            shares: Arc::new(shares),
            next: 0,
            _directory: directory,
        }
    }

    async fn append(&self, record: Record) {
        let store = Arc::clone(&self.store);
        tokio::task::spawn_blocking(move || store.append(&[record])).await.unwrap().unwrap();
    }

    /// From the decision to the exit that the beacon chain takes.
    async fn sign(&mut self) {
        self.next += 1;
        let exit = VoluntaryExit { epoch: Epoch(self.next), validator_index: ValidatorIndex(self.next) };
        let root = exit.signing_root(&self.forks, exit.epoch);
        let mut id = [0; 32];
        id[..8].copy_from_slice(&self.next.to_le_bytes());
        let (proposal, at) = (ProposalId(id), Slot(self.next));
        self.append(Record::Released { proposal, at }).await;

        let (key_set, shares) = (Arc::clone(&self.key_set), Arc::clone(&self.shares));
        let signing = move || {
            let own = shares[0].sign(root);
            assert!(verify_partial(&key_set.public_share(own.index), root, &own.signature));
            own
        };
        let own = tokio::task::spawn_blocking(signing).await.unwrap();
        let partial = Partial { proposal, index: own.index, signature: own.signature };
        self.append(Record::PartialHeld { from: ME, partial, envelope: None, at }).await;

        let (key_set, shares) = (Arc::clone(&self.key_set), Arc::clone(&self.shares));
        let joining = move || -> BlsSignature {
            let others = shares[1..3].iter().map(|share| share.sign(root));
            let partials: Vec<PartialSignature> = std::iter::once(own).chain(others).collect();
            let job = CombineJob { key_set: &key_set, signing_root: root, partials: &partials };
            match combine(&[job], &mut rand::rng()).as_slice() {
                [Combined::Signature { signature, .. }] => *signature,
                other => panic!("{other:?}"),
            }
        };
        let signature = tokio::task::spawn_blocking(joining).await.unwrap();
        let exit = SignedVoluntaryExit { message: exit, signature };
        self.append(Record::Combined { proposal, exit, culprits: Vec::new(), at }).await;
    }
}

/// Signs exits at a steady pace. A latency counts from when the exit was due.
pub(crate) async fn measure(path: &mut Path, duration: Duration) -> Phase {
    let started = Instant::now();
    let mut latencies = Vec::new();
    let mut due = Duration::ZERO;
    while due < duration {
        tokio::time::sleep_until((started + due).into()).await;
        path.sign().await;
        latencies.push(started.elapsed() - due);
        due += PACE;
    }
    Phase::new(latencies)
}
