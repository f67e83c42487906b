//! One look at the chain: what is asked of the nodes at a slot, and what of the answers is new.

use crate::attendance::{Attendance, Phase};
use crate::balances::Balances;
use crate::events::Hint;
use crate::finality::{self, Agreement, History};
use crate::liveness;
use crate::nodes::BeaconNodes;
use crate::observation::Observation;
use crate::validators::{self, StateId};
use crypto::exit::VoluntaryExit;
use crypto::spec::{BlsPubkey, Checkpoint, Epoch, Slot, ValidatorIndex};
use crypto::validator::Validator;
use futures::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::mpsc;

/// Most validators watched at once.
pub(crate) const MAX_WATCHED: usize = 65_536;
/// Up to this many are asked for at every head; more only once an epoch and when something points to one.
const EVERY_HEAD: usize = 512;
/// Exits remembered so that several nodes calling out one exit make one observation.
const EXITS: usize = 4096;
/// Most validators asked for between reports whether they came back.
const MAX_SUSPECTS: usize = 1000;

/// Nobody takes observations any more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stopped;

/// The nodes, what is watched, and what was seen and told already.
pub(crate) struct Lookout {
    pub(crate) nodes: BeaconNodes,
    watched: Vec<BlsPubkey>,
    known: BTreeMap<BlsPubkey, Validator>,
    attendance: Attendance,
    balances: Balances,
    exits: BTreeSet<VoluntaryExit>,
    told: Told,
    out: mpsc::Sender<Observation>,
}

#[derive(Default)]
struct Told {
    nodes: Option<(u16, u16, bool)>,
    disagreed: bool,
    head: Option<Slot>,
    head_epoch: Option<Epoch>,
    head_wanted: bool,
    finality: History,
}

impl Lookout {
    pub(crate) fn new(nodes: BeaconNodes, out: mpsc::Sender<Observation>) -> Self {
        Self {
            nodes,
            watched: Vec::new(),
            known: BTreeMap::new(),
            attendance: Attendance::default(),
            balances: Balances::default(),
            exits: BTreeSet::new(),
            told: Told::default(),
            out,
        }
    }

    /// Changes what is watched.
    pub(crate) fn watch(&mut self, mut keys: Vec<BlsPubkey>) {
        if keys.len() > MAX_WATCHED {
            tracing::error!(
                asked = keys.len(),
                watched = MAX_WATCHED,
                "too many validators: the rest is not watched"
            );
            keys.truncate(MAX_WATCHED);
        }
        let set: BTreeSet<_> = keys.iter().collect();
        self.known.retain(|key, _| set.contains(key));
        self.watched = keys;
        self.told.head_wanted = true;
    }

    /// Whether a node's hint is worth a look before the next slot. Exits are told at once.
    pub(crate) async fn hear(&mut self, position: usize, hint: Hint) -> Result<bool, Stopped> {
        // Only what comes from a node on our chain counts.
        if self.nodes.nodes.get(position).is_none_or(|node| node.synced_head().is_none()) {
            return Ok(false);
        }
        match hint {
            Hint::Head(slot) => Ok(self.told.head.is_none_or(|told| slot > told)),
            Hint::Finalized => Ok(true),
            Hint::Exit(exit) => {
                let watched = self.known.values().any(|validator| validator.index == exit.validator_index);
                if !watched || !self.exits.insert(exit) {
                    return Ok(false);
                }
                if self.exits.len() > EXITS {
                    self.exits.pop_first();
                }
                self.told.head_wanted = true;
                self.tell(Observation::ExitGossiped {
                    validator_index: exit.validator_index,
                    epoch: exit.epoch,
                })
                .await?;
                Ok(true)
            }
        }
    }

    /// Looks at everything that is due at `slot`, the current one by the clock.
    pub(crate) async fn look(&mut self, slot: Slot) -> Result<(), Stopped> {
        self.nodes.refresh(slot).await;
        let agreement = self.ask_finality(slot).await;
        let nodes = (self.nodes.total(), self.nodes.healthy(), matches!(agreement, Agreement::Disagree(_)));
        if self.told.nodes != Some(nodes) {
            self.told.nodes = Some(nodes);
            if let Agreement::Disagree(epoch) = agreement {
                tracing::error!(%epoch, "beacon nodes finalized different blocks: nothing finalized is taken from them");
            } else if self.told.disagreed {
                tracing::info!("beacon nodes agree about finality again");
            }
            self.told.disagreed = nodes.2;
            let (total, healthy, disagree) = nodes;
            self.tell(Observation::Nodes { total, healthy, disagree }).await?;
        }
        self.look_at_head(slot).await?;
        if let Agreement::Shared(checkpoint) = agreement {
            self.look_at_finalized(slot, checkpoint).await?;
        }
        self.look_at_liveness(slot).await
    }

    async fn tell(&self, observation: Observation) -> Result<(), Stopped> {
        self.out.send(observation).await.map_err(|_| Stopped)
    }

    async fn ask_finality(&mut self, slot: Slot) -> Agreement {
        join_all(self.nodes.nodes.iter_mut().filter(|node| node.synced_head().is_some()).map(async |node| {
            match finality::read(&node.endpoint).await {
                Ok(checkpoint) => node.finality.record(checkpoint),
                Err(error) => node.question_failed(slot, &error),
            }
        }))
        .await;
        let histories: Vec<_> =
            self.nodes.nodes.iter().map(|node| (&node.finality, node.synced_head().is_some())).collect();
        finality::weigh(&histories, &self.told.finality)
    }

    async fn look_at_head(&mut self, slot: Slot) -> Result<(), Stopped> {
        let Some(head) = self.nodes.head() else { return Ok(()) };
        let moved = self.told.head.is_none_or(|told| head > told);
        let epoch = self.nodes.chain.epoch_of(head);
        let due = self.told.head_wanted
            || moved && (self.watched.len() <= EVERY_HEAD || self.told.head_epoch != Some(epoch));
        if !due || self.watched.is_empty() {
            if moved {
                self.told.head = Some(head);
                self.tell(Observation::Head { slot: head, validators: Vec::new() }).await?;
            }
            return Ok(());
        }
        for position in self.nodes.by_head() {
            let Some((head, validators)) = self.read_validators(position, slot, StateId::Head).await else {
                continue;
            };
            if self.told.head.is_some_and(|told| head < told) {
                break;
            }
            self.know(&validators);
            self.told.head = Some(head);
            self.told.head_epoch = Some(epoch);
            self.told.head_wanted = false;
            return self.tell(Observation::Head { slot: head, validators }).await;
        }
        Ok(())
    }

    /// The watched validators by the node at `position`, with the head it had.
    async fn read_validators(
        &mut self,
        position: usize,
        slot: Slot,
        state: StateId,
    ) -> Option<(Slot, Vec<Validator>)> {
        let node = self.nodes.nodes.get_mut(position)?;
        let head = node.synced_head()?;
        match validators::read(&node.endpoint, &mut node.validators_way, state, &self.watched).await {
            Ok(validators) => Some((head, validators)),
            Err(error) => {
                node.question_failed(slot, &error);
                None
            }
        }
    }

    async fn look_at_finalized(&mut self, slot: Slot, checkpoint: Checkpoint) -> Result<(), Stopped> {
        // Epoch 0 stands for "nothing finalized yet".
        let last = self.told.finality.latest().map_or(Epoch(0), |told| told.epoch);
        if checkpoint.epoch <= last {
            return Ok(());
        }
        for position in self.nodes.by_head() {
            if self.nodes.nodes.get(position).and_then(|node| node.finality.latest()) != Some(checkpoint) {
                continue;
            }
            let Some((_, validators)) = self.read_validators(position, slot, StateId::Finalized).await else {
                continue;
            };
            if !self.still_finalized(position, slot, checkpoint).await {
                // It moved on while we read: which state the answer came from is not certain.
                continue;
            }
            self.told.finality.record(checkpoint);
            self.know(&validators);
            let balances = self.balances.finalized(checkpoint.epoch, &validators);
            self.tell(Observation::Finalized { checkpoint, validators }).await?;
            if let Some((epoch, answers)) = balances
                && self.nodes.lack_liveness()
            {
                let unknown: Vec<_> =
                    answers.into_iter().filter(|(index, _)| !self.attendance.knows(epoch, *index)).collect();
                self.attendance.merge(epoch, unknown);
                self.report(epoch).await?;
            }
            return Ok(());
        }
        Ok(())
    }

    async fn still_finalized(&mut self, position: usize, slot: Slot, checkpoint: Checkpoint) -> bool {
        let Some(node) = self.nodes.nodes.get_mut(position) else { return false };
        match finality::read(&node.endpoint).await {
            Ok(now) => now == checkpoint,
            Err(error) => {
                node.question_failed(slot, &error);
                false
            }
        }
    }

    fn know(&mut self, validators: &[Validator]) {
        self.known.extend(validators.iter().map(|validator| (validator.pubkey, *validator)));
    }

    async fn look_at_liveness(&mut self, slot: Slot) -> Result<(), Stopped> {
        let current = self.nodes.chain.epoch_of(slot);
        let Some(previous) = current.0.checked_sub(1).map(Epoch) else { return Ok(()) };
        for epoch in self.attendance.overdue(previous) {
            self.report(epoch).await?;
        }
        let phase = Phase::of(slot, self.nodes.chain.slots_per_epoch);
        if phase >= Phase::Ask {
            let on_duty = self.on_duty(previous);
            let open: Vec<_> = on_duty
                .into_iter()
                .filter(|index| !self.attendance.is_live(previous, *index))
                .filter(|index| phase == Phase::Report || !self.attendance.knows(previous, *index))
                .collect();
            self.ask_liveness(slot, previous, &open, Purpose::Account).await;
        }
        if phase == Phase::Report {
            self.report(previous).await?;
        }
        for epoch in [previous, current] {
            let on_duty: BTreeSet<_> = self.on_duty(epoch).into_iter().collect();
            let mut suspects = self.attendance.suspects();
            suspects.retain(|index| on_duty.contains(index) && !self.attendance.is_live(epoch, *index));
            suspects.truncate(MAX_SUSPECTS);
            self.ask_liveness(slot, epoch, &suspects, Purpose::Acquit).await;
            if let Some(acquittal) = self.attendance.acquit(epoch, &suspects) {
                self.tell(acquittal).await?;
            }
        }
        Ok(())
    }

    async fn report(&mut self, epoch: Epoch) -> Result<(), Stopped> {
        match self.attendance.report(epoch) {
            Some(report) => self.tell(report).await,
            None => Ok(()),
        }
    }

    /// Watched validators of which attestations are expected in `epoch`.
    fn on_duty(&self, epoch: Epoch) -> Vec<ValidatorIndex> {
        self.known
            .values()
            .filter(|validator| validator.activation_epoch <= epoch && epoch < validator.exit_epoch)
            .map(|validator| validator.index)
            .collect()
    }

    /// Asks every healthy node. A node that was away or syncing during the epoch, or has no block since, may have
    /// missed attestations: it can acquit, not accuse.
    async fn ask_liveness(&mut self, slot: Slot, epoch: Epoch, indices: &[ValidatorIndex], purpose: Purpose) {
        if indices.is_empty() {
            return;
        }
        let start = self.nodes.chain.start_slot(epoch);
        let end = self.nodes.chain.start_slot(epoch.saturating_add(1));
        let answers = join_all(self.nodes.nodes.iter_mut().map(async |node| {
            let (since, head) = (node.synced_since()?, node.synced_head()?);
            match liveness::read(&node.endpoint, &mut node.liveness_way, epoch, indices).await {
                Ok(answer) => {
                    let may_accuse = since <= start && head >= end && purpose == Purpose::Account;
                    answer.map(|answer| answer.into_iter().filter(move |(_, live)| *live || may_accuse))
                }
                Err(error) => {
                    node.question_failed(slot, &error);
                    None
                }
            }
        }))
        .await;
        for answer in answers.into_iter().flatten() {
            self.attendance.merge(epoch, answer);
        }
    }
}

/// What a liveness question is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// To say who attested and who did not.
    Account,
    /// To see whether a suspect came back. The epoch's attestations are not all due: absence means nothing yet.
    Acquit,
}

#[cfg(test)]
mod tests;
