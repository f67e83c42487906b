//! Scan: what our execution nodes show of the contracts, taken in; and whom we then want to have watched.

use crate::command::Command;
use crate::event::ExecutionHealth;
use crate::guardian::Guardian;
use crate::record::Record;
use crate::registration::ScanReport;
use crate::tickets::Duty;
use crypto::execution::{Address, Block, BlockNumber, ContractState, ModuleName, NodeInfo, RegistrationId};
use crypto::spec::BlsPubkey;
use std::collections::{BTreeMap, BTreeSet};

/// Epochs an exit takes when nobody else is leaving: `1 + MAX_SEED_LOOKAHEAD`.
pub(crate) const EXIT_QUEUE: u64 = 5;

impl Guardian {
    /// Where the scan of the contracts goes on after a restart: the last block scanned, the registrations so far by
    /// module, everybody who ever registered a validator, and how many times exits were proposed.
    pub fn resume(&self) -> (Option<Block>, BTreeMap<ModuleName, u64>, BTreeSet<Address>, u64) {
        let registry = self.protocol.registry();
        let (modules, operators) = (registry.modules().clone(), registry.operators().clone());
        (self.protocol.ledger().scanned(), modules, operators, registry.exits_proposed())
    }

    /// The registration of a key that counts: the first that is sound and was not skipped. A later one of the same key
    /// is a duplicate.
    pub fn live_registration(&self, pubkey: &BlsPubkey) -> Option<RegistrationId> {
        self.protocol.registry().live(pubkey)
    }

    /// The validators to be followed on the beacon chain: those we hold shares of, those provisioned and not settled,
    /// and those soundly registered and waiting.
    pub fn watched(&self) -> Vec<BlsPubkey> {
        self.view.watched_keys()
    }

    pub(crate) fn execution_observed(&mut self, mut health: ExecutionHealth, out: &mut Vec<Command>) {
        health.problem = health.problem.map(|problem| problem.chars().take(MAX_PROBLEM).collect());
        self.protocol.health = health;
        self.review(out);
    }

    pub(crate) fn contracts_scanned(&mut self, report: ScanReport, out: &mut Vec<Command>) {
        let Some(contracts) = &self.definition.contracts else { return };
        if self.protocol.is_diverged() || !self.protocol.expects(&report, contracts) {
            return;
        }
        if self.persist(Record::Scanned(report.clone()), out) {
            self.take_up_logged(&report, out);
            self.follow_registered();
            self.say_watched(out);
            self.tend_ways(out);
        }
    }

    pub(crate) fn scan_progressed(&mut self, target: BlockNumber) {
        if self.definition.contracts.is_some() {
            self.protocol.progress(target);
        }
    }

    pub(crate) fn contracts_observed(&mut self, state: &ContractState, out: &mut Vec<Command>) {
        if self.definition.contracts.is_none() {
            return;
        }
        let before = self.protocol.hold();
        if !self.protocol.observe(&self.definition, state) {
            return;
        }
        self.assess(out);
        self.review(out);
        if self.protocol.hold() != before {
            self.publish(out);
        }
    }

    pub(crate) fn operators_observed(
        &mut self,
        block: Block,
        infos: Vec<(Address, NodeInfo)>,
        out: &mut Vec<Command>,
    ) {
        self.protocol.observe_heads(block, infos);
        self.judge_heads();
        self.review(out);
    }

    pub(crate) fn contracts_diverged(&mut self, out: &mut Vec<Command>) {
        if self.definition.contracts.is_some() {
            self.protocol.diverge();
            self.review(out);
            self.publish(out);
        }
    }

    /// Assesses every operator's account anew, and says whose we want to have read at the head.
    pub(crate) fn assess(&mut self, out: &mut Vec<Command>) {
        let Some(finalized) = self.view.finalized().filter(|_| self.definition.contracts.is_some()) else {
            return;
        };
        let queue = self.view.last_exit().map_or(0, |last| last.0.saturating_sub(finalized.epoch.0));
        let view = &self.view;
        let duty = |pubkey: &BlsPubkey| {
            let validator = view.validator(pubkey)?.at_finalized?;
            Some(Duty { activation: validator.activation_epoch, exit: validator.exit_epoch })
        };
        let floor = self.definition.policy.tickets.floor;
        self.protocol.assess(floor, finalized.epoch, queue.max(EXIT_QUEUE), duty);
        self.judge_heads();
        if let Some(operators) = self.protocol.ask_at_head() {
            out.push(Command::WatchOperators(operators));
        }
    }

    /// Decides anew who is short at the head; the epoch decides too.
    pub(crate) fn judge_heads(&mut self) {
        let at = self.definition.chain.epoch_of(self.view.slot());
        self.protocol.judge_heads(self.definition.policy.tickets.floor, at);
    }

    /// Follows exactly the registered validators that matter, beside those we hold shares of.
    pub(crate) fn follow_registered(&mut self) {
        self.view.follow(&self.protocol.registry().live_keys());
    }

    /// Says whom we follow, if that changed.
    pub(crate) fn say_watched(&mut self, out: &mut Vec<Command>) {
        if let Some(validators) = self.view.new_set() {
            out.push(Command::WatchValidators(validators));
        }
    }
}

/// Longest problem of an execution node that is kept, characters.
const MAX_PROBLEM: usize = 300;

#[cfg(test)]
mod tests;
