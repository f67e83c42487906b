//! One guardian, as the guardian that speaks sees it.

use super::calendar::Moment;
use super::schema;
use crate::snapshot::Snapshot;
use crypto::spec::{Checkpoint, Epoch, Root, Slot};
use guardian_core::guardian_set::{GuardianIndex, Member};
use guardian_core::policy::Enforcement;
use guardian_core::proposal::RuleKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Epochs without a heartbeat after which a guardian does not count as alive; each says one an epoch.
const ALIVE_EPOCHS: u64 = 2;

/// One guardian.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GuardianView {
    /// Its number in the set, from 1.
    #[schema(value_type = u16, example = 1)]
    pub index: GuardianIndex,
    /// Its name.
    #[schema(example = "north")]
    pub name: String,
    /// Its libp2p PeerId: the key it signs with.
    pub peer_id: String,
    /// Its account in the contracts.
    #[schema(value_type = Option<schema::Account>)]
    pub account: Option<crypto::execution::Address>,
    /// Whether it is the guardian that says all this.
    pub speaks: bool,
    /// Whether it was heard within the last two epochs.
    pub alive: bool,
    /// Whether the guardian that speaks is connected to it; of itself, true.
    pub connected: bool,
    /// When it was heard last.
    pub last_heard: Option<Moment>,
    /// Its software version, as it declares it.
    #[schema(example = "0.1.0")]
    pub version: Option<String>,
    /// The clients it runs, as it declares them.
    pub clients: Option<Clients>,
    /// The head it saw when it was heard last.
    pub head: Option<Moment>,
    /// The checkpoint it saw as finalized then.
    pub finalized: Option<CheckpointView>,
    /// How many validators it holds shares of, as it says.
    pub shares: Option<u64>,
    /// Of how many it proved today or yesterday that the share works.
    pub proven: Option<u64>,
    /// By which rules it votes and signs, as it says.
    pub enforces: Vec<String>,
    /// Whether it wishes the network paused.
    pub wishes_pause: bool,
    /// How many faults of its the guardian that speaks has seen.
    pub faults: u64,
}

/// The software a guardian declares to run beside itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Clients {
    /// Consensus clients, such as `lighthouse`.
    pub consensus: Vec<String>,
    /// Execution clients, such as `reth`.
    pub execution: Vec<String>,
}

/// A finalized checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckpointView {
    /// Its epoch.
    #[schema(value_type = u64, example = 300_000)]
    pub epoch: Epoch,
    /// The block's root.
    #[schema(value_type = schema::Hash)]
    pub root: Root,
    /// When the epoch began, Unix seconds.
    pub at: u64,
}

impl CheckpointView {
    pub(crate) fn of(snapshot: &Snapshot, checkpoint: Checkpoint) -> Self {
        let at = snapshot.calendar().epoch_at(checkpoint.epoch);
        Self { epoch: checkpoint.epoch, root: checkpoint.root, at }
    }
}

impl Clients {
    /// None where nothing is declared.
    fn of(declared: &guardian_core::message::Clients) -> Option<Self> {
        let guardian_core::message::Clients { beacon, execution } = declared;
        let is_empty = beacon.is_empty() && execution.is_empty();
        (!is_empty).then(|| Self { consensus: beacon.clone(), execution: execution.clone() })
    }
}

impl GuardianView {
    pub(crate) fn of(snapshot: &Snapshot, member: &Member) -> Self {
        let status = snapshot.status();
        let me = member.index == status.guardian;
        let proven = status.readiness.iter().find(|one| one.guardian == member.index).map(|one| one.proven);
        let faults = status.faults.iter().filter(|fault| fault.guardian == member.index).count();
        let seen = if me { Seen::own(snapshot) } else { Seen::of(snapshot, member.index) };
        Self {
            index: member.index,
            name: member.name.clone(),
            peer_id: member.peer_id.clone(),
            account: member.account,
            speaks: me,
            alive: seen.heard.is_some_and(|slot| is_alive(snapshot, slot)),
            connected: seen.connected,
            last_heard: seen.heard.map(|slot| snapshot.calendar().moment(slot)),
            version: seen.version,
            clients: seen.clients,
            head: seen.head.map(|slot| snapshot.calendar().moment(slot)),
            finalized: seen.finalized.map(|checkpoint| CheckpointView::of(snapshot, checkpoint)),
            shares: seen.shares,
            proven,
            enforces: seen.enforces,
            wishes_pause: status.pauses.wished_by.contains(&member.index),
            faults: u64::try_from(faults).unwrap_or(u64::MAX),
        }
    }
}

fn is_alive(snapshot: &Snapshot, heard: Slot) -> bool {
    let calendar = snapshot.calendar();
    let now = calendar.epoch_of(snapshot.status().slot);
    now.0.saturating_sub(calendar.epoch_of(heard).0) <= ALIVE_EPOCHS
}

/// What is known of one guardian, whoever it is.
#[derive(Default)]
struct Seen {
    connected: bool,
    heard: Option<Slot>,
    version: Option<String>,
    head: Option<Slot>,
    finalized: Option<Checkpoint>,
    shares: Option<u64>,
    enforces: Vec<String>,
    clients: Option<Clients>,
}

impl Seen {
    fn own(snapshot: &Snapshot) -> Self {
        let status = snapshot.status();
        let enforced = status.enforcement.iter().filter(|(_, one)| one.here == Enforcement::Enforce);
        Self {
            connected: true,
            heard: Some(status.slot),
            version: (!status.version.is_empty()).then(|| status.version.clone()),
            head: status.head,
            finalized: status.finalized,
            shares: u64::try_from(status.validators.len()).ok(),
            enforces: enforced.map(|(rule, _)| rule.clone()).collect(),
            clients: Clients::of(&status.clients),
        }
    }

    fn of(snapshot: &Snapshot, index: GuardianIndex) -> Self {
        let Some(peer) = snapshot.status().peers.iter().find(|peer| peer.guardian == index) else {
            return Self::default();
        };
        let Some((heard, said)) = &peer.heartbeat else {
            return Self { connected: peer.connected, ..Self::default() };
        };
        let rules = [
            (RuleKind::Offline, said.enforces.offline),
            (RuleKind::Tickets, said.enforces.tickets),
            (RuleKind::Balance, said.enforces.balance),
            (RuleKind::Emergency, said.enforces.emergency),
        ];
        Self {
            connected: peer.connected,
            heard: Some(*heard),
            version: Some(said.version.clone()),
            head: Some(said.head),
            finalized: Some(said.finalized),
            shares: Some(said.shares.into()),
            enforces: rules.iter().filter(|(_, on)| *on).map(|(rule, _)| rule.code().to_owned()).collect(),
            clients: Clients::of(&said.clients),
        }
    }
}

#[cfg(test)]
mod tests;
