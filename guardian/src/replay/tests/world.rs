//! A chain made up by chance, as a guardian's nodes show it.

use crate::definition::tests::{network, network_with_contracts};
use crate::recording::GRAIN;
use crypto::execution::{
    Address, Block, BlockHash, BlockNumber, ContractState, ModuleName, NodeInfo, RegistrationId, Tickets,
    TransactionHash,
};
use crypto::keys::{PublicKeySet, SecretKey};
use crypto::registration::Verdict;
use crypto::spec::{BlsPubkey, Checkpoint, Epoch, FAR_FUTURE_EPOCH, Gwei, Root, Slot, ValidatorIndex};
use crypto::threshold::ShareIndex;
use crypto::validator::{Validator, ValidatorStatus};
use guardian_core::Event;
use guardian_core::event::{Custody, ExecutionHealth, Liveness, NodeHealth};
use guardian_core::guardian_set::NetworkDefinition;
use guardian_core::policy::{Enforcement, TicketsRule};
use guardian_core::registration::{JudgedEvent, JudgedLog, Registered, ScanReport};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::num::NonZeroU64;
use std::sync::OnceLock;

/// Slots of an epoch.
pub(super) const SLOTS: u64 = 4;

/// Validators.
pub(super) const VALIDATORS: usize = 5;

fn keys() -> &'static [BlsPubkey] {
    static KEYS: OnceLock<Vec<BlsPubkey>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let mut rng = StdRng::seed_from_u64(3);
        (0..VALIDATORS).map(|_| SecretKey::generate(&mut rng).public_key().to_bytes()).collect()
    })
}

/// The key of a validator.
pub(super) fn key(place: usize) -> BlsPubkey {
    keys()[place]
}

/// An operator has two validators; the last has one.
fn operator(place: usize) -> Address {
    Address([0x70 + u8::try_from(place / 2).unwrap(); 20])
}

pub(super) fn validator(place: usize) -> Validator {
    Validator {
        pubkey: key(place),
        index: ValidatorIndex(100 + place as u64),
        status: ValidatorStatus::ActiveOngoing,
        balance: Gwei(32_000_000_000),
        effective_balance: Gwei(32_000_000_000),
        slashed: false,
        activation_epoch: Epoch(0),
        exit_epoch: FAR_FUTURE_EPOCH,
        withdrawable_epoch: FAR_FUTURE_EPOCH,
    }
}

/// A short chain's definition; with contracts where `contracts` says so.
pub(super) fn definition(contracts: bool) -> NetworkDefinition {
    let (mut definition, _) = if contracts { network_with_contracts(2, 3, 5) } else { network(2, 3, 5) };
    for member in &mut definition.guardian_set.members {
        // The same each time, so that the network is.
        member.peer_id = format!("16Uiu2HAm{}", member.index.0);
    }
    definition.chain.slots_per_epoch = NonZeroU64::new(SLOTS).unwrap();
    definition.chain.shard_committee_period = 0;
    let policy = &mut definition.policy;
    policy.vote_window = 8;
    policy.offline.epochs = 3;
    policy.balance.enforcement = Enforcement::Enforce;
    policy.balance.ejection_threshold = Gwei(31_750_000_000);
    if contracts {
        policy.tickets = TicketsRule { grace: 4, ..TicketsRule::puffer() };
    }
    definition.caps.exits_per_epoch = 1;
    definition.caps.exits_per_day = 3;
    definition.caps.exits_per_operator_per_day = 3;
    definition.caps.exits_per_module_per_day = 3;
    definition.caps.max_dark_percent = 50;
    definition
}

/// What `definition`'s first guardian would be shown in `epochs` epochs; the same for the same seed.
pub(super) struct World {
    rng: StdRng,
    definition: NetworkDefinition,
    validators: Vec<Validator>,
    /// Chance in percent to miss an epoch.
    dark: [u32; VALIDATORS],
    finalized: u64,
    scanned: Option<u64>,
    /// By operator, in tickets' thousandths.
    tickets: [u128; VALIDATORS.div_ceil(2)],
    pub(super) events: Vec<Event>,
}

impl World {
    pub(super) fn play(definition: &NetworkDefinition, seed: u64, epochs: u64) -> Vec<Event> {
        let mut rng = StdRng::seed_from_u64(seed);
        let chances = [0, 5, 50, 90, 100];
        let mut world = Self {
            dark: std::array::from_fn(|_| chances[rng.random_range(0..chances.len())]),
            tickets: std::array::from_fn(|_| rng.random_range(9_980..10_060)),
            rng,
            definition: definition.clone(),
            validators: (0..VALIDATORS).map(validator).collect(),
            finalized: 0,
            scanned: None,
            events: Vec::new(),
        };
        world.begin();
        for slot in 0..epochs * SLOTS {
            world.slot(slot);
        }
        world.events
    }

    fn tell(&mut self, event: Event) {
        self.events.push(event);
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    fn begin(&mut self) {
        let custody = |pubkey: &BlsPubkey| Custody {
            pubkey: *pubkey,
            key_set: PublicKeySet::from_bytes(&pubkey.0).unwrap(),
            index: ShareIndex::new(1).unwrap(),
        };
        self.tell(Event::CustodyLoaded(keys().iter().map(custody).collect()));
        self.tell(Event::NodesObserved(NodeHealth { total: 2, healthy: 2, disagree: false }));
        if self.definition.contracts.is_some() {
            let health = ExecutionHealth { total: 1, healthy: 1, disagree: false, problem: None };
            self.tell(Event::ExecutionObserved(health));
        }
    }

    fn slot(&mut self, slot: u64) {
        self.tell(Event::SlotStarted(Slot(slot)));
        let (epoch, into) = (slot / SLOTS, slot % SLOTS);
        if self.chance(2) {
            let healthy = self.rng.random_range(0..3);
            let disagree = self.chance(20);
            self.tell(Event::NodesObserved(NodeHealth { total: 2, healthy, disagree }));
        } else if self.chance(20) {
            self.tell(Event::NodesObserved(NodeHealth { total: 2, healthy: 2, disagree: false }));
        }
        if into == 0 {
            self.live(epoch);
        }
        if self.chance(95) {
            let named = self.chance(60);
            let validators = if named { self.validators.clone() } else { Vec::new() };
            self.tell(Event::HeadObserved { slot: Slot(slot), validators });
        }
        if into == 1 && epoch >= 2 && self.chance(85) {
            self.finalized = epoch - 2;
            let checkpoint = Checkpoint { epoch: Epoch(self.finalized), root: Root([epoch as u8; 32]) };
            let validators = self.validators.clone();
            self.tell(Event::FinalizedObserved { checkpoint, validators });
            if self.definition.contracts.is_some() {
                self.scan(self.finalized * SLOTS + 3);
            }
        }
        if into == 2 && epoch >= 1 && self.chance(95) {
            let (mut live, mut dark) = (Vec::new(), Vec::new());
            for place in 0..VALIDATORS {
                let index = validator(place).index;
                if self.chance(3) {
                    continue;
                }
                if self.chance(self.dark[place]) { dark.push(index) } else { live.push(index) }
            }
            self.tell(Event::LivenessObserved(Liveness { epoch: Epoch(epoch - 1), live, dark }));
        }
        if self.definition.contracts.is_some() && self.chance(90) {
            let block = self.block(slot + 3);
            let infos = self.infos();
            self.tell(Event::OperatorsObserved { block, infos });
        }
    }

    /// What validators and operators do in an epoch.
    fn live(&mut self, epoch: u64) {
        for place in 0..VALIDATORS {
            if self.chance(10) {
                let chances = [0, 100];
                self.dark[place] = chances[self.rng.random_range(0..2)];
            }
            if self.chance(6) {
                let steps: u64 = self.rng.random_range(0..60);
                self.validators[place].balance = Gwei(32_000_000_000 - steps * GRAIN);
            }
            if self.chance(1) && !self.validators[place].is_exiting() {
                self.validators[place].exit_epoch = Epoch(epoch + 5);
                self.validators[place].status = ValidatorStatus::ActiveExiting;
            }
        }
    }

    fn block(&self, number: u64) -> Block {
        let chain = &self.definition.chain;
        let timestamp = chain.genesis_time + number.saturating_sub(3) * chain.seconds_per_slot.get();
        Block { number: BlockNumber(number), hash: BlockHash([number as u8; 32]), timestamp }
    }

    fn infos(&self) -> Vec<(Address, NodeInfo)> {
        let info = |(place, milli): (usize, &u128)| {
            let active = (VALIDATORS - 2 * place).min(2) as u64;
            let tickets = Tickets(milli * Tickets::ONE.0 / 2000 * u128::from(active));
            (operator(2 * place), NodeInfo { active, pending: 0, tickets })
        };
        self.tickets.iter().enumerate().map(info).collect()
    }

    fn scan(&mut self, number: u64) {
        // Three blocks before genesis: see `contracts`.
        let from = self.scanned.map_or(3, |scanned| scanned + 1);
        let mut logs = Vec::new();
        let log = |number: u64, index: u64, timestamp: u64, event| JudgedLog {
            block: BlockNumber(number),
            index,
            timestamp,
            event,
        };
        let timestamp = self.block(from).timestamp;
        if self.scanned.is_none() {
            for place in 0..VALIDATORS {
                let id = RegistrationId { module: ModuleName([1; 32]), index: place as u64 };
                let registered = Registered {
                    id,
                    operator: operator(place),
                    pubkey: Some(key(place)),
                    key_set: None,
                    transaction: TransactionHash([place as u8; 32]),
                    verdict: Verdict::Accepted,
                };
                let index = 2 * place as u64;
                logs.push(log(from, index, timestamp, JudgedEvent::Registered(registered)));
                logs.push(log(from, index + 1, timestamp, JudgedEvent::Provisioned(id)));
            }
        } else if self.chance(10) {
            let place = self.rng.random_range(0..self.tickets.len());
            self.tickets[place] += 2000;
            let active = (VALIDATORS - 2 * place).min(2) as u128;
            let amount = Tickets(Tickets::ONE.0 * active);
            logs.push(log(
                from,
                0,
                timestamp,
                JudgedEvent::TicketsDeposited { operator: operator(2 * place), amount },
            ));
        }
        if number < from {
            return;
        }
        self.scanned = Some(number);
        let to = self.block(number);
        self.tell(Event::ContractsScanned(ScanReport { from: BlockNumber(from), to, logs }));
        let state = ContractState {
            block: to,
            guardians: Vec::new(),
            enclaves: Vec::new(),
            threshold: 2,
            ejection_threshold: Gwei(1),
            minimum_tickets: Tickets::ONE,
            skip_penalty: Tickets::ONE,
            operators: self.infos(),
        };
        self.tell(Event::ContractsObserved(state));
    }
}
