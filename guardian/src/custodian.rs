//! The custodian: takes what the contracts logged, judges every registration, and keeps this guardian's shares.
//!
//! ```text
//! chain-watcher -- Scan --> judge --> store (durable) --> signer --> core: CustodyLoaded, ContractsScanned
//! ```
//!
//! # Design decisions
//! - The store first. A share is on the disk before the signer has it and before the core hears of its scan, and the
//!   core journals a scan as one record. Cut off anywhere, the same scan comes again and ends the same: the verdicts
//!   follow from the journal and the scan alone, and keeping a share twice is keeping it once.
//! - One scan at a time, away from the async threads; the watcher waits meanwhile, so nothing piles up.
//! - A defective registration is a verdict, never an error. Errors are ours (the store), and stop the node.
//! - A share is replaced only when the registration it came from was skipped; one that the operator imported, never.

mod examination;
mod register;

pub use register::Register;

use crate::node::Arrival;
use crate::progress::Progress;
use crate::shares::{Adoption, Source};
use crate::signer::{Errand, HeldShare};
use crate::{Error, Shares, observe};
use chain_watcher::execution::ExecutionObservation;
use crypto::custody::CustodySecretKey;
use crypto::execution::{ContractEvent, Log, Registration, Scan};
use crypto::keys::{PublicKeySet, SecretKeyShare};
use crypto::registration::Verdict;
use crypto::spec::{BlsPubkey, ForkVersion};
use crypto::threshold::Threshold;
use examination::{Examined, Examiner};
use guardian_core::Event;
use guardian_core::event::Custody;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::registration::{JudgedEvent, JudgedLog, Registered, ScanReport};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Everything the custodian knows and holds.
pub struct Custodian {
    examiner: Examiner,
    shares: Shares,
    register: Register,
    progress: Progress,
}

/// What came of one scan; its shares are on the disk.
pub struct Taken {
    /// For the core: the scan, judged.
    pub report: ScanReport,
    /// For the signer: shares that are new or replace another one.
    pub held: Vec<HeldShare>,
}

/// A share about to be kept, the last one of its validator in a scan.
struct Kept {
    key_set: PublicKeySet,
    share: SecretKeyShare,
    source: Source,
}

impl Custodian {
    /// A custodian for guardian `me`, that goes on from what `register` remembers. The data key of `shares` exists.
    ///
    /// # Errors
    /// [`Error::Crypto`] when `me` is no place for a share.
    pub fn new(
        definition: &NetworkDefinition,
        me: GuardianIndex,
        key: Arc<CustodySecretKey>,
        shares: Shares,
        register: Register,
    ) -> Result<Self, Error> {
        let threshold: Threshold = definition.guardian_set.threshold;
        // `GENESIS_FORK_VERSION` is the first fork's, also where later ones begin in epoch 0. A schedule is never empty.
        let first = definition.chain.forks.forks().first();
        let genesis = first.map_or(ForkVersion([0; 4]), |fork| fork.version);
        let examiner = Examiner::new(key, me, threshold, genesis)?;
        let deployed =
            definition.contracts.as_ref().map_or_else(Default::default, |contracts| contracts.deployed);
        Ok(Self { examiner, shares, register, progress: Progress::new(deployed) })
    }

    /// Takes one scan: judges, then keeps what is to be kept. Blocking: about 3 ms a registration and core.
    ///
    /// # Errors
    /// The store's; nothing of the scan may be told to anybody then.
    pub fn take(&mut self, scan: Scan) -> Result<Taken, Error> {
        let Scan { from, to, logs } = scan;
        let registrations: Vec<&Registration> = logs.iter().filter_map(registration).collect();
        self.progress.registered(registrations.len());
        let mut examined = self.examiner.examine(&registrations).into_iter();
        let mut kept = BTreeMap::new();
        let mut judged = Vec::with_capacity(logs.len());
        for Log { block, index, timestamp, event } in &logs {
            let event = match event {
                ContractEvent::Registered(registration) => {
                    // As many as there are registrations, in their order.
                    let Some(examined) = examined.next() else { break };
                    JudgedEvent::Registered(self.judge(registration, examined, &mut kept))
                }
                ContractEvent::Provisioned(id) => JudgedEvent::Provisioned(*id),
                ContractEvent::Skipped(id) => {
                    self.register.skip(id);
                    JudgedEvent::Skipped(*id)
                }
                ContractEvent::Exited { id, burned } => JudgedEvent::Exited { id: *id, burned: *burned },
                ContractEvent::TicketsDeposited { operator, amount } => {
                    JudgedEvent::TicketsDeposited { operator: *operator, amount: *amount }
                }
                ContractEvent::TicketsWithdrawn { operator, amount } => {
                    JudgedEvent::TicketsWithdrawn { operator: *operator, amount: *amount }
                }
                ContractEvent::ExitProposed(proposed) => JudgedEvent::ExitProposed(proposed.clone()),
                ContractEvent::ExitCancelled { number, by } => {
                    JudgedEvent::ExitCancelled { number: *number, by: *by }
                }
            };
            judged.push(JudgedLog { block: *block, index: *index, timestamp: *timestamp, event });
        }
        let kept: Vec<Adoption> = kept
            .into_values()
            .map(|Kept { key_set, share, source }| Adoption { key_set, share, source })
            .collect();
        self.shares.adopt(&kept, &mut rand::rng())?;
        let held =
            kept.into_iter().map(|adopted| HeldShare { key_set: adopted.key_set, share: adopted.share });
        Ok(Taken { report: ScanReport { from, to, logs: judged }, held: held.collect() })
    }

    /// The verdict on one registration, with what was registered and kept before it.
    fn judge(
        &mut self,
        registration: &Registration,
        examined: Examined,
        kept: &mut BTreeMap<BlsPubkey, Kept>,
    ) -> Registered {
        let id = registration.id;
        let pubkey = BlsPubkey::try_from(&registration.pubkey[..]).ok();
        let told = |key_set, verdict| Registered {
            id,
            operator: registration.operator,
            pubkey,
            key_set,
            transaction: registration.transaction,
            verdict,
        };
        let Examined { sound, share } = examined;
        let sound = match sound {
            Ok(sound) => sound,
            Err(verdict) => return told(None, verdict),
        };
        let split = Some(sound.key_set.id());
        if !self.register.register(sound.pubkey, id) {
            return told(split, Verdict::DuplicateKey);
        }
        let share = match share {
            Ok(share) => share,
            Err(verdict) => return told(split, verdict),
        };
        let held = match kept.get(&sound.pubkey) {
            Some(kept) => Some((kept.source, &kept.key_set)),
            None => self.shares.held(&sound.pubkey),
        };
        match held {
            Some((_, key_set)) if *key_set == sound.key_set => {}
            // An import, or the registration that counts: never to be replaced by another.
            Some((source, _)) if !self.is_spent(source) => return told(split, Verdict::OtherShareHeld),
            Some(_) | None => {
                let source = Source::Registered(id);
                kept.insert(sound.pubkey, Kept { key_set: sound.key_set, share, source });
            }
        }
        told(split, Verdict::Accepted)
    }

    /// Whether a share from `source` has nothing to stand for any more.
    fn is_spent(&self, source: Source) -> bool {
        match source {
            Source::Imported | Source::Ceremony => false,
            Source::Registered(id) => !self.register.is_live(&id),
        }
    }
}

fn registration(log: &Log) -> Option<&Registration> {
    match &log.event {
        ContractEvent::Registered(registration) => Some(registration),
        ContractEvent::Provisioned(_)
        | ContractEvent::Skipped(_)
        | ContractEvent::Exited { .. }
        | ContractEvent::TicketsDeposited { .. }
        | ContractEvent::TicketsWithdrawn { .. }
        | ContractEvent::ExitProposed(_)
        | ContractEvent::ExitCancelled { .. } => None,
    }
}

/// Carries what the execution nodes showed to the core, scans after they were taken, until either side is closed. A
/// store that fails is told through `failed`: the node must stop.
pub async fn run(
    custodian: Custodian,
    observations: mpsc::Receiver<ExecutionObservation>,
    signer: mpsc::Sender<Errand>,
    inbox: mpsc::Sender<Arrival>,
    failed: oneshot::Sender<Error>,
) {
    if let Err(problem) = carry(custodian, observations, &signer, &inbox).await {
        // Nobody to tell when the node is stopping already.
        let _ = failed.send(problem);
    }
}

async fn carry(
    mut custodian: Custodian,
    mut observations: mpsc::Receiver<ExecutionObservation>,
    signer: &mpsc::Sender<Errand>,
    inbox: &mpsc::Sender<Arrival>,
) -> Result<(), Error> {
    loop {
        let observation = tokio::select! {
            observation = observations.recv() => observation,
            () = inbox.closed() => return Ok(()),
        };
        let Some(observation) = observation else { return Ok(()) };
        let event = match observation {
            ExecutionObservation::Scanned(scan) => {
                let work = tokio::task::spawn_blocking(move || {
                    let taken = custodian.take(scan);
                    (custodian, taken)
                });
                let taken;
                (custodian, taken) =
                    work.await.map_err(|e| Error::Task { problem: format!("the custodian: {e}") })?;
                let Taken { report, held } = taken?;
                if !held.is_empty() {
                    let custody = held.iter().map(custody).collect();
                    // The signer lives as long as the loop; without it nothing is left to do.
                    if signer.send(Errand::Hold(held)).await.is_err() {
                        return Ok(());
                    }
                    if inbox.send(Event::CustodyLoaded(custody).into()).await.is_err() {
                        return Ok(());
                    }
                }
                Event::ContractsScanned(report)
            }
            other => {
                if let ExecutionObservation::Progress { scanned, target } = &other {
                    custodian.progress.at(*scanned, *target);
                }
                match observe::execution(other) {
                    Some(event) => event,
                    None => continue,
                }
            }
        };
        if inbox.send(event.into()).await.is_err() {
            return Ok(());
        }
    }
}

fn custody(held: &HeldShare) -> Custody {
    Custody { pubkey: held.key_set.public_key(), key_set: held.key_set.clone(), index: held.share.index() }
}

#[cfg(test)]
mod tests;
