//! `Provider`: one guardian's execution nodes with the watcher above them: late, in chunks of any size, once more after a
//! restart, and sometimes silent or lying.

use super::chain::VirtualChain;
use super::contracts::VirtualContracts;
use super::signing::Keys;
use super::story::{Story, key_sets};
use crypto::execution::{Address, NodeInfo, Tickets};
use crypto::spec::Slot;
use guardian_core::Event;
use guardian_core::event::ExecutionHealth;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::registration::{JudgedEvent, ScanReport};
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::VecDeque;

/// What is wrong with somebody's execution nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// They do not answer, or drop a log, which the watcher notices: nothing new is told.
    Silence,
    /// At the head they show everybody with plenty of tickets.
    Generosity,
    /// At the head they show everybody without a ticket.
    Misery,
    /// At finalized blocks they show everybody without a ticket.
    FinalizedMisery,
    /// They leave out that validators were provisioned, and the watcher does not notice. Nothing heals that.
    Omission,
}

/// Trouble that one guardian's execution nodes have for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Whose.
    pub guardian: GuardianIndex,
    /// What.
    pub trouble: Trouble,
    /// First slot of it.
    pub from: Slot,
    /// First slot without it.
    pub to: Slot,
}

/// What plenty is.
const PLENTY: Tickets = Tickets(1_000_000 * Tickets::ONE.0);

/// Chance that the contracts are read once more at the same block.
const REPETITION: f64 = 0.1;

/// Scans that are kept to be told once more.
const MEMORY: usize = 4;

/// One guardian's view of the execution chain.
#[derive(Debug)]
pub struct Provider {
    guardian: GuardianIndex,
    /// First block that was not told in this life.
    next: u64,
    /// The block that the contracts were last read at in this life.
    read: Option<u64>,
    /// Whose accounts at the head it was asked for.
    watched: Vec<Address>,
    told: VecDeque<ScanReport>,
}

impl Provider {
    /// Execution nodes that nobody asked anything yet.
    pub fn new(guardian: GuardianIndex) -> Self {
        Self { guardian, next: 0, read: None, watched: Vec::new(), told: VecDeque::new() }
    }

    /// Begins again after the last block that the guardian's journal has.
    pub fn resume(&mut self, next: u64) {
        self.next = next;
        self.read = None;
        self.watched.clear();
    }

    /// Takes the order whose accounts to read at the head.
    pub fn watch(&mut self, operators: Vec<Address>) {
        self.watched = operators;
    }

    fn has(&self, trouble: Trouble, story: &Story, slot: Slot) -> bool {
        let mine = story.outages.iter().filter(|outage| outage.guardian == self.guardian);
        mine.into_iter().any(|outage| outage.trouble == trouble && outage.from <= slot && slot < outage.to)
    }

    /// How the nodes are, as told at a start and when it changes.
    pub fn health(&self, story: &Story, slot: Slot) -> Event {
        let healthy = u16::from(!self.has(Trouble::Silence, story, slot));
        Event::ExecutionObserved(ExecutionHealth { total: 1, healthy, disagree: false, problem: None })
    }

    /// Whether what `health` says is another thing than a slot before.
    pub fn has_changed(&self, story: &Story, slot: Slot) -> bool {
        self.has(Trouble::Silence, story, slot) != self.has(Trouble::Silence, story, slot.saturating_sub(1))
    }

    /// What the watcher and the custodian tell of finalized blocks in one go: maybe an old scan once more, maybe the next
    /// one, and with the newest block what the contracts say there.
    pub fn finalized(
        &mut self,
        story: &Story,
        contracts: &VirtualContracts,
        chain: &VirtualChain,
        rng: &mut StdRng,
    ) -> Vec<Told> {
        let mut told = Vec::new();
        if self.has(Trouble::Silence, story, chain.slot()) {
            return told;
        }
        if !self.told.is_empty() && rng.random_bool(story.weather.duplicates) {
            let old = self.told[rng.random_range(0..self.told.len())].clone();
            told.push(Told::Event(Box::new(Event::ContractsScanned(old))));
        }
        let last = contracts.finalized(chain).number.0;
        if self.next <= last {
            let to = last.min(self.next + rng.random_range(0..story.chunk));
            let mut report = contracts.scan(self.next, to);
            if self.has(Trouble::Omission, story, chain.slot()) {
                report.logs.retain(|log| !matches!(log.event, JudgedEvent::Provisioned(_)));
            }
            self.next = to + 1;
            for validator in accepted(&report, key_sets(story)) {
                told.push(Told::Share(validator));
            }
            self.told.push_back(report.clone());
            if self.told.len() > MEMORY {
                self.told.pop_front();
            }
            told.push(Told::Event(Box::new(Event::ContractsScanned(report))));
        }
        let at_last = self.next.checked_sub(1).filter(|at| *at == last);
        if let Some(at) = at_last.filter(|at| self.read != Some(*at) || rng.random_bool(REPETITION)) {
            self.read = Some(at);
            let mut state = contracts.state(at, story);
            if self.has(Trouble::FinalizedMisery, story, chain.slot()) {
                state.operators.iter_mut().for_each(|(_, info)| info.tickets = Tickets(0));
            }
            told.push(Told::Event(Box::new(Event::ContractsObserved(state))));
        }
        told
    }

    /// What it tells of the head; None when it was asked for nothing or does not answer.
    pub fn head(&self, story: &Story, contracts: &VirtualContracts, slot: Slot) -> Option<Event> {
        if self.watched.is_empty() || self.has(Trouble::Silence, story, slot) {
            return None;
        }
        let generous = self.has(Trouble::Generosity, story, slot);
        let miserly = self.has(Trouble::Misery, story, slot);
        let shown = |info: &NodeInfo| match (generous, miserly) {
            (true, _) => NodeInfo { tickets: PLENTY, ..*info },
            (false, true) => NodeInfo { tickets: Tickets(0), ..*info },
            (false, false) => *info,
        };
        let infos = self
            .watched
            .iter()
            .filter_map(|operator| contracts.accounts().get(operator).map(|info| (*operator, shown(info))));
        Some(Event::OperatorsObserved { block: contracts.head(), infos: infos.collect() })
    }
}

/// What a provider tells, in order.
#[derive(Debug, Clone)]
pub enum Told {
    /// The custodian stored a share of this validator of the story.
    Share(usize),
    /// An event for the core.
    Event(Box<Event>),
}

/// The validators of the story whose registrations in a scan are sound.
fn accepted(report: &ScanReport, keys: &[Keys]) -> Vec<usize> {
    let registered = report.logs.iter().filter_map(|log| match &log.event {
        JudgedEvent::Registered(registered) => registered.pubkey,
        JudgedEvent::Provisioned(_)
        | JudgedEvent::Skipped(_)
        | JudgedEvent::Exited { .. }
        | JudgedEvent::TicketsDeposited { .. }
        | JudgedEvent::TicketsWithdrawn { .. }
        | JudgedEvent::ExitProposed(_)
        | JudgedEvent::ExitCancelled { .. } => None,
    });
    registered.filter_map(|pubkey| keys.iter().position(|keys| keys.pubkey == pubkey)).collect()
}
