//! `Tables`: what was last told of everything. Who records and who replays keep the same ones, so that only differences
//! need to be written.

use super::frame::{Accounts, Change, Fields, Sight, typical};
use super::places::Places;
use super::short::Short;
use crypto::execution::{Address, Block, BlockHash, BlockNumber, ContractState, NodeInfo, Tickets};
use crypto::spec::{BlsPubkey, Checkpoint, Epoch, Gwei, Slot, ValidatorIndex};
use crypto::validator::Validator;
use guardian_core::Event;
use guardian_core::event::{Custody, ExecutionHealth, Liveness, NodeHealth};
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::registration::ScanReport;
use std::collections::{BTreeMap, BTreeSet};

/// What a recording tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "facts live one at a time")]
pub enum Fact {
    /// The guardian held shares of these validators.
    Held(Vec<BlsPubkey>),
    /// The contracts were scanned up to this block.
    ScannedUntil(Block),
    /// An event as it came, but for what is not recorded.
    Seen(Event),
}

/// Which state of the beacon chain a validator was seen in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Head,
    Finalized,
}

/// One validator as it was last recorded.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    at_head: Option<Validator>,
    at_finalized: Option<Validator>,
}

impl Row {
    fn at(&mut self, at: At) -> &mut Option<Validator> {
        match at {
            At::Head => &mut self.at_head,
            At::Finalized => &mut self.at_finalized,
        }
    }

    /// What the next report is told from: the last one, or else the one of the other state.
    fn reference(&self, at: At) -> Option<Validator> {
        match at {
            At::Head => self.at_head.or(self.at_finalized),
            At::Finalized => self.at_finalized.or(self.at_head),
        }
    }
}

/// What the contracts said last, less their operators.
#[derive(Debug, Clone, Copy)]
struct Terms {
    block: Block,
    minimum_tickets: Tickets,
    skip_penalty: Tickets,
}

/// What was told so far. Grows with who is watched until the next keyframe, which leaves out who is watched no more.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    slot: Slot,
    head: Option<Slot>,
    finalized: Option<Checkpoint>,
    liveness: Epoch,
    keys: Vec<BlsPubkey>,
    rows: Vec<Row>,
    place_of: BTreeMap<BlsPubkey, usize>,
    held: BTreeSet<usize>,
    /// Who the last report that named anybody named.
    at_head: BTreeSet<usize>,
    at_finalized: BTreeSet<usize>,
    indices: Vec<ValidatorIndex>,
    place_of_index: BTreeMap<ValidatorIndex, usize>,
    nodes: Option<NodeHealth>,
    execution: Option<(u16, u16, bool)>,
    scanned: Option<Block>,
    terms: Option<Terms>,
    operators: BTreeMap<Address, NodeInfo>,
    operators_at_head: BTreeMap<Address, NodeInfo>,
    operators_block: Option<Block>,
    diverged: Option<(Block, BlockHash)>,
}

impl Tables {
    /// How an event is recorded. None for what is no observation, or decides nothing.
    pub fn note(&mut self, event: &Event, me: GuardianIndex) -> Option<Sight> {
        Some(match event {
            Event::SlotStarted(slot) => self.note_slot(*slot),
            Event::CustodyLoaded(custody) => {
                let ours = custody.iter().filter(|custody: &&Custody| custody.index.get() == me.0);
                self.note_held(ours.map(|custody| custody.pubkey))
            }
            Event::HeadObserved { slot, validators } => self.note_head(*slot, validators),
            Event::FinalizedObserved { checkpoint, validators } => {
                self.note_finalized(*checkpoint, validators)
            }
            Event::LivenessObserved(liveness) => self.note_liveness(liveness),
            Event::NodesObserved(nodes) => {
                self.nodes = Some(*nodes);
                let NodeHealth { total, healthy, disagree } = *nodes;
                Sight::Nodes { total, healthy, disagree }
            }
            Event::ExecutionObserved(health) => {
                let ExecutionHealth { total, healthy, disagree, problem: _ } = *health;
                self.execution = Some((total, healthy, disagree));
                Sight::Execution { total, healthy, disagree }
            }
            Event::ContractsScanned(report) => {
                self.scan(report);
                Sight::Scanned(report.clone())
            }
            Event::ContractsObserved(state) => {
                let block = (self.scanned != Some(state.block)).then_some(state.block);
                let ContractState { minimum_tickets, skip_penalty, .. } = *state;
                self.terms = Some(Terms { block: state.block, minimum_tickets, skip_penalty });
                let operators = difference(&mut self.operators, &state.operators);
                Sight::Contracts { block, minimum_tickets, skip_penalty, operators }
            }
            Event::OperatorsObserved { block, infos } => self.note_operators(*block, infos),
            Event::GroupKeyLoaded(_)
            | Event::NoncesCommitted { .. }
            | Event::ReadinessProven { .. }
            | Event::ReadinessChecked { .. }
            | Event::GroupSigned { .. }
            | Event::StatementReceived { .. }
            | Event::LogChecked(_)
            | Event::LogForked { .. }
            | Event::CeremonyNews { .. } => {
                return None;
            }
            Event::ContractsDiverged { scanned, found } => {
                self.diverged = Some((*scanned, *found));
                Sight::Diverged { scanned: *scanned, found: *found }
            }
            // What the guardians say to each other and what the node answers is no observation; an exit in a pool and
            // the progress of a scan decide nothing about releases.
            Event::ExitGossiped { .. }
            | Event::EmergencyCertificateReceived { .. }
            | Event::SettingsLoaded(_)
            | Event::OperatorAsked { .. }
            | Event::InclusionFound { .. }
            | Event::ScanProgressed { .. }
            | Event::MessageReceived { .. }
            | Event::CertificateReceived { .. }
            | Event::GarbageReceived { .. }
            | Event::PeerConnected(_)
            | Event::PeerDisconnected(_)
            | Event::CatchUpRequested { .. }
            | Event::ExitSigned(_)
            | Event::SigningFailed { .. }
            | Event::ExitCombined { .. }
            | Event::CombineFailed { .. }
            | Event::ExitSubmitted { .. } => return None,
        })
    }

    /// What a recorded sight tells. None when it cannot follow on what was told before: the bytes are not ours.
    pub fn fact(&mut self, sight: Sight) -> Option<Fact> {
        let event = match sight {
            Sight::Slot(step) => {
                self.slot = Slot(step.stepped(self.slot.0));
                Event::SlotStarted(self.slot)
            }
            Sight::Held { keys, named } => {
                for key in keys {
                    self.enter(key);
                }
                let named = named.in_table(self.keys.len())?;
                self.held.extend(&named);
                return Some(Fact::Held(self.keys_of(named)));
            }
            Sight::HeadMoved(step) => self.told_head(step, Vec::new()),
            Sight::Head { slot, named, changes } => {
                let validators = self.told(At::Head, &named, &changes)?;
                self.told_head(slot, validators)
            }
            Sight::Finalized { epoch, root, named, changes } => {
                let validators = self.told(At::Finalized, &named, &changes)?;
                let before = self.finalized.map_or(0, |checkpoint| checkpoint.epoch.0);
                let checkpoint = Checkpoint { epoch: Epoch(epoch.stepped(before)), root };
                self.finalized = Some(checkpoint);
                Event::FinalizedObserved { checkpoint, validators }
            }
            Sight::Liveness { epoch, enrolled, live, dark } => {
                self.liveness = Epoch(epoch.stepped(self.liveness.0));
                for step in enrolled {
                    let before = self.indices.last().map_or(0, |index| index.0);
                    self.enrol(ValidatorIndex(step.stepped(before)));
                }
                let length = self.indices.len();
                let (live, dark) =
                    (self.indices_of(live.in_table(length)?), self.indices_of(dark.in_table(length)?));
                Event::LivenessObserved(Liveness { epoch: self.liveness, live, dark })
            }
            Sight::Nodes { total, healthy, disagree } => {
                let nodes = NodeHealth { total, healthy, disagree };
                self.nodes = Some(nodes);
                Event::NodesObserved(nodes)
            }
            Sight::Execution { total, healthy, disagree } => {
                self.execution = Some((total, healthy, disagree));
                Event::ExecutionObserved(ExecutionHealth { total, healthy, disagree, problem: None })
            }
            Sight::Scanned(report) => {
                self.scan(&report);
                Event::ContractsScanned(report)
            }
            Sight::ScannedUntil(block) => {
                self.scanned = Some(block);
                return Some(Fact::ScannedUntil(block));
            }
            Sight::Contracts { block, minimum_tickets, skip_penalty, operators } => {
                let block = block.or(self.scanned)?;
                self.terms = Some(Terms { block, minimum_tickets, skip_penalty });
                apply(&mut self.operators, operators);
                Event::ContractsObserved(ContractState {
                    block,
                    guardians: Vec::new(),
                    enclaves: Vec::new(),
                    threshold: 0,
                    ejection_threshold: Gwei(0),
                    minimum_tickets,
                    skip_penalty,
                    operators: pairs(&self.operators),
                })
            }
            Sight::Operators { number, timestamp, operators } => {
                let before = self.operators_block.map_or((0, 0), |block| (block.number.0, block.timestamp));
                let number = BlockNumber(number.stepped(before.0));
                let block =
                    Block { number, hash: BlockHash([0; 32]), timestamp: timestamp.stepped(before.1) };
                self.operators_block = Some(block);
                apply(&mut self.operators_at_head, operators);
                Event::OperatorsObserved { block, infos: pairs(&self.operators_at_head) }
            }
            Sight::Diverged { scanned, found } => {
                self.diverged = Some((scanned, found));
                Event::ContractsDiverged { scanned, found }
            }
        };
        Some(Fact::Seen(event))
    }

    /// Tables that know what matters of these, and how they are told of it from nothing.
    pub fn keyframe(&self) -> (Self, Vec<Sight>) {
        let mut fresh = Self::default();
        let mut base = Vec::new();
        if self.slot > Slot(0) {
            base.push(fresh.note_slot(self.slot));
        }
        if let Some(NodeHealth { total, healthy, disagree }) = self.nodes {
            fresh.nodes = self.nodes;
            base.push(Sight::Nodes { total, healthy, disagree });
        }
        if let Some((total, healthy, disagree)) = self.execution {
            fresh.execution = self.execution;
            base.push(Sight::Execution { total, healthy, disagree });
        }
        base.push(fresh.note_held(self.keys_of(self.held.iter().copied()).into_iter()));
        if let Some(block) = self.scanned {
            fresh.scanned = Some(block);
            base.push(Sight::ScannedUntil(block));
        }
        if let Some(Terms { block, minimum_tickets, skip_penalty }) = self.terms {
            fresh.terms = self.terms;
            let operators = difference(&mut fresh.operators, &pairs(&self.operators));
            let block = (self.scanned != Some(block)).then_some(block);
            base.push(Sight::Contracts { block, minimum_tickets, skip_penalty, operators });
        }
        let seen = |named: &BTreeSet<usize>, at| -> Vec<Validator> {
            named.iter().filter_map(|place| *self.rows.get(*place)?.clone().at(at)).collect()
        };
        if let Some(checkpoint) = self.finalized {
            base.push(fresh.note_finalized(checkpoint, &seen(&self.at_finalized, At::Finalized)));
        }
        if let Some(head) = self.head {
            base.push(fresh.note_head(head, &seen(&self.at_head, At::Head)));
        }
        if let Some(block) = self.operators_block {
            base.push(fresh.note_operators(block, &pairs(&self.operators_at_head)));
        }
        if let Some((scanned, found)) = self.diverged {
            fresh.diverged = self.diverged;
            base.push(Sight::Diverged { scanned, found });
        }
        (fresh, base)
    }

    /// Keys of the validators whose shares were held.
    pub fn held(&self) -> Vec<BlsPubkey> {
        self.keys_of(self.held.iter().copied())
    }

    fn note_slot(&mut self, slot: Slot) -> Sight {
        let step = Short::step(self.slot.0, slot.0);
        self.slot = slot;
        Sight::Slot(step)
    }

    fn note_held(&mut self, pubkeys: impl Iterator<Item = BlsPubkey>) -> Sight {
        let known = self.keys.len();
        let named: BTreeSet<_> = pubkeys.map(|pubkey| self.enter(pubkey)).collect();
        self.held.extend(&named);
        let keys = self.keys.iter().skip(known).copied().collect();
        Sight::Held { keys, named: Places::of(&named, self.keys.len()) }
    }

    fn note_head(&mut self, slot: Slot, validators: &[Validator]) -> Sight {
        let step = Short::step(self.slot.0, slot.0);
        self.head = Some(slot);
        if validators.is_empty() {
            return Sight::HeadMoved(step);
        }
        let (named, changes) = self.tell(At::Head, validators);
        Sight::Head { slot: step, named, changes }
    }

    fn note_finalized(&mut self, checkpoint: Checkpoint, validators: &[Validator]) -> Sight {
        let before = self.finalized.replace(checkpoint).map_or(0, |checkpoint| checkpoint.epoch.0);
        let (named, changes) = self.tell(At::Finalized, validators);
        let epoch = Short::step(before, checkpoint.epoch.0);
        Sight::Finalized { epoch, root: checkpoint.root, named, changes }
    }

    fn note_liveness(&mut self, liveness: &Liveness) -> Sight {
        let epoch = Short::step(self.liveness.0, liveness.epoch.0);
        self.liveness = liveness.epoch;
        let mut enrolled = Vec::new();
        let all: BTreeSet<_> = liveness.live.iter().chain(&liveness.dark).copied().collect();
        // Ascending, so that the steps are short and the rows lie as the registry does.
        for index in all {
            let before = self.indices.last().map_or(0, |index| index.0);
            if self.enrol(index) {
                enrolled.push(Short::step(before, index.0));
            }
        }
        let places = |indices: &[ValidatorIndex]| {
            let places = indices.iter().filter_map(|index| self.place_of_index.get(index).copied()).collect();
            Places::of(&places, self.indices.len())
        };
        let (live, dark) = (places(&liveness.live), places(&liveness.dark));
        Sight::Liveness { epoch, enrolled, live, dark }
    }

    fn note_operators(&mut self, block: Block, infos: &[(Address, NodeInfo)]) -> Sight {
        let before =
            self.operators_block.replace(block).map_or((0, 0), |block| (block.number.0, block.timestamp));
        Sight::Operators {
            number: Short::step(before.0, block.number.0),
            timestamp: Short::step(before.1, block.timestamp),
            operators: difference(&mut self.operators_at_head, infos),
        }
    }

    /// How a report of validators is told.
    fn tell(&mut self, at: At, validators: &[Validator]) -> (Places, Vec<Change>) {
        let mut named = BTreeSet::new();
        let mut changes = Vec::new();
        for validator in validators {
            let known = self.keys.len();
            let place = self.enter(validator.pubkey);
            named.insert(place);
            let Some(row) = self.rows.get_mut(place) else { continue };
            let before = row.reference(at).unwrap_or_else(|| typical(validator.pubkey));
            let fields = Fields::between(&before, validator);
            *row.at(at) = Some(fields.onto(before));
            if place == known {
                changes.push(Change::New(validator.pubkey, fields));
            } else if !fields.is_empty() {
                changes.push(Change::Known(Short(place as u64), fields));
            }
        }
        let told = Places::of(&named, self.keys.len());
        self.remember_named(at, named);
        (told, changes)
    }

    /// The report that was told so.
    fn told(&mut self, at: At, named: &Places, changes: &[Change]) -> Option<Vec<Validator>> {
        for change in changes {
            let (place, fields) = match change {
                Change::New(pubkey, fields) => (self.enter(*pubkey), fields),
                Change::Known(place, fields) => (place.place(), fields),
            };
            let pubkey = *self.keys.get(place)?;
            let row = self.rows.get_mut(place)?;
            let before = row.reference(at).unwrap_or_else(|| typical(pubkey));
            *row.at(at) = Some(fields.onto(before));
        }
        let named = named.in_table(self.keys.len())?;
        let mut validators = Vec::with_capacity(named.len());
        for place in &named {
            let pubkey = *self.keys.get(*place)?;
            let row = self.rows.get_mut(*place)?;
            let reference = row.reference(at).unwrap_or_else(|| typical(pubkey));
            validators.push(*row.at(at).get_or_insert(reference));
        }
        self.remember_named(at, named.into_iter().collect());
        Some(validators)
    }

    fn told_head(&mut self, step: Short, validators: Vec<Validator>) -> Event {
        let slot = Slot(step.stepped(self.slot.0));
        self.head = Some(slot);
        Event::HeadObserved { slot, validators }
    }

    fn remember_named(&mut self, at: At, named: BTreeSet<usize>) {
        if !named.is_empty() {
            match at {
                At::Head => self.at_head = named,
                At::Finalized => self.at_finalized = named,
            }
        }
    }

    fn scan(&mut self, report: &ScanReport) {
        let follows = |last: Block| last.number.0.checked_add(1) == Some(report.from.0);
        if self.scanned.is_none_or(follows) {
            self.scanned = Some(report.to);
        }
    }

    /// The row of a key; a new one for a new key.
    fn enter(&mut self, pubkey: BlsPubkey) -> usize {
        *self.place_of.entry(pubkey).or_insert_with(|| {
            self.keys.push(pubkey);
            self.rows.push(Row::default());
            self.keys.len() - 1
        })
    }

    /// Whether the index has a new row now.
    fn enrol(&mut self, index: ValidatorIndex) -> bool {
        let next = self.indices.len();
        let place = *self.place_of_index.entry(index).or_insert(next);
        if place == next {
            self.indices.push(index);
        }
        place == next
    }

    fn keys_of(&self, places: impl IntoIterator<Item = usize>) -> Vec<BlsPubkey> {
        places.into_iter().filter_map(|place| self.keys.get(place).copied()).collect()
    }

    fn indices_of(&self, places: Vec<usize>) -> Vec<ValidatorIndex> {
        places.into_iter().filter_map(|place| self.indices.get(place).copied()).collect()
    }
}

/// How accounts differ from those known, which become them.
fn difference(known: &mut BTreeMap<Address, NodeInfo>, now: &[(Address, NodeInfo)]) -> Accounts {
    let now: BTreeMap<_, _> = now.iter().copied().collect();
    let accounts = Accounts {
        gone: known.keys().filter(|operator| !now.contains_key(operator)).copied().collect(),
        changed: now
            .iter()
            .filter(|(operator, info)| known.get(operator) != Some(info))
            .map(|(operator, info)| (*operator, *info))
            .collect(),
    };
    *known = now;
    accounts
}

fn apply(known: &mut BTreeMap<Address, NodeInfo>, accounts: Accounts) {
    for operator in &accounts.gone {
        known.remove(operator);
    }
    known.extend(accounts.changed);
}

fn pairs(accounts: &BTreeMap<Address, NodeInfo>) -> Vec<(Address, NodeInfo)> {
    accounts.iter().map(|(operator, info)| (*operator, *info)).collect()
}

#[cfg(test)]
mod tests;
