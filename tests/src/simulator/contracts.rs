//! `VirtualContracts`: the protocol's contracts, one block a slot: registrations, tickets, skips and settlements, by the
//! rules that matter.
//!
//! What is true about tickets is reckoned here a second time, epoch by epoch and without the core's arithmetic.

use super::chain::{SECONDS_PER_SLOT, SLOTS_PER_EPOCH, VirtualChain};
use super::signing::Keys;
use super::story::{Purse, Story, custody_addresses, key_sets};
use crypto::execution::{
    Address, Block, BlockHash, BlockNumber, ContractState, ModuleName, NodeInfo, RegistrationId, Tickets,
    TransactionHash,
};
use crypto::registration::Verdict;
use crypto::spec::{Epoch, FAR_FUTURE_EPOCH, Slot};
use crypto::validator::Validator;
use guardian_core::registration::{JudgedEvent, JudgedLog, Registered, ScanReport};
use std::collections::BTreeMap;

/// Wei of ticket that a validator uses in an epoch.
const RATE: u128 = 4_444_444_444_444_445;

/// `getVTPenalty`.
const PENALTY: Tickets = Tickets(10 * Tickets::ONE.0);

/// Slots between a registration that is no good and its skip.
const SKIP_DELAY: u64 = 3;

/// Slots between the start of an exit epoch and the settlement.
const SETTLEMENT_DELAY: u64 = 10;

/// One registration.
#[derive(Debug, Clone, Copy)]
struct Entry {
    purse: usize,
    /// Which validator of the story; None for a key that is no good.
    validator: Option<usize>,
    at: Slot,
    standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Pending,
    Active,
    Over,
}

/// The contracts, with every block they ever had.
#[derive(Debug)]
pub struct VirtualContracts {
    purses: Vec<Purse>,
    minimum: Tickets,
    /// Swapped in this range of slots: the first two guardians.
    rotation: Option<(Slot, Slot)>,
    entries: Vec<Entry>,
    accounts: BTreeMap<Address, NodeInfo>,
    /// By number, which is the slot.
    blocks: Vec<Content>,
    truths: Vec<Truth>,
}

/// What happened in a block, and the accounts after it.
#[derive(Debug)]
struct Content {
    events: Vec<JudgedEvent>,
    accounts: Vec<(Address, NodeInfo)>,
}

/// What is true of an operator at the head.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Truth {
    /// First slot of the shortfall that lasts.
    pub short_since: Option<Slot>,
    /// Whether any shortfall ever outlasted the grace period, as finely as epochs are told apart.
    pub was_due: bool,
}

impl VirtualContracts {
    /// Contracts without a block.
    pub fn new(story: &Story) -> Self {
        Self {
            purses: story.purses.clone(),
            minimum: story.minimum,
            rotation: story.rotation,
            entries: Vec::new(),
            accounts: BTreeMap::new(),
            blocks: Vec::new(),
            truths: vec![Truth::default(); story.purses.len()],
        }
    }

    /// The account of a story's operator.
    pub fn operator(purse: usize) -> Address {
        Address([0xa0 + u8::try_from(purse).expect("few operators"); 20])
    }

    /// The block of a slot: what operators do, what guardians skip and settle; then what is true after it.
    pub fn begin(&mut self, slot: Slot, story: &Story, chain: &VirtualChain) {
        if self.purses.is_empty() {
            return;
        }
        let mut events = Vec::new();
        self.register(slot, key_sets(story), &mut events);
        self.move_tickets(slot, &mut events);
        self.skip(slot, &mut events);
        self.settle(slot, chain, &mut events);
        let accounts = self.accounts.iter().map(|(address, info)| (*address, *info)).collect();
        self.blocks.push(Content { events, accounts });
        self.judge(slot, story, chain);
    }

    fn register(&mut self, slot: Slot, keys: &[Keys], events: &mut Vec<JudgedEvent>) {
        for purse in 0..self.purses.len() {
            let plan = self.purses[purse].clone();
            if plan.opened == slot {
                for (nth, validator) in plan.validators.iter().enumerate() {
                    // All tickets come with the first registration: which one brings how many is nobody's business.
                    let tickets = if nth == 0 { plan.tickets } else { Tickets(0) };
                    self.enter(purse, Some(*validator), tickets, slot, Some(&keys[*validator]), events);
                }
                let entries = self.entries.iter_mut().enumerate();
                for (place, entry) in entries.filter(|(_, e)| e.purse == purse && e.at == slot) {
                    entry.standing = Standing::Active;
                    events.push(JudgedEvent::Provisioned(id(&plan, place)));
                    let account = self.accounts.entry(Self::operator(purse)).or_default();
                    account.pending -= 1;
                    account.active += 1;
                }
            }
            if plan.junk.contains(&slot) {
                self.enter(purse, None, PENALTY, slot, None, events);
            }
        }
    }

    fn enter(
        &mut self,
        purse: usize,
        validator: Option<usize>,
        tickets: Tickets,
        slot: Slot,
        keys: Option<&Keys>,
        events: &mut Vec<JudgedEvent>,
    ) {
        let operator = Self::operator(purse);
        let account = self.accounts.entry(operator).or_default();
        account.pending += 1;
        account.tickets = account.tickets.saturating_add(tickets);
        events.push(JudgedEvent::Registered(Registered {
            id: id(&self.purses[purse], self.entries.len()),
            operator,
            pubkey: keys.map(|keys| keys.pubkey),
            key_set: keys.map(|keys| keys.id),
            transaction: TransactionHash([7; 32]),
            verdict: if keys.is_some() { Verdict::Accepted } else { Verdict::InvalidPubkey },
        }));
        self.entries.push(Entry { purse, validator, at: slot, standing: Standing::Pending });
    }

    fn move_tickets(&mut self, slot: Slot, events: &mut Vec<JudgedEvent>) {
        for (purse, plan) in self.purses.iter().enumerate() {
            let operator = Self::operator(purse);
            for (_, amount) in plan.deposits.iter().filter(|(at, _)| *at == slot) {
                let account = self.accounts.entry(operator).or_default();
                account.tickets = account.tickets.saturating_add(*amount);
                events.push(JudgedEvent::TicketsDeposited { operator, amount: *amount });
            }
        }
    }

    fn skip(&mut self, slot: Slot, events: &mut Vec<JudgedEvent>) {
        for (place, entry) in self.entries.iter_mut().enumerate() {
            let is_ripe = entry.at.saturating_add(SKIP_DELAY) <= slot;
            if entry.standing == Standing::Pending && is_ripe {
                entry.standing = Standing::Over;
                let account = self.accounts.entry(Self::operator(entry.purse)).or_default();
                account.pending -= 1;
                account.tickets = account.tickets.saturating_sub(PENALTY);
                events.push(JudgedEvent::Skipped(id(&self.purses[entry.purse], place)));
            }
        }
    }

    fn settle(&mut self, slot: Slot, chain: &VirtualChain, events: &mut Vec<JudgedEvent>) {
        let finalized = chain.at_finalized();
        for (place, entry) in self.entries.iter_mut().enumerate() {
            let Some(validator) = entry.validator.and_then(|place| finalized.get(place)) else { continue };
            let is_gone = validator.exit_epoch != FAR_FUTURE_EPOCH
                && validator.exit_epoch.start_slot(SLOTS_PER_EPOCH).saturating_add(SETTLEMENT_DELAY) <= slot;
            if entry.standing != Standing::Active || !is_gone {
                continue;
            }
            let account = self.accounts.entry(Self::operator(entry.purse)).or_default();
            let used = u128::from(validator.exit_epoch.0 - validator.activation_epoch.0) * RATE;
            let burned = if used < self.minimum.0 { self.minimum.0.min(account.tickets.0) } else { used };
            // As the contracts: overdrawn, the settlement is refused.
            if burned <= account.tickets.0 {
                account.active -= 1;
                account.tickets = Tickets(account.tickets.0 - burned);
                entry.standing = Standing::Over;
                events.push(JudgedEvent::Exited {
                    id: id(&self.purses[entry.purse], place),
                    burned: Tickets(burned),
                });
            }
        }
    }

    fn judge(&mut self, slot: Slot, story: &Story, chain: &VirtualChain) {
        let rule = &story.definition.policy.tickets;
        let head = chain.at_head();
        for purse in 0..self.purses.len() {
            let tickets = self.accounts.get(&Self::operator(purse)).map_or(Tickets(0), |info| info.tickets);
            let is_short = self.is_short(purse, tickets, rule.floor, chain.epoch(), &head);
            let truth = &mut self.truths[purse];
            truth.short_since = is_short.then(|| truth.short_since.unwrap_or(slot));
            let lasted = truth.short_since.map(|since| slot.0 - since.0 + SLOTS_PER_EPOCH.get());
            truth.was_due |= lasted.is_some_and(|lasted| lasted >= rule.grace);
        }
    }

    /// Whether an operator with so many tickets would be short in epoch `now`, with the validators as a state has them.
    pub fn is_short(
        &self,
        purse: usize,
        tickets: Tickets,
        floor: Tickets,
        now: Epoch,
        state: &[Validator],
    ) -> bool {
        let on_chain = self.entries.iter().filter(|e| e.purse == purse && e.standing == Standing::Active);
        let validators = on_chain.filter_map(|entry| state.get(entry.validator?));
        let (mut used, mut active) = (0, 0);
        for validator in validators {
            for epoch in validator.activation_epoch.0..=now.0 {
                let on_duty = Epoch(epoch) < validator.exit_epoch;
                used += if on_duty && epoch < now.0 { RATE } else { 0 };
                active += u128::from(on_duty && epoch == now.0);
            }
        }
        active > 0 && tickets.0 < used + active * floor.0
    }

    /// What is true of an operator now.
    pub fn truth(&self, purse: usize) -> Truth {
        self.truths[purse]
    }

    /// What is true of the operator of a validator now; None when it has none.
    pub fn truth_about(&self, validator: usize) -> Option<Truth> {
        let purse = self.purses.iter().position(|purse| purse.validators.contains(&validator))?;
        Some(self.truth(purse))
    }

    /// The last block.
    pub fn head(&self) -> Block {
        block(u64::try_from(self.blocks.len()).expect("few blocks").saturating_sub(1))
    }

    /// The last finalized block.
    pub fn finalized(&self, chain: &VirtualChain) -> Block {
        let slot = chain.checkpoint().epoch.start_slot(SLOTS_PER_EPOCH);
        block(slot.0.min(self.head().number.0))
    }

    /// The logs of blocks `from..=to`.
    pub fn scan(&self, from: u64, to: u64) -> ScanReport {
        let logs = (from..=to).flat_map(|number| {
            let content = &self.blocks[usize::try_from(number).expect("few blocks")];
            (0..).zip(&content.events).map(move |(index, event)| JudgedLog {
                block: BlockNumber(number),
                index,
                timestamp: block(number).timestamp,
                event: event.clone(),
            })
        });
        ScanReport { from: BlockNumber(from), to: block(to), logs: logs.collect() }
    }

    /// What they say at a block.
    pub fn state(&self, number: u64, story: &Story) -> ContractState {
        let set = &story.definition.guardian_set;
        let mut guardians: Vec<_> = set.members.iter().filter_map(|member| member.account).collect();
        let mut enclaves = custody_addresses(usize::from(set.threshold.n())).to_vec();
        if self.rotation.is_some_and(|(from, to)| from.0 <= number && number < to.0) {
            guardians.swap(0, 1);
            enclaves.swap(0, 1);
        }
        ContractState {
            block: block(number),
            guardians,
            enclaves,
            threshold: set.threshold.t().into(),
            ejection_threshold: story.definition.policy.balance.ejection_threshold,
            minimum_tickets: self.minimum,
            skip_penalty: PENALTY,
            operators: self.blocks[usize::try_from(number).expect("few blocks")].accounts.clone(),
        }
    }

    /// Accounts at the head.
    pub fn accounts(&self) -> &BTreeMap<Address, NodeInfo> {
        &self.accounts
    }
}

/// The registration at a place, of an operator.
fn id(purse: &Purse, place: usize) -> RegistrationId {
    RegistrationId {
        module: ModuleName([purse.module; 32]),
        index: u64::try_from(place).expect("few registrations"),
    }
}

/// The block of a number: one a slot.
fn block(number: u64) -> Block {
    let mut hash = [0xb1; 32];
    hash[..8].copy_from_slice(&number.to_le_bytes());
    Block { number: BlockNumber(number), hash: BlockHash(hash), timestamp: number * SECONDS_PER_SLOT.get() }
}
