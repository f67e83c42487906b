//! `Protocol`: the protocol's contracts as this guardian's own execution nodes show them, and every operator's account.
//!
//! # Design decisions
//! - Registrations and ticket moves are folded from journaled scans; what the contracts say at a block, at the head, and
//!   what our nodes are worth, is looked at anew after each start.
//! - An account is assessed when its facts change, at a finalized checkpoint and when the contracts are read, not when it
//!   is asked for: thousands of validators are judged at each event.
//! - An account that events do not explain is no ground for anything: a lost settlement would count as use of tickets
//!   that are burned already.

use crate::contracts::{Contracts, Mismatch, compare};
use crate::event::ExecutionHealth;
use crate::guardian_set::NetworkDefinition;
use crate::registration::ScanReport;
use crate::registry::Registry;
use crate::shortage::{AtHead, Shortfall};
use crate::status::{Hold, Standing};
use crate::tickets::{Account, Balance, Duty, Runway, TicketLedger, WARNING, epoch_at};
use crypto::execution::{Address, Block, BlockNumber, ContractState, NodeInfo, Tickets};
use crypto::spec::{BlsPubkey, ChainSpec, Epoch, Slot};
use std::collections::BTreeMap;

/// Most operators whose account is read at the head; the most urgent ones.
const MAX_AT_HEAD: usize = 256;

/// Least time, seconds, for which what was read counts as recent, however short the chain's slots are.
const RECENT: u64 = 60;

/// Slots for which an account read at the head counts as recent.
const RECENT_SLOTS: u64 = 8;

/// Epochs by which the block the contracts were read at may lie behind the clock: it is a finalized one.
const RECENT_EPOCHS: u64 = 4;

/// Mismatches kept and shown.
const MAX_MISMATCHES: usize = 256;

/// One operator's account at the finalized checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assessment {
    pub(crate) present: Balance,
    pub(crate) on_duty: u64,
    /// First epoch of the present shortage.
    pub(crate) due: Option<Epoch>,
    pub(crate) runway: Runway,
    /// Whether it has less than the warning mark, or less than three tickets above the floor, for each validator.
    is_warned: bool,
    duties: Vec<Duty>,
    since: Epoch,
}

/// An operator's account at the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    block: Block,
    info: NodeInfo,
    /// Whether it was short there, by [`Protocol::judge_heads`].
    is_short: bool,
}

/// The contracts. Empty and idle when the definition names none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Protocol {
    registry: Registry,
    ledger: TicketLedger,
    pub(crate) health: ExecutionHealth,
    target: Option<BlockNumber>,
    mismatches: Vec<Mismatch>,
    /// `getMinimumVtAmount` as last read.
    minimum: Tickets,
    is_diverged: bool,
    out_of_order: u64,
    assessments: BTreeMap<Address, Assessment>,
    /// At most [`MAX_AT_HEAD`]: those we asked for.
    heads: BTreeMap<Address, Head>,
    /// What we asked for last.
    at_head: Vec<Address>,
}

impl Protocol {
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(crate) fn ledger(&self) -> &TicketLedger {
        &self.ledger
    }

    pub(crate) fn assessment(&self, operator: &Address) -> Option<&Assessment> {
        self.assessments.get(operator)
    }

    pub(crate) fn mismatches(&self) -> &[Mismatch] {
        &self.mismatches
    }

    /// Least that is burned for a settled validator, if its operator has it; zero before the contracts were read.
    pub(crate) fn minimum(&self) -> Tickets {
        self.minimum
    }

    pub(crate) fn is_diverged(&self) -> bool {
        self.is_diverged
    }

    pub(crate) fn out_of_order(&self) -> u64 {
        self.out_of_order
    }

    pub(crate) fn target(&self) -> Option<BlockNumber> {
        self.target
    }

    /// Whether a scan begins where the one before ended, or at the deployment, and its logs lie in its range, in time too.
    /// One that does not is counted.
    pub(crate) fn expects(&mut self, report: &ScanReport, contracts: &Contracts) -> bool {
        let begins = match self.ledger.scanned() {
            Some(last) => last.number.0.checked_add(1) == Some(report.from.0),
            None => report.from <= contracts.deployed,
        };
        let is_inside =
            report.logs.iter().all(|log| report.from <= log.block && log.block <= report.to.number);
        // A log from the future would put off its operator's due epoch for ever.
        let begun = self.ledger.scanned().map_or(0, |last| last.timestamp);
        let times = || report.logs.iter().map(|log| log.timestamp);
        let is_timely = std::iter::once(begun).chain(times()).chain([report.to.timestamp]).is_sorted();
        let is_expected = begins && is_inside && is_timely && report.from <= report.to.number;
        if !is_expected {
            self.out_of_order = self.out_of_order.saturating_add(1);
        }
        is_expected
    }

    /// Takes in a journaled scan.
    ///
    /// # Errors
    /// When it does not begin where the one before ended. Nothing is changed then.
    pub(crate) fn apply(&mut self, report: &ScanReport, chain: &ChainSpec) -> Result<(), &'static str> {
        if !self.ledger.scan(report, chain) {
            return Err("a scan of the contracts that does not begin where the one before ended");
        }
        report.logs.iter().for_each(|log| self.registry.take(log));
        if self.target.is_some_and(|target| target <= report.to.number) {
            self.target = None;
        }
        Ok(())
    }

    pub(crate) fn progress(&mut self, target: BlockNumber) {
        self.target = Some(target);
    }

    /// Takes in what the contracts say. False, and nothing changes, when it is not at the last block scanned.
    pub(crate) fn observe(&mut self, definition: &NetworkDefinition, state: &ContractState) -> bool {
        if !self.ledger.observe(state) {
            return false;
        }
        // What was the head before is none any more: its tickets are of other validators than the ones known now.
        self.heads.retain(|_, head| head.block.number >= state.block.number);
        self.minimum = state.minimum_tickets;
        self.mismatches = compare(definition, state);
        self.mismatches.truncate(MAX_MISMATCHES);
        true
    }

    pub(crate) fn diverge(&mut self) {
        self.is_diverged = true;
    }

    /// Takes in accounts at the head. Those we did not ask for are nobody's business.
    pub(crate) fn observe_heads(&mut self, block: Block, infos: Vec<(Address, NodeInfo)>) {
        for (operator, info) in infos {
            if self.at_head.binary_search(&operator).is_ok() {
                self.heads.insert(operator, Head { block, info, is_short: false });
            }
        }
    }

    /// Whether the contracts were read at the last block scanned. Between a scan and the reading at its end, balances are
    /// older than the registrations: a settlement would be missed or counted twice.
    fn is_read(&self) -> bool {
        self.ledger.read().is_some() && self.ledger.read() == self.ledger.scanned()
    }

    /// Assesses all accounts at the finalized checkpoint, unless the contracts are not read as far as they are scanned.
    /// `duty` tells of a key's duty at that checkpoint.
    pub(crate) fn assess(
        &mut self,
        floor: Tickets,
        finalized: Epoch,
        exit_queue: u64,
        duty: impl Fn(&BlsPubkey) -> Option<Duty>,
    ) {
        if !self.is_read() {
            return;
        }
        let mut assessments = BTreeMap::new();
        for (operator, account) in self.ledger.operators() {
            let Some(info) = account.info else { continue };
            let duties: Vec<_> = self.registry.on_duty(operator).filter_map(|key| duty(&key)).collect();
            let (tickets, since) = (info.tickets, account.since);
            let account = Account { tickets, duties: &duties, since };
            let mark = WARNING.max(floor.saturating_add(Tickets::ONE.saturating_mul(3)));
            let assessment = Assessment {
                present: account.present(finalized),
                on_duty: account.active(finalized),
                // Short since before what took the tickets, and that is not behind the checkpoint yet: short all the same.
                due: account
                    .below_since(floor, finalized)
                    .or_else(|| account.is_below(floor, finalized).then_some(since)),
                runway: account.runway(finalized, floor, exit_queue),
                is_warned: account.is_below(mark, finalized),
                duties,
                since,
            };
            assessments.insert(*operator, assessment);
        }
        self.assessments = assessments;
    }

    /// Where an operator stands at the finalized checkpoint.
    pub(crate) fn standing(
        &self,
        definition: &NetworkDefinition,
        operator: &Address,
        finalized: Epoch,
        slot: Slot,
    ) -> Standing {
        let Some(assessment) = self.assessments.get(operator) else { return Standing::Unknown };
        if self.shortfall(definition, operator, slot).is_none() {
            return Standing::Unknown;
        }
        match assessment.due {
            _ if assessment.on_duty == 0 => Standing::Idle,
            Some(due) => {
                let chain = &definition.chain;
                let end = chain.start_slot(due).saturating_add(definition.policy.tickets.grace);
                if end <= chain.start_slot(finalized) { Standing::Due } else { Standing::Short }
            }
            None if assessment.is_warned => Standing::Warning,
            None => Standing::Ok,
        }
    }

    /// The finalized view of an operator's account, if it can be relied on in `slot`.
    pub(crate) fn shortfall(
        &self,
        definition: &NetworkDefinition,
        operator: &Address,
        slot: Slot,
    ) -> Option<Shortfall> {
        let chain = &definition.chain;
        let read = self.ledger.read()?;
        let patience = RECENT_EPOCHS.saturating_mul(chain.slots_per_epoch.get());
        let is_explained = self.ledger.operator(operator)?.unexplained.is_none();
        let is_usable =
            self.is_trusted() && self.is_read() && is_explained && is_recent(chain, read, slot, patience);
        let Assessment { due, since, .. } = self.assessments.get(operator)?;
        let is_older = *since > Epoch(0) && *due == Some(*since);
        is_usable.then(|| Shortfall { read: epoch_at(chain, read.timestamp), due: *due, is_older })
    }

    /// What the contracts say of an operator at the head.
    pub(crate) fn at_head(&self, definition: &NetworkDefinition, operator: &Address, slot: Slot) -> AtHead {
        let chain = &definition.chain;
        let Some(head) = self.heads.get(operator) else { return AtHead::Unknown };
        if !self.is_trusted() || !is_recent(chain, head.block, slot, RECENT_SLOTS) {
            return AtHead::Unknown;
        }
        if !head.is_short {
            return AtHead::Funded;
        }
        // What a settlement or a skip took that is not finalized still counts as used; and nothing else takes tickets
        // while there are validators.
        let finalized = self.ledger.operator(operator).and_then(|account| account.info);
        let is_as_finalized = finalized.is_some_and(|info| {
            (head.info.active, head.info.pending) == (info.active, info.pending)
                && head.info.tickets >= info.tickets
        });
        if is_as_finalized { AtHead::Short } else { AtHead::Unknown }
    }

    /// Decides for each account read at the head whether it is short in epoch `at`. To be called when time, accounts or
    /// assessments changed, before [`Protocol::at_head`].
    pub(crate) fn judge_heads(&mut self, floor: Tickets, at: Epoch) {
        for (operator, head) in &mut self.heads {
            let Some(Assessment { duties, since, .. }) = self.assessments.get(operator) else { continue };
            let account = Account { tickets: head.info.tickets, duties, since: *since };
            let present = account.present(at);
            let needed = floor.saturating_mul(account.active(at));
            head.is_short = present.is_overdrawn() || present.tickets() < needed;
        }
    }

    /// Whether what our nodes show can be believed at all.
    fn is_trusted(&self) -> bool {
        self.health.healthy > 0
            && !self.health.disagree
            && !self.is_diverged
            && self.mismatches.is_empty()
            && self.ledger.read().is_some()
    }

    /// What about the contracts keeps us from releasing anything.
    pub(crate) fn hold(&self) -> Option<Hold> {
        if self.is_diverged {
            Some(Hold::ContractsDiverged)
        } else if !self.mismatches.is_empty() {
            Some(Hold::ContractsMismatch)
        } else if self.ledger.read().is_none() {
            Some(Hold::ContractsUnknown)
        } else {
            None
        }
    }

    /// Whose account is to be read at the head now, if that changed: those short of tickets first, then those nearly
    /// so, at most [`MAX_AT_HEAD`]. In the order of their addresses.
    pub(crate) fn ask_at_head(&mut self) -> Option<Vec<Address>> {
        let mut urgent: Vec<_> = self
            .assessments
            .iter()
            .filter(|(_, assessment)| assessment.due.is_some() || assessment.is_warned)
            .map(|(operator, assessment)| (assessment.due.is_none(), assessment.runway.floor, *operator))
            .collect();
        urgent.sort_unstable();
        urgent.truncate(MAX_AT_HEAD);
        let mut operators: Vec<_> = urgent.into_iter().map(|(_, _, operator)| operator).collect();
        operators.sort_unstable();
        if operators == self.at_head {
            return None;
        }
        self.heads.retain(|operator, _| operators.binary_search(operator).is_ok());
        self.at_head.clone_from(&operators);
        Some(operators)
    }
}

/// Whether a block lies at most `slots`, or [`RECENT`] seconds if that is more, before the start of `slot`.
fn is_recent(chain: &ChainSpec, block: Block, slot: Slot, slots: u64) -> bool {
    let seconds = chain.seconds_per_slot.get();
    let now = chain.genesis_time.saturating_add(slot.0.saturating_mul(seconds));
    let patience = slots.saturating_mul(seconds).max(RECENT);
    block.timestamp.saturating_add(patience) >= now
}

#[cfg(test)]
mod tests;
