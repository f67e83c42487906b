//! Turmoil: stories in which operators raise, approve, refuse, withdraw, take back, pause and resume, in any order.

use super::chain::Fate;
use super::deed::{Asked, Deed};
use super::liar::Lie;
use super::story::{Crash, Story};
use crypto::spec::{Epoch, Slot};
use guardian_core::emergency::{RaiserClass, Severity};
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::pause::PauseScope;
use guardian_core::policy::Caps;
use guardian_core::settings::{Settings, StandingOrder, StandingVote};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Slot from which on everything is resumed.
const CALM: u64 = 150;

impl Story {
    /// As [`Story::fair`], of so many validators, of which each attests, with wide caps.
    pub fn crowd(seed: u64, validators: usize) -> Self {
        let mut story = Self::fair(seed, 3, 4);
        story.fates = vec![Fate::Live; validators];
        let number = u64::try_from(validators).expect("few validators");
        story.definition.caps = Caps { max_dark_percent: 100, ..Caps::new(number, number) };
        story
    }

    /// A storm, and people in it: up to four emergencies with every deed about them, pauses, a liar that lies about those
    /// too.
    pub fn turbulent(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed ^ 0x5455_5242);
        let mut story = Self::stormy(seed);
        story.horizon = Slot(1_200);
        story.ripe = Slot(200);
        story.definition.emergency.cancel_window = rng.random_range(0..=12);
        let per_epoch = rng.random_range(1..=3);
        story.definition.caps = Caps { max_dark_percent: 100, ..Caps::new(per_epoch, 24) };
        for lies in story.liars.values_mut() {
            lies.extend(Lie::ABOUT_PEOPLE.into_iter().filter(|_| rng.random_bool(0.4)));
        }
        for number in 0..rng.random_range(1..=4u32) {
            story.brew_emergency(&format!("emergency {number}"), &mut rng);
        }
        for number in 1..=4 {
            if rng.random_bool(0.25) {
                story.brew_pause(number, &mut rng);
            }
            if rng.random_bool(0.1) {
                story.settings.insert(GuardianIndex(number), brew_settings(&mut rng));
            }
        }
        story.asks.sort_by_key(|asked| asked.at);
        story
    }

    /// One emergency, and what becomes of it.
    fn brew_emergency(&mut self, label: &str, rng: &mut StdRng) {
        let raiser = rng.random_range(1..=4);
        let at = rng.random_range(12..100);
        let window = self.definition.emergency.cancel_window;
        let severity = if rng.random_bool(0.5) { Severity::Urgent } else { Severity::Normal };
        let mut validators: Vec<_> = (0..self.fates.len()).filter(|_| rng.random_bool(0.5)).collect();
        if validators.is_empty() {
            validators.push(rng.random_range(0..self.fates.len()));
        }
        let lifetime = window + rng.random_range(4..=80);
        let deed = Deed::Propose { label: label.to_owned(), validators, severity, lifetime };
        self.asks.push(Asked::new(at, raiser, deed));
        let when = |rng: &mut StdRng| at + rng.random_range(0..=window + 6);
        for number in 1..=4 {
            let first = match rng.random_range(0..10u32) {
                0 => continue,
                1 => Deed::Reject(label.to_owned()),
                _ => Deed::Approve(label.to_owned()),
            };
            let voted = when(rng);
            self.asks.push(Asked::new(voted, number, first));
            if rng.random_bool(0.3) {
                let deed = Deed::Withdraw(label.to_owned());
                self.asks.push(Asked::new(voted + rng.random_range(0..=window + 2), number, deed));
            }
        }
        if rng.random_bool(0.3) {
            let canceller = if rng.random_bool(0.8) { raiser } else { rng.random_range(1..=4) };
            self.asks.push(Asked::new(when(rng), canceller, Deed::Cancel(label.to_owned())));
        }
    }

    /// One guardian pauses for a while; what it wishes for the network ends too.
    fn brew_pause(&mut self, number: u16, rng: &mut StdRng) {
        let scope = if rng.random_bool(0.5) { PauseScope::Local } else { PauseScope::Network };
        let from = rng.random_range(10..CALM - 40);
        let to = from + rng.random_range(1..=40);
        self.asks.push(Asked::new(from, number, Deed::Pause(scope)));
        self.asks.push(Asked::new(to, number, Deed::Resume(scope)));
        if rng.random_bool(0.3) {
            self.asks.push(Asked::new(to + 4, number, Deed::Pause(PauseScope::Network)));
            self.asks.push(Asked::new(CALM, number, Deed::Resume(PauseScope::Network)));
        }
    }

    /// Dies after every `nth` of its writes, so often.
    pub fn dies_often(&mut self, guardian: GuardianIndex, nth: u32, times: usize) {
        let crash = Crash { guardian, after_write: nth, down: 1 };
        self.crashes.extend(std::iter::repeat_n(crash, times));
    }

    /// Some of the validators go dark in an epoch, for good.
    pub fn darken(&mut self, places: std::ops::Range<usize>, from: Epoch) {
        self.fates[places].fill(Fate::Dark { from });
    }
}

fn brew_settings(rng: &mut StdRng) -> Settings {
    let vote = if rng.random_bool(0.7) { StandingVote::Approve } else { StandingVote::Reject };
    let order = StandingOrder {
        name: "guardians".to_owned(),
        raiser: Some(RaiserClass::Guardian),
        proposer: None,
        severity: rng.random_bool(0.5).then_some(Severity::Urgent),
        max_validators: rng.random_range(1..=4),
        vote,
    };
    Settings { standing: vec![order], ..Settings::default() }
}
