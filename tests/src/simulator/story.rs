//! `Story`: who takes part, what goes wrong, and when it counts as over.

use super::chain::Fate;
use super::deed::Asked;
use super::liar::Lie;
use super::provider::{Outage, Trouble};
use super::signing::{Signing, VALIDATORS, keys};
use crypto::custody::{CustodyPublicKey, CustodySecretKey};
use crypto::execution::{Address, BlockNumber, Tickets};
use crypto::spec::{ChainSpec, Epoch, Fork, ForkName, ForkSchedule, ForkVersion, Root, Slot, ValidatorIndex};
use crypto::threshold::Threshold;
use guardian_core::contracts::{Contracts, Profile};
use guardian_core::emergency::EmergencyRules;
use guardian_core::guardian_set::{GuardianIndex, GuardianSet, GuardianSetEpoch, Member, NetworkDefinition};
use guardian_core::policy::{BalanceRule, Caps, Enforcement, OfflineRule, Policy, TicketsRule};
use guardian_core::proposal::Subject;
use guardian_core::settings::Settings;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// How badly messages travel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weather {
    /// Chance that a message, or what a beacon node should report, is lost.
    pub loss: f64,
    /// Chance that a message comes twice.
    pub duplicates: f64,
    /// Longest way, in ticks; each message draws its own, so messages overtake each other.
    pub delay: u64,
    /// Chance of an empty slot, and of a one-block reorg.
    pub roughness: f64,
}

/// A guardian's death between a journal write and the command after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crash {
    /// Whose.
    pub guardian: GuardianIndex,
    /// After which of its journal writes about proposals, counted from 1.
    pub after_write: u32,
    /// Slots until it is restarted from its journal.
    pub down: u64,
}

/// A guardian cut off from the others, while its beacon node is within reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Which.
    pub guardian: GuardianIndex,
    /// First slot without the others.
    pub from: Slot,
    /// First slot with them again.
    pub to: Slot,
}

/// A node operator: its validators and what happens to its tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purse {
    /// Slot at which it registers its validators, which are provisioned at once.
    pub opened: Slot,
    /// Its validators, by their place in the story. They go on duty in the epoch after, or with the chain.
    pub validators: Vec<usize>,
    /// Tickets that come with the registrations.
    pub tickets: Tickets,
    /// Tickets deposited later.
    pub deposits: Vec<(Slot, Tickets)>,
    /// Slots at which it registers a key that is none, to be skipped soon.
    pub junk: Vec<Slot>,
    /// In which module.
    pub module: u8,
}

impl Purse {
    /// An operator from the first slot on, with tickets above the floor for so many epochs.
    pub fn lasting(validators: Vec<usize>, epochs: u64) -> Self {
        let number = u64::try_from(validators.len()).expect("few validators");
        let tickets =
            FLOOR.saturating_add(guardian_core::tickets::consumption(epochs)).saturating_mul(number);
        Self { opened: Slot(0), validators, tickets, deposits: Vec::new(), junk: Vec::new(), module: 1 }
    }

    /// First epoch of its validators' duty.
    pub fn activation(&self) -> Epoch {
        match self.opened {
            Slot(0) => Epoch(0),
            opened => opened.epoch(super::chain::SLOTS_PER_EPOCH).saturating_add(1),
        }
    }
}

/// Least an operator must have for each validator.
pub const FLOOR: Tickets = Tickets(5 * Tickets::ONE.0);

/// Everything a run depends on; the same story runs the same way every time.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Seeds all chance.
    pub seed: u64,
    /// The network.
    pub definition: NetworkDefinition,
    /// The validators, at most [`super::signing::MANY`].
    pub fates: Vec<Fate>,
    /// The messages.
    pub weather: Weather,
    /// Which guardians lie, and how.
    pub liars: BTreeMap<GuardianIndex, Vec<Lie>>,
    /// What operators do.
    pub asks: Vec<Asked>,
    /// What operators decided in their configurations; the defaults where not given.
    pub settings: BTreeMap<GuardianIndex, Settings>,
    /// Which guardians die.
    pub crashes: Vec<Crash>,
    /// Who is cut off.
    pub cuts: Vec<Cut>,
    /// Epochs at whose starts nothing is finalized.
    pub stall: Option<(Epoch, Epoch)>,
    /// Slot at which each guardian is first started; zero where not given.
    pub starts: Vec<Slot>,
    /// How signatures are made.
    pub signing: Signing,
    /// The operators; none where the network does not look at contracts.
    pub purses: Vec<Purse>,
    /// `getMinimumVtAmount`.
    pub minimum: Tickets,
    /// Slots in which the contracts have the first two guardians in another order.
    pub rotation: Option<(Slot, Slot)>,
    /// Trouble with execution nodes.
    pub outages: Vec<Outage>,
    /// Most blocks of a scan.
    pub chunk: u64,
    /// Which guardians die after which of their journaled scans, counted from 1.
    pub scan_crashes: Vec<Crash>,
    /// First slot at which the story can be over.
    pub ripe: Slot,
    /// Slots after which a story that did not end has failed.
    pub horizon: Slot,
}

impl Story {
    /// n guardians, t of whom must agree; fair weather, one validator dark from epoch 4.
    pub fn fair(seed: u64, t: u16, n: u16) -> Self {
        let threshold = Threshold::new(t, n).expect("a threshold");
        Self {
            seed,
            definition: definition(threshold),
            fates: vec![Fate::Dark { from: Epoch(4) }, Fate::Live, Fate::Live],
            weather: Weather { loss: 0.0, duplicates: 0.0, delay: 1, roughness: 0.0 },
            liars: BTreeMap::new(),
            asks: Vec::new(),
            settings: BTreeMap::new(),
            crashes: Vec::new(),
            cuts: Vec::new(),
            stall: None,
            starts: Vec::new(),
            signing: Signing::Symbolic,
            purses: Vec::new(),
            minimum: Tickets(28 * Tickets::ONE.0),
            rotation: None,
            outages: Vec::new(),
            chunk: 4,
            scan_crashes: Vec::new(),
            ripe: Slot(0),
            horizon: Slot(160),
        }
    }

    /// As [`Story::fair`], of operators and their tickets; every validator attests, two of them where not said otherwise.
    pub fn with_operators(seed: u64, purses: Vec<Purse>) -> Self {
        let mut story = Self::fair(seed, 3, 4);
        let validators = purses.iter().flat_map(|purse| &purse.validators).max().map_or(2, |last| last + 1);
        story.fates = vec![Fate::Live; validators];
        story.employ(purses);
        story
    }

    /// Lets the guardians look at contracts with these operators, and enforce all rules.
    pub fn employ(&mut self, purses: Vec<Purse>) {
        self.purses = purses;
        self.definition.contracts = Some(Contracts {
            profile: Profile::V1,
            chain_id: 1,
            protocol: Address([1; 20]),
            guardian_module: Address([2; 20]),
            deployed: BlockNumber(0),
            exit_proposals: None,
        });
        let policy = &mut self.definition.policy;
        policy.tickets = TicketsRule { floor: FLOOR, grace: 8, tolerance: 1, ..TicketsRule::puffer() };
        policy.balance = BalanceRule::puffer();
    }

    /// What a seed makes of four guardians, three of whom must agree: loss, reorder, duplicates, a liar, crashes.
    pub fn stormy(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed ^ 0x5354_4f52_4d59);
        let mut story = Self::fair(seed, 3, 4);
        story.horizon = Slot(600);
        story.weather = Weather {
            loss: rng.random_range(0.0..0.3),
            duplicates: rng.random_range(0.0..0.1),
            delay: rng.random_range(1..=super::TICKS_PER_SLOT * 3),
            roughness: rng.random_range(0.0..0.15),
        };
        story.definition.policy.offline.tolerance = rng.random_range(0..=1);
        story.definition.policy.vote_window = rng.random_range(6..=16);
        story.fates = (0..VALIDATORS)
            .map(|place| match place {
                0 => Fate::Dark { from: Epoch(rng.random_range(0..=6)) },
                1 => Fate::Live,
                _ => match rng.random_range(0..4u32) {
                    0 => Fate::Dark { from: Epoch(rng.random_range(0..=10)) },
                    1 => {
                        let from = rng.random_range(2..=8);
                        Fate::Returns { from: Epoch(from), back: Epoch(from + rng.random_range(1..=8)) }
                    }
                    _ => Fate::Live,
                },
            })
            .collect();
        let liar = GuardianIndex(rng.random_range(1..=4));
        let lies: Vec<_> = Lie::ABOUT_EXITS.into_iter().filter(|_| rng.random_bool(0.4)).collect();
        story.liars = BTreeMap::from([(liar, lies)]);
        let mortal = loop {
            let guardian = GuardianIndex(rng.random_range(1..=4));
            if guardian != liar {
                break guardian;
            }
        };
        story.crashes = (0..rng.random_range(1..=2u32))
            .map(|_| Crash {
                guardian: mortal,
                after_write: rng.random_range(1..=16),
                down: rng.random_range(1..=24),
            })
            .collect();
        if rng.random_bool(0.3) {
            let from = rng.random_range(20..60);
            let to = from + rng.random_range(4..=24);
            story.cuts.push(Cut { guardian: mortal, from: Slot(from), to: Slot(to) });
        }
        if rng.random_bool(0.25) {
            let from = rng.random_range(8..16);
            story.stall = Some((Epoch(from), Epoch(from + rng.random_range(2..=9))));
        }
        story.starts =
            (0..4).map(|_| Slot(if rng.random_bool(0.3) { rng.random_range(0..40) } else { 0 })).collect();
        story.brew_contracts(mortal, &mut rng);
        story
    }

    /// The execution side of a storm: one or two operators, trouble with their tickets and with execution nodes.
    fn brew_contracts(&mut self, mortal: GuardianIndex, rng: &mut StdRng) {
        let mut hands = vec![Vec::new(); rng.random_range(1..=3)];
        for validator in 0..self.fates.len() {
            let hand = rng.random_range(0..hands.len());
            hands[hand].push(validator);
        }
        hands.retain(|hand| !hand.is_empty());
        self.employ(Vec::new());
        let grace = rng.random_range(6..=32);
        self.definition.policy.tickets.grace = grace;
        self.definition.policy.tickets.tolerance = rng.random_range(0..=2);
        self.minimum = Tickets(rng.random_range(0..=28) * Tickets::ONE.0);
        self.chunk = rng.random_range(4..=40);
        self.purses = hands.into_iter().map(|hand| brew_purse(hand, grace, rng)).collect();
        self.scan_crashes = (0..rng.random_range(0..=2u32))
            .map(|_| Crash {
                guardian: mortal,
                after_write: rng.random_range(1..=12),
                down: rng.random_range(1..=24),
            })
            .collect();
        if rng.random_bool(0.15) {
            let from = rng.random_range(0..80);
            self.rotation = Some((Slot(from), Slot(from + rng.random_range(4..=24))));
        }
        for _ in 0..rng.random_range(0..=2u32) {
            let troubles = [Trouble::Silence, Trouble::Generosity, Trouble::Misery, Trouble::FinalizedMisery];
            let from = rng.random_range(0..100);
            self.outages.push(Outage {
                guardian: GuardianIndex(rng.random_range(1..=4)),
                trouble: troubles[rng.random_range(0..troubles.len())],
                from: Slot(from),
                to: Slot(from + rng.random_range(4..=60)),
            });
        }
        self.ripe = Slot(180);
    }

    /// Whether this guardian tells the truth.
    pub fn is_honest(&self, guardian: GuardianIndex) -> bool {
        !self.liars.contains_key(&guardian)
    }
}

fn brew_purse(validators: Vec<usize>, grace: u64, rng: &mut StdRng) -> Purse {
    let lasts = rng.random_range(3..20);
    let mut purse = Purse::lasting(validators, lasts);
    if rng.random_bool(0.3) {
        purse.opened = Slot(rng.random_range(1..24));
    }
    let ample = Tickets(1_000 * Tickets::ONE.0);
    let per_epoch = super::chain::SLOTS_PER_EPOCH.get();
    let short_from = (purse.activation().0 + lasts + 1) * per_epoch;
    match rng.random_range(0..6u32) {
        0 => purse.tickets = ample,
        // Not even enough for one of them.
        1 => purse.tickets = Tickets(FLOOR.0 * 4 / 5),
        2 => {
            // Saved before the grace period is over, as finely as epochs are told apart.
            let at = short_from + rng.random_range(0..=grace.saturating_sub(per_epoch + 1));
            purse.deposits.push((Slot(at), ample));
        }
        3 => {
            let at = short_from + rng.random_range(0..=80);
            purse.deposits.push((Slot(at), ample));
        }
        4 => {
            // A ticket at a time: less than a validator's floor.
            for _ in 0..rng.random_range(1..=4u32) {
                purse.deposits.push((Slot(rng.random_range(0..120)), Tickets::ONE));
            }
        }
        _ => {}
    }
    if rng.random_bool(0.3) {
        purse.junk = (0..rng.random_range(1..=2u32)).map(|_| Slot(rng.random_range(0..120))).collect();
    }
    purse
}

fn definition(threshold: Threshold) -> NetworkDefinition {
    let version = |number| ForkVersion([number, 0, 0, 0x51]);
    let names = [ForkName::Phase0, ForkName::Altair, ForkName::Bellatrix, ForkName::Capella, ForkName::Deneb];
    let forks = names.into_iter().zip(0..).map(|(name, number)| Fork {
        name,
        version: version(number),
        epoch: Epoch(0),
    });
    let members = (1..=threshold.n()).map(|number| Member {
        index: GuardianIndex(number),
        name: format!("guardian-{number}"),
        peer_id: format!("16Uiu2HAm{number}"),
        addresses: Vec::new(),
        custody_key: custody_key(number),
        account: Some(Address([u8::try_from(number).expect("few guardians"); 20])),
    });
    NetworkDefinition {
        name: "simulated".to_owned(),
        chain: ChainSpec {
            name: "virtual".to_owned(),
            genesis_time: 0,
            seconds_per_slot: super::chain::SECONDS_PER_SLOT,
            slots_per_epoch: super::chain::SLOTS_PER_EPOCH,
            shard_committee_period: 2,
            forks: ForkSchedule::new(Root([7; 32]), forks.collect()).expect("a schedule"),
        },
        guardian_set: GuardianSet { epoch: GuardianSetEpoch(0), threshold, members: members.collect() },
        contracts: None,
        policy: Policy::offline_only(
            OfflineRule { enforcement: Enforcement::Enforce, epochs: 3, tolerance: 1 },
            8,
        ),
        caps: Caps { max_dark_percent: 100, ..Caps::new(1, 8) },
        emergency: EmergencyRules { cancel_window: 8, max_lifetime: 400, ..EmergencyRules::default() },
    }
}

/// Public custody keys, the same for all stories.
fn custody_keys() -> &'static [CustodyPublicKey] {
    static KEYS: OnceLock<Vec<CustodyPublicKey>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let mut rng = StdRng::seed_from_u64(0x4355_5354);
        (0..7).map(|_| CustodySecretKey::generate(&mut rng).public_key()).collect()
    })
}

fn custody_key(number: u16) -> String {
    let bytes = custody_keys()[usize::from(number) - 1].to_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The accounts that belong to the custody keys of the first `n` guardians.
pub fn custody_addresses(n: usize) -> &'static [Address] {
    static ADDRESSES: OnceLock<Vec<Address>> = OnceLock::new();
    &ADDRESSES.get_or_init(|| custody_keys().iter().map(CustodyPublicKey::address).collect())[..n]
}

/// The key sets of a story's validators.
pub fn key_sets(story: &Story) -> &'static [super::signing::Keys] {
    keys(story.definition.guardian_set.threshold, story.fates.len())
}

/// Whom proposals in a story can be about.
pub fn subjects(story: &Story) -> Vec<Subject> {
    let keys = key_sets(story).iter().take(story.fates.len());
    keys.zip(0..)
        .map(|(keys, index)| Subject { pubkey: keys.pubkey, key_set: keys.id, index: ValidatorIndex(index) })
        .collect()
}
