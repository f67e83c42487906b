use super::*;
use crate::recording::{self, Archive, Owner, Recorder};
use crypto::spec::{BlsPubkey, Checkpoint, Root, Slot, ValidatorIndex};
use guardian_core::event::{Liveness, NodeHealth};
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::proposal::RuleKind;
use metrics::Counter;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use world::{SLOTS, World, definition, key};

mod world;

const ME: GuardianIndex = GuardianIndex(1);

/// Records events into a directory; the guardian stops and starts again, without missing anything, before each event in
/// `starts`.
fn record(directory: &Path, definition: &NetworkDefinition, events: &[Event], starts: &[usize]) {
    let owner = Owner { network: definition.id(), guardian: ME };
    let mut history = History::default();
    // A guardian that stops before its first slot records nothing.
    let is_slot = |cut: &usize| matches!(events.get(*cut), Some(Event::SlotStarted(_)));
    let first = (0..events.len()).find(is_slot).unwrap_or(0);
    let mut cuts: BTreeSet<_> =
        starts.iter().filter_map(|start| (first + start..events.len()).find(is_slot)).collect();
    cuts.extend([0, events.len()]);
    let cuts: Vec<_> = cuts.into_iter().collect();
    for (from, to) in cuts.iter().zip(cuts.iter().skip(1)) {
        let mut archive = Archive::open(directory, owner, 20_250).unwrap();
        let (mut recorder, mut intake) =
            Recorder::new(&definition.chain, ME, history.clone(), Counter::noop());
        for event in &events[*from..*to] {
            recorder.note(event);
            intake.drain(&mut archive);
            if let Event::ContractsScanned(report) = event {
                history.extend(report);
            }
        }
        recorder.finish();
        intake.drain(&mut archive);
    }
}

fn play(directory: &Path, definition: &NetworkDefinition, from: u64, to: u64) -> Outcome {
    let owner = Owner { network: definition.id(), guardian: ME };
    let history = History::read(directory).unwrap();
    let frames = recording::frames(directory, owner, looks_back_to(definition, Epoch(from))).unwrap();
    replay(frames, &history, definition.clone(), (Epoch(from), Epoch(to)), |_| ()).unwrap()
}

/// The events themselves, without a recording between.
fn directly(
    definition: &NetworkDefinition,
    events: &[Event],
) -> (Vec<Candidate>, BTreeMap<&'static str, u64>) {
    let mut trial = Trial::new(alone(definition.clone()).unwrap()).unwrap();
    trial.go_live();
    for event in events {
        trial.take(match event {
            Event::CustodyLoaded(custody) => Fact::Held(custody.iter().map(|one| one.pubkey).collect()),
            other => Fact::Seen(other.clone()),
        });
    }
    trial.outcome()
}

fn compare(contracts: bool, seed: u64, starts: &[usize]) -> Outcome {
    const EPOCHS: u64 = 40;
    let definition = definition(contracts);
    let events = World::play(&definition, seed, EPOCHS);
    let directory = tempfile::tempdir().unwrap();
    record(directory.path(), &definition, &events, starts);
    let outcome = play(directory.path(), &definition, 0, EPOCHS - 1);
    let (mut candidates, holds) = directly(&definition, &events);
    let mut replayed = outcome.candidates.clone();
    for list in [&mut candidates, &mut replayed] {
        list.sort_by_key(|candidate| candidate.validator);
    }
    assert_eq!(replayed, candidates, "seed {seed}");
    assert_eq!(outcome.holds, holds, "seed {seed}");
    assert_eq!((outcome.coverage.recorded, outcome.coverage.gaps.len()), (EPOCHS, 0), "seed {seed}");
    outcome
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// A recording leads the core to what the events themselves lead it to, wherever the guardian started again.
    #[test]
    fn a_recording_is_as_good_as_the_events(
        contracts: bool,
        seed: u64,
        starts in prop::collection::vec(1..1000usize, 0..3),
    ) {
        compare(contracts, seed, &starts);
    }
}

/// The histories of the test above are worth comparing: every rule makes validators leave, and much is held.
#[test]
fn every_rule_and_many_holds_occur_in_such_histories() {
    let (mut rules, mut holds, mut stays) = (BTreeSet::new(), BTreeSet::new(), 0);
    for seed in 0..24 {
        let outcome = compare(seed % 2 == 0, seed, &[]);
        for candidate in &outcome.candidates {
            match candidate.leaves {
                Some(_) => drop(rules.insert(candidate.rule)),
                None => stays += 1,
            }
        }
        holds.extend(outcome.holds.into_keys());
    }
    assert_eq!(rules, BTreeSet::from([RuleKind::Offline, RuleKind::Tickets, RuleKind::Balance]));
    assert!(holds.len() >= 3 && stays > 0, "{holds:?} {stays}");
}

/// A plain chain that finalizes two epochs behind; validator 0 is dark in `dark`, all others attest.
fn plain(epochs: std::ops::Range<u64>, dark: std::ops::Range<u64>) -> Vec<Event> {
    let validators: Vec<_> = (0..world::VALIDATORS).map(world::validator).collect();
    let mut events = World::play(&definition(false), 0, 0);
    for slot in epochs.start * SLOTS..epochs.end * SLOTS {
        let epoch = slot / SLOTS;
        events.push(Event::SlotStarted(Slot(slot)));
        events.push(Event::HeadObserved { slot: Slot(slot), validators: validators.clone() });
        if slot % SLOTS == 1 {
            let checkpoint = Checkpoint { epoch: Epoch(epoch.saturating_sub(2)), root: Root([1; 32]) };
            events.push(Event::FinalizedObserved { checkpoint, validators: validators.clone() });
        }
        if slot % SLOTS == 2 && epoch > epochs.start {
            let of = |is_dark: bool| {
                let places = (0..world::VALIDATORS)
                    .filter(|place| (*place == 0 && dark.contains(&(epoch - 1))) == is_dark);
                places.map(|place| ValidatorIndex(100 + place as u64)).collect()
            };
            let liveness = Liveness { epoch: Epoch(epoch - 1), live: of(false), dark: of(true) };
            events.push(Event::LivenessObserved(liveness));
        }
    }
    events
}

fn who(outcome: &Outcome) -> Vec<(BlsPubkey, u64, Option<u64>)> {
    let told = |one: &Candidate| (one.validator, one.due.0, one.leaves.map(|leave| leave.epoch.0));
    outcome.candidates.iter().map(told).collect()
}

#[test]
fn the_policy_decides_who_leaves_and_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut definition = definition(false);
    record(directory.path(), &definition, &plain(0..300, 20..300), &[]);
    // Dark in 20, 21 and 22: due in 22, finalized when 23 is. Nothing else happens to it in 270 more epochs.
    let outcome = play(directory.path(), &definition, 0, 299);
    assert_eq!(who(&outcome), [(key(0), 22, Some(25))]);
    assert_eq!((outcome.validators, outcome.leaving()), (world::VALIDATORS, 1));
    assert!(outcome.holds.is_empty(), "{:?}", outcome.holds);
    assert_eq!(outcome.coverage, Coverage { recorded: 300, ..Coverage::default() });

    definition.policy.offline.epochs = 290;
    assert_eq!(who(&play_with(directory.path(), &definition, 0, 299)), []);
}

/// As [`play`], in the network that the recording of `definition(false)` is of.
fn play_with(directory: &Path, definition: &NetworkDefinition, from: u64, to: u64) -> Outcome {
    let owner = Owner { network: world::definition(false).id(), guardian: ME };
    let looks_back_to = looks_back_to(definition, Epoch(from));
    let frames = recording::frames(directory, owner, looks_back_to).unwrap();
    replay(frames, &History::default(), definition.clone(), (Epoch(from), Epoch(to)), |_| ()).unwrap()
}

#[test]
fn a_policy_that_comes_into_force_knows_who_was_dark_before() {
    let directory = tempfile::tempdir().unwrap();
    let mut definition = definition(false);
    record(directory.path(), &definition, &plain(0..300, 20..300), &[]);
    definition.policy.offline.epochs = 100;
    // From the middle of the dark run: due in the hundredth dark epoch all the same, and after it at once.
    assert_eq!(who(&play_with(directory.path(), &definition, 60, 299)), [(key(0), 119, Some(122))]);
    assert_eq!(who(&play_with(directory.path(), &definition, 240, 299)), [(key(0), 119, Some(240))]);
    assert_eq!(who(&play_with(directory.path(), &definition, 60, 121)), []);
}

#[test]
fn a_day_that_was_removed_takes_nothing_from_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let definition = definition(false);
    record(directory.path(), &definition, &plain(0..300, 250..300), &[]);
    std::fs::remove_file(directory.path().join("0000000000-000.frames")).unwrap();
    let outcome = play(directory.path(), &definition, 0, 299);
    assert_eq!(who(&outcome), [(key(0), 252, Some(255))]);
    assert_eq!(outcome.coverage.gaps, [(Epoch(0), Epoch(224))]);
    assert_eq!(outcome.validators, world::VALIDATORS, "the keyframe knows whose shares were held");
}

#[test]
fn nothing_is_concluded_over_a_gap() {
    let directory = tempfile::tempdir().unwrap();
    let definition = definition(false);
    // Two dark epochs before, two after: three on end only without the gap.
    record(directory.path(), &definition, &plain(0..22, 20..40), &[]);
    record(directory.path(), &definition, &plain(25..30, 20..27), &[]);
    let outcome = play(directory.path(), &definition, 0, 35);
    assert_eq!(who(&outcome), []);
    assert_eq!(outcome.coverage.gaps, [(Epoch(22), Epoch(24)), (Epoch(30), Epoch(35))]);
    assert_eq!(outcome.coverage.recorded, 27);

    // Dark for long enough after the gap: due from there.
    let directory = tempfile::tempdir().unwrap();
    record(directory.path(), &definition, &plain(0..22, 20..40), &[]);
    record(directory.path(), &definition, &plain(25..34, 20..40), &[]);
    let outcome = play(directory.path(), &definition, 0, 33);
    assert_eq!(who(&outcome), [(key(0), 27, Some(30))]);
}

#[test]
fn what_holds_a_release_is_counted_by_cause() {
    let directory = tempfile::tempdir().unwrap();
    let definition = definition(false);
    let mut events = plain(0..40, 20..40);
    // The nodes are away until epoch 27.
    let at = |slot: u64| Event::SlotStarted(Slot(slot));
    for (slot, healthy) in [(40, 0), (108, 2)] {
        let place = events.iter().position(|event| *event == at(slot)).unwrap();
        events.insert(place + 1, Event::NodesObserved(NodeHealth { total: 2, healthy, disagree: false }));
    }
    record(directory.path(), &definition, &events, &[]);
    let outcome = play(directory.path(), &definition, 0, 39);
    assert_eq!(who(&outcome), [(key(0), 22, Some(27))], "nothing is proposed without nodes");
    assert!(outcome.holds.is_empty());

    // All but two of five dark: certified, and held for as long as that lasts.
    let directory = tempfile::tempdir().unwrap();
    let mut events = plain(0..40, 20..40);
    for event in &mut events {
        if let Event::LivenessObserved(liveness) = event
            && (20..30).contains(&liveness.epoch.0)
        {
            let more: Vec<_> = liveness.live.drain(..2).collect();
            liveness.dark.extend(more);
        }
    }
    record(directory.path(), &definition, &events, &[]);
    let outcome = play(directory.path(), &definition, 0, 39);
    assert!(outcome.holds.keys().eq(&["acquitted", "correlated_failure"]), "{:?}", outcome.holds);
    let dark = outcome.candidates.iter().find(|candidate| candidate.validator == key(0)).unwrap();
    assert_eq!(dark.leaves.map(|leave| leave.epoch), Some(Epoch(31)));
    assert_eq!(dark.held_by.iter().map(|cause| cause.0.code()).collect::<Vec<_>>(), ["correlated_failure"]);
    assert_eq!(outcome.leaving(), 1, "the others came back");
}
