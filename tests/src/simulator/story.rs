//! `Story`: who takes part, what goes wrong, and when it counts as over.

use super::chain::Fate;
use super::liar::Lie;
use super::signing::{Signing, VALIDATORS, keys};
use crypto::spec::{ChainSpec, Epoch, Fork, ForkName, ForkSchedule, ForkVersion, Root, Slot, ValidatorIndex};
use crypto::threshold::Threshold;
use guardian_core::guardian_set::{GuardianIndex, GuardianSet, GuardianSetEpoch, Member, NetworkDefinition};
use guardian_core::policy::{Caps, Enforcement, OfflineRule, Policy};
use guardian_core::proposal::Subject;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::num::NonZeroU64;

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

/// Everything a run depends on; the same story runs the same way every time.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Seeds all chance.
    pub seed: u64,
    /// The network.
    pub definition: NetworkDefinition,
    /// The validators, at most [`VALIDATORS`].
    pub fates: Vec<Fate>,
    /// The messages.
    pub weather: Weather,
    /// Which guardian lies, and how.
    pub liar: Option<(GuardianIndex, Vec<Lie>)>,
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
            liar: None,
            crashes: Vec::new(),
            cuts: Vec::new(),
            stall: None,
            starts: Vec::new(),
            signing: Signing::Symbolic,
            horizon: Slot(160),
        }
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
        let lies: Vec<_> = Lie::ALL.into_iter().filter(|_| rng.random_bool(0.4)).collect();
        story.liar = Some((liar, lies));
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
        story
    }

    /// Whether this guardian tells the truth.
    pub fn is_honest(&self, guardian: GuardianIndex) -> bool {
        self.liar.as_ref().is_none_or(|(liar, _)| *liar != guardian)
    }
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
        custody_key: format!("04{}", format!("{number:02x}").repeat(64)),
        account: None,
    });
    NetworkDefinition {
        name: "simulated".to_owned(),
        chain: ChainSpec {
            name: "virtual".to_owned(),
            genesis_time: 0,
            seconds_per_slot: NonZeroU64::MIN,
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
        caps: Caps { exits_per_epoch: 1, exits_per_day: 8, max_finality_distance: 4, max_dark_percent: 100 },
    }
}

/// The key sets of a story's validators.
pub fn key_sets(story: &Story) -> &'static [super::signing::Keys] {
    keys(story.definition.guardian_set.threshold)
}

/// Whom proposals in a story can be about.
pub fn subjects(story: &Story) -> Vec<Subject> {
    let keys = key_sets(story).iter().take(story.fates.len());
    keys.zip(0..)
        .map(|(keys, index)| Subject {
            pubkey: keys.set.public_key(),
            key_set: keys.id,
            index: ValidatorIndex(index),
        })
        .collect()
}
