//! `TicketLedger`: every operator's account as the contracts' events and `getNodeInfo` tell of it, and where the two
//! disagree.
//!
//! # Design decisions
//! - `getNodeInfo` at finalized blocks has the last word on a balance: registrations add tickets and skips take them
//!   without a ticket event, so a replay of events alone is wrong. Events say when a balance last went down, and they
//!   check the readings: what neither an event nor a registration nor a skip explains is [`Unexplained`]. A node that
//!   drops logs or invents figures shows up there.
//! - Balances are checked from one explained reading to the next; after a restart from zero to the first reading, which
//!   registrations make the weaker check. An account is doubted until [`CALM`] readings on end were explained.
//! - Fewer tickets than the events leave are never believed, however often they are read: a lie must not make anybody
//!   short by being repeated. More than they leave are, after [`CALM`] readings that follow from the first: a lost log of
//!   a deposit does not spoil an account for ever. Counts of validators are checked against all registrations each time,
//!   so a lost log about one keeps showing.
//! - An account begins with its operator's first registration. Anybody may give tickets to any address; what was moved
//!   before is in the first reading.
//! - An account's `since` comes from events alone. All guardians scan the same events, whatever they read when.
//! - Nothing is written down: a restart folds the journaled scans again.

use crate::registration::{JudgedEvent, JudgedLog, ScanReport};
use crypto::execution::{Address, Block, BlockNumber, ContractState, NodeInfo, RegistrationId, Tickets};
use crypto::spec::{ChainSpec, Epoch};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Readings at different blocks that must be explained one after the other until a doubtful account is believed again.
pub const CALM: u8 = 3;

/// The epoch that a moment lies in, Unix seconds; epoch 0 for moments before genesis.
pub fn epoch_at(chain: &ChainSpec, timestamp: u64) -> Epoch {
    chain.epoch_of(chain.slot_at(timestamp))
}

/// A reading of an operator's account that the events since the reading before do not lead to: logs were dropped, or
/// the node that was read lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unexplained {
    /// The block it was read at.
    pub block: BlockNumber,
    /// What was read.
    pub found: NodeInfo,
    /// Active validators by the events.
    pub active: u64,
    /// Pending validators by the events.
    pub pending: u64,
    /// Fewest tickets there can be by the events.
    pub least: Tickets,
    /// Most tickets there can be by the events; None when a registration may have added any number.
    pub most: Option<Tickets>,
}

impl Unexplained {
    fn is_explained(&self) -> bool {
        self.found.active == self.active
            && self.found.pending == self.pending
            && self.found.tickets >= self.least
            && self.most.is_none_or(|most| self.found.tickets <= most)
    }
}

/// One operator's account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Operator {
    /// `getNodeInfo` at the block last read; None when it was not read there.
    pub info: Option<NodeInfo>,
    /// First epoch after the last event that took tickets: a withdrawal, a skip, a settlement. 0 when there was none.
    pub since: Epoch,
    /// The last reading that the events do not explain, until [`CALM`] later ones were explained.
    pub unexplained: Option<Unexplained>,
    /// How many were since.
    calm: u8,
    /// The last reading that was explained; zero tickets before the first one.
    base: Base,
    /// A reading of more tickets than the events explain, while those after it follow from it.
    raised: Option<Base>,
    active: u64,
    pending: u64,
}

/// A reading, and what happened to the balance since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Base {
    known: Tickets,
    /// Deposited.
    added: Tickets,
    /// Withdrawn or burned.
    taken: Tickets,
    /// Registrations: each added tickets, no event says how many.
    registered: u64,
    /// Skips: each took at most the penalty.
    skipped: u64,
}

/// A registration that was neither skipped nor settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Live {
    operator: Address,
    is_provisioned: bool,
}

/// All accounts. Grows with the operators who registered and the live registrations on the chain, each of which cost somebody a
/// transaction; not with time, and not with what peers or nodes say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TicketLedger {
    scanned: Option<Block>,
    read: Option<Block>,
    /// The largest penalty read since the start: it may change between two readings.
    penalty: Tickets,
    operators: BTreeMap<Address, Operator>,
    live: BTreeMap<RegistrationId, Live>,
    unplaced: u64,
    discrepancies: u64,
}

impl TicketLedger {
    /// Takes in the logs of one scan. False, and nothing changes, when it does not begin right after the last one.
    #[must_use]
    pub fn scan(&mut self, report: &ScanReport, chain: &ChainSpec) -> bool {
        let follows = self.scanned.is_none_or(|last| last.number.0.checked_add(1) == Some(report.from.0));
        if !follows || report.to.number < report.from {
            return false;
        }
        self.scanned = Some(report.to);
        for log in &report.logs {
            self.take(log, epoch_at(chain, log.timestamp));
        }
        true
    }

    fn take(&mut self, log: &JudgedLog, epoch: Epoch) {
        match &log.event {
            JudgedEvent::Registered(registered) => {
                if self.live.contains_key(&registered.id) {
                    self.unplaced = self.unplaced.saturating_add(1);
                    return;
                }
                let operator = registered.operator;
                self.live.insert(registered.id, Live { operator, is_provisioned: false });
                let account = self.account(operator);
                account.pending = account.pending.saturating_add(1);
                account.bases().for_each(|base| base.registered = base.registered.saturating_add(1));
            }
            JudgedEvent::Provisioned(id) => {
                let Some(live) = self.place(id, false) else { return };
                self.live.insert(*id, Live { is_provisioned: true, ..live });
                let account = self.account(live.operator);
                account.pending = account.pending.saturating_sub(1);
                account.active = account.active.saturating_add(1);
            }
            JudgedEvent::Skipped(id) => {
                let Some(live) = self.place(id, false) else { return };
                self.live.remove(id);
                let account = self.account(live.operator);
                account.pending = account.pending.saturating_sub(1);
                account.bases().for_each(|base| base.skipped = base.skipped.saturating_add(1));
                account.since = account.since.max(epoch.saturating_add(1));
            }
            JudgedEvent::Exited { id, burned } => {
                let Some(live) = self.place(id, true) else { return };
                self.live.remove(id);
                let account = self.account(live.operator);
                account.active = account.active.saturating_sub(1);
                account.takes(*burned, epoch);
            }
            JudgedEvent::TicketsDeposited { operator, amount } => {
                if let Some(account) = self.operators.get_mut(operator) {
                    account.bases().for_each(|base| base.added = base.added.saturating_add(*amount));
                }
            }
            JudgedEvent::TicketsWithdrawn { operator, amount } => {
                if let Some(account) = self.operators.get_mut(operator) {
                    account.takes(*amount, epoch);
                }
            }
            // An exit costs tickets when it is settled, not when it is asked for.
            JudgedEvent::ExitProposed(_) | JudgedEvent::ExitCancelled { .. } => {}
        }
    }

    /// The live registration that an event is about. None, and counted, when there is none in the state the event
    /// needs: the log of its earlier life is missing.
    fn place(&mut self, id: &RegistrationId, is_provisioned: bool) -> Option<Live> {
        let live = self.live.get(id).filter(|live| live.is_provisioned == is_provisioned).copied();
        if live.is_none() {
            self.unplaced = self.unplaced.saturating_add(1);
        }
        live
    }

    fn account(&mut self, operator: Address) -> &mut Operator {
        self.operators.entry(operator).or_default()
    }

    /// Takes in what the contracts say at the last block scanned. False, and nothing changes, when it is another block.
    #[must_use]
    pub fn observe(&mut self, state: &ContractState) -> bool {
        if self.scanned != Some(state.block) {
            return false;
        }
        let penalty = self.penalty.max(state.skip_penalty);
        self.penalty = penalty;
        let is_new = self.read.replace(state.block) != Some(state.block);
        for account in self.operators.values_mut() {
            account.info = None;
        }
        for (operator, info) in &state.operators {
            let Some(account) = self.operators.get_mut(operator) else { continue };
            let is_unexplained = account.observe(*info, state.block.number, is_new, penalty);
            self.discrepancies = self.discrepancies.saturating_add(u64::from(is_unexplained));
        }
        true
    }

    /// The last block whose logs were taken in.
    pub fn scanned(&self) -> Option<Block> {
        self.scanned
    }

    /// The last block the contracts were read at since the start.
    pub fn read(&self) -> Option<Block> {
        self.read
    }

    /// One operator's account.
    pub fn operator(&self, operator: &Address) -> Option<&Operator> {
        self.operators.get(operator)
    }

    /// All accounts, in the order of their addresses.
    pub fn operators(&self) -> impl Iterator<Item = (&Address, &Operator)> {
        self.operators.iter()
    }

    /// Events about registrations that are not known in the state they need: logs before them were dropped.
    pub fn unplaced(&self) -> u64 {
        self.unplaced
    }

    /// Readings since the start that events do not explain.
    pub fn discrepancies(&self) -> u64 {
        self.discrepancies
    }
}

impl Operator {
    fn bases(&mut self) -> impl Iterator<Item = &mut Base> {
        std::iter::once(&mut self.base).chain(self.raised.as_mut())
    }

    fn takes(&mut self, amount: Tickets, epoch: Epoch) {
        self.bases().for_each(|base| base.taken = base.taken.saturating_add(amount));
        if amount > Tickets(0) {
            self.since = self.since.max(epoch.saturating_add(1));
        }
    }

    /// True when the reading is not explained. `is_new` says whether it is of another block than the one before.
    fn observe(&mut self, found: NodeInfo, block: BlockNumber, is_new: bool, penalty: Tickets) -> bool {
        self.info = Some(found);
        let reading = |base: &Base| base.reading(block, found, (self.active, self.pending), penalty);
        let by_base = reading(&self.base);
        let by_raised = self.raised.as_ref().map(reading);
        let fresh = Base { known: found.tickets, ..Base::default() };
        if by_base.is_explained() {
            self.base = fresh;
            if self.raised.take().is_some() {
                self.calm = 0;
            }
        } else if by_raised.is_some_and(|reading| reading.is_explained()) {
            self.raised = Some(fresh);
        } else {
            let is_more = by_base.most.is_some_and(|most| most < found.tickets);
            self.raised = is_more.then_some(fresh);
            (self.unexplained, self.calm) = (Some(by_base), 0);
            return true;
        }
        if self.unexplained.is_some() && is_new {
            self.calm = self.calm.saturating_add(1);
        }
        if self.calm >= CALM {
            (self.unexplained, self.calm) = (None, 0);
            self.base = fresh;
            self.raised = None;
        }
        false
    }
}

impl Base {
    /// What this base leads to, beside what was found.
    fn reading(
        &self,
        block: BlockNumber,
        found: NodeInfo,
        (active, pending): (u64, u64),
        penalty: Tickets,
    ) -> Unexplained {
        let most = self.known.saturating_add(self.added).saturating_sub(self.taken);
        Unexplained {
            block,
            found,
            active,
            pending,
            least: most.saturating_sub(penalty.saturating_mul(self.skipped)),
            most: (self.registered == 0).then_some(most),
        }
    }
}

#[cfg(test)]
mod tests;
