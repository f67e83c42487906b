//! `Snapshot`: one status, indexed once and never changed, for the API and the pages alike.
//!
//! # Design decisions
//! - Validators are rows: numbers into the status, in the order of their keys. A [`ValidatorView`] is made of a row when
//!   it is shown, so 100,000 validators cost some megabytes here and not some hundred.
//! - Orders other than by key are made when they are first asked for, and once.
//! - Small lists (guardians, exits) are made once as well: every answer counts them.

mod order;
mod row;

pub use order::{Order, SortKey};
pub use row::Row;

use crate::view::{
    Calendar, CeremonyView, EmergencyView, ExitView, FaultView, GuardianView, Health, NetworkView,
    OperatorView, ProposalView, ValidatorView,
};
use bytes::Bytes;
use crypto::execution::Address;
use crypto::spec::{BlsPubkey, Epoch, ValidatorIndex};
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::lifecycle::LifecycleStatus;
use guardian_core::proposal::ProposalId;
use guardian_core::status::{
    EmergencyStatus, OperatorStatus, ProposalStatus, RegistrationStatus, StatusSnapshot, ValidatorHealth,
};
use order::Orders;
use row::{Entry, entries};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;

/// Most rows that a search looks for beyond the ones it returns.
const MAX_FOUND: usize = 1_000;

/// One status, indexed.
#[derive(Debug)]
pub struct Snapshot {
    status: Arc<StatusSnapshot>,
    definition: Arc<NetworkDefinition>,
    calendar: Calendar,
    tag: String,
    arrived: Instant,
    /// By key, ascending.
    entries: Vec<Entry>,
    health: Vec<Health>,
    health_counts: BTreeMap<Health, u64>,
    by_index: HashMap<ValidatorIndex, Row>,
    by_operator: HashMap<Address, Vec<Row>>,
    operators: HashMap<Address, usize>,
    proposals: HashMap<ProposalId, usize>,
    about: HashMap<BlsPubkey, Vec<usize>>,
    emergencies: HashMap<ProposalId, usize>,
    orders: Orders,
    guardians: OnceLock<Vec<GuardianView>>,
    exits: OnceLock<Vec<ExitView>>,
    network: OnceLock<NetworkView>,
    /// The whole as JSON, packed: fresh and stale.
    packed: [OnceCell<Bytes>; 2],
}

impl Snapshot {
    /// Indexes a status that has just arrived.
    pub fn new(status: Arc<StatusSnapshot>, definition: Arc<NetworkDefinition>) -> Self {
        let entries = entries(&status);
        let mut about: HashMap<BlsPubkey, Vec<usize>> = HashMap::new();
        for (place, one) in status.proposals.iter().enumerate() {
            about.entry(one.proposal.pubkey).or_default().push(place);
        }
        let mut snapshot = Self {
            calendar: Calendar::of(&definition.chain),
            tag: tag(&status),
            arrived: Instant::now(),
            health: Vec::new(),
            health_counts: BTreeMap::new(),
            by_index: HashMap::new(),
            by_operator: HashMap::new(),
            operators: status
                .operators
                .iter()
                .enumerate()
                .map(|(place, one)| (one.operator, place))
                .collect(),
            proposals: status.proposals.iter().enumerate().map(|(place, one)| (one.id, place)).collect(),
            emergencies: status.emergencies.iter().enumerate().map(|(place, one)| (one.id, place)).collect(),
            about,
            orders: Orders::default(),
            guardians: OnceLock::new(),
            exits: OnceLock::new(),
            network: OnceLock::new(),
            packed: Default::default(),
            entries,
            status,
            definition,
        };
        snapshot.index_rows();
        snapshot
    }

    /// It arrived when the one before did, if it is no newer: a status that is told again is as old as it was.
    pub(crate) fn after(mut self, before: Option<&Self>) -> Self {
        if let Some(before) = before.filter(|before| before.status.slot >= self.status.slot) {
            self.arrived = before.arrived;
        }
        self
    }

    /// How long ago it arrived, by a clock that nobody sets.
    pub fn age(&self) -> Duration {
        self.arrived.elapsed()
    }

    fn index_rows(&mut self) {
        let mut by_index = HashMap::with_capacity(self.entries.len());
        let mut by_operator: HashMap<Address, Vec<Row>> = HashMap::new();
        let mut health = Vec::with_capacity(self.entries.len());
        for row in (0u32..).map(Row).take(self.entries.len()) {
            if let Some(index) = self.index_of(row) {
                by_index.insert(index, row);
            }
            if let Some(operator) = self.operator_of(row) {
                by_operator.entry(operator).or_default().push(row);
            }
            let judged = self.judge(row);
            *self.health_counts.entry(judged).or_default() += 1;
            health.push(judged);
        }
        (self.by_index, self.by_operator, self.health) = (by_index, by_operator, health);
    }

    /// The status itself.
    pub fn status(&self) -> &Arc<StatusSnapshot> {
        &self.status
    }

    /// What the guardians agreed on.
    pub fn definition(&self) -> &Arc<NetworkDefinition> {
        &self.definition
    }

    /// The chain's calendar.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// What changes with every status: for ETags.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The finalized epoch, 0 before there is one.
    pub fn finalized_epoch(&self) -> Epoch {
        self.status.finalized.map_or(Epoch(0), |checkpoint| checkpoint.epoch)
    }

    /// Where the whole is kept, packed, once somebody asked for it.
    pub(crate) fn packed(&self, stale: bool) -> &OnceCell<Bytes> {
        let [fresh, old] = &self.packed;
        if stale { old } else { fresh }
    }

    /// How many validators are listed.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A guardian's name; `#5` for one the definition does not know.
    pub fn name_of(&self, guardian: GuardianIndex) -> String {
        self.definition
            .member(guardian)
            .map_or_else(|_| format!("#{}", guardian.0), |member| member.name.clone())
    }

    /// The network.
    pub fn network(&self) -> &NetworkView {
        self.network.get_or_init(|| NetworkView::of(self))
    }

    /// All guardians, in their order.
    pub fn guardians(&self) -> &[GuardianView] {
        let members = &self.definition.guardian_set.members;
        self.guardians.get_or_init(|| members.iter().map(|member| GuardianView::of(self, member)).collect())
    }

    /// All ways out, the one with the newest step first.
    pub fn exits(&self) -> &[ExitView] {
        let ways = &self.status.lifecycles;
        self.exits.get_or_init(|| ways.iter().map(|way| ExitView::of(self, way)).collect())
    }

    /// One validator.
    pub fn validator(&self, row: Row) -> ValidatorView {
        ValidatorView::of(self, row)
    }

    /// One operator, if it is known.
    pub fn operator(&self, operator: &Address) -> Option<OperatorView> {
        self.operator_status(operator).map(|status| OperatorView::of(self, status))
    }

    /// One operator of the status.
    pub fn operator_view(&self, status: &OperatorStatus) -> OperatorView {
        OperatorView::of(self, status)
    }

    /// One proposal, if it is kept.
    pub fn proposal(&self, id: &ProposalId) -> Option<ProposalView> {
        self.proposal_status(id).map(|status| ProposalView::of(self, status))
    }

    /// One proposal of the status.
    pub fn proposal_view(&self, status: &ProposalStatus) -> ProposalView {
        ProposalView::of(self, status)
    }

    /// One emergency, if it is kept.
    pub fn emergency(&self, id: &ProposalId) -> Option<EmergencyView> {
        let place = *self.emergencies.get(id)?;
        self.status.emergencies.get(place).map(|status| EmergencyView::of(self, status))
    }

    /// One emergency of the status.
    pub fn emergency_view(&self, status: &EmergencyStatus) -> EmergencyView {
        EmergencyView::of(self, status)
    }

    /// All faults kept, newest first.
    pub fn faults(&self) -> Vec<FaultView> {
        self.status.faults.iter().map(|fault| FaultView::of(self, fault)).collect()
    }

    /// All ceremonies kept, newest first.
    pub fn ceremonies(&self) -> Vec<CeremonyView> {
        self.status.ceremonies.iter().map(|status| CeremonyView::of(self, status)).collect()
    }

    /// The row of a key.
    pub fn row(&self, pubkey: &BlsPubkey) -> Option<Row> {
        let place = self.entries.binary_search_by_key(pubkey, |entry| entry.pubkey).ok()?;
        u32::try_from(place).ok().map(Row)
    }

    /// The row of a validator index.
    pub fn row_at(&self, index: ValidatorIndex) -> Option<Row> {
        self.by_index.get(&index).copied()
    }

    /// An operator's rows, by key.
    pub fn rows_of(&self, operator: &Address) -> &[Row] {
        self.by_operator.get(operator).map_or(&[], Vec::as_slice)
    }

    /// All rows in an order, made once.
    pub fn rows(&self, order: Order) -> impl Iterator<Item = Row> + '_ {
        self.orders.rows(self, order)
    }

    /// Rows that a reader may mean: a validator index, the beginning of a key or of an operator's address, at most 1,000.
    /// None when the text can be none of these.
    pub fn search(&self, text: &str) -> Option<Vec<Row>> {
        let text = text.trim();
        if let Ok(index) = text.parse::<u64>() {
            let exact = self.row_at(ValidatorIndex(index));
            let prefixed = self.rows_with_prefix(text);
            return Some(
                exact.into_iter().chain(prefixed.filter(|row| Some(*row) != exact)).take(MAX_FOUND).collect(),
            );
        }
        let digits = text.strip_prefix("0x").unwrap_or(text).to_ascii_lowercase();
        if digits.is_empty() || digits.len() > 96 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let of_operators =
            self.operators.keys().filter(|operator| hex::encode(operator.0).starts_with(&digits));
        let theirs = of_operators.flat_map(|operator| self.rows_of(operator).iter().copied());
        let mut found: Vec<Row> = self.rows_with_prefix(&digits).take(MAX_FOUND).collect();
        if digits.len() >= 4 {
            found.extend(theirs.take(MAX_FOUND));
        }
        found.sort_unstable();
        found.dedup();
        found.truncate(MAX_FOUND);
        Some(found)
    }

    fn rows_with_prefix<'a>(&'a self, digits: &'a str) -> impl Iterator<Item = Row> + 'a {
        let starts = move |entry: &Entry| hex::encode(entry.pubkey.0).starts_with(digits);
        let mut low = [0u8; 48];
        for (place, digit) in digits.chars().take(96).enumerate() {
            let value = digit.to_digit(16).and_then(|value| u8::try_from(value).ok()).unwrap_or(0);
            if let Some(byte) = low.get_mut(place / 2) {
                *byte |= if place.is_multiple_of(2) { value << 4 } else { value };
            }
        }
        let first = self.entries.partition_point(|entry| entry.pubkey.0 < low);
        let rest = self.entries.iter().skip(first).take_while(move |entry| starts(entry));
        rest.enumerate().filter_map(move |(offset, _)| {
            first.checked_add(offset).and_then(|place| u32::try_from(place).ok()).map(Row)
        })
    }

    /// How a validator is.
    pub fn health(&self, row: Row) -> Health {
        self.health.get(row.place()).copied().unwrap_or(Health::Unknown)
    }

    /// How many validators are how.
    pub fn health_counts(&self) -> &BTreeMap<Health, u64> {
        &self.health_counts
    }

    /// An operator as the status has it.
    pub fn operator_status(&self, operator: &Address) -> Option<&OperatorStatus> {
        self.status.operators.get(*self.operators.get(operator)?)
    }

    /// A proposal as the status has it.
    pub fn proposal_status(&self, id: &ProposalId) -> Option<&ProposalStatus> {
        self.status.proposals.get(*self.proposals.get(id)?)
    }

    /// Proposals about a validator, newest first.
    pub fn proposals_about(&self, pubkey: &BlsPubkey) -> impl Iterator<Item = &ProposalStatus> {
        let places = self.about.get(pubkey).into_iter().flatten();
        places.filter_map(|place| self.status.proposals.get(*place))
    }

    pub(crate) fn pubkey_of(&self, row: Row) -> BlsPubkey {
        self.entries.get(row.place()).map_or(BlsPubkey([0; 48]), |entry| entry.pubkey)
    }

    pub(crate) fn watched(&self, row: Row) -> Option<&ValidatorHealth> {
        let place = self.entries.get(row.place())?.watched?;
        self.status.validators.get(usize::try_from(place).ok()?)
    }

    pub(crate) fn registration(&self, row: Row) -> Option<&RegistrationStatus> {
        let place = self.entries.get(row.place())?.registration?;
        self.status.registrations.get(usize::try_from(place).ok()?)
    }

    pub(crate) fn way(&self, row: Row) -> Option<&LifecycleStatus> {
        let place = self.entries.get(row.place())?.way?;
        self.status.lifecycles.get(usize::try_from(place).ok()?)
    }

    pub(crate) fn index_of(&self, row: Row) -> Option<ValidatorIndex> {
        self.watched(row).and_then(|watched| watched.index)
    }

    pub(crate) fn operator_of(&self, row: Row) -> Option<Address> {
        let watched = self.watched(row).and_then(|watched| watched.operator);
        watched.or_else(|| self.registration(row).map(|registration| registration.operator))
    }
}

/// A guardian's snapshots differ in slot or journal; after a restart, in either.
fn tag(status: &StatusSnapshot) -> String {
    let link = status.journal.link.iter().take(4).map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{}-{}-{}", status.slot, status.journal.length, link)
}

#[cfg(test)]
mod tests;
