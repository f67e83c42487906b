//! Stories of emergencies, pauses and caps on virtual slots.
//!
//! `SIMULATOR_SEEDS=n` runs so many seeds of each story instead of a few hundred, `SIMULATOR_SEED=n` that one alone.

#![allow(clippy::panic, reason = "a test may fail")]

use crypto::spec::{Epoch, Slot};
use guardian_core::emergency::Severity;
use guardian_core::fault::FaultKind;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::{Decision, RejectReason};
use guardian_core::policy::Caps;
use guardian_core::request::Answer;
use guardian_core::status::{EmergencyState, Hold};
use std::collections::BTreeMap;
use tests::simulator::campaign::Campaign;
use tests::simulator::deed::{Asked, Deed};
use tests::simulator::liar::Lie;
use tests::simulator::signing::MANY;
use tests::simulator::story::{Crash, Purse, Story};
use tests::simulator::witness::Witness;
use tests::simulator::world::World;

const BINARY: &str = "emergencies";

fn propose(label: &str, validators: Vec<usize>, severity: Severity, lifetime: u64) -> Deed {
    Deed::Propose { label: label.to_owned(), validators, severity, lifetime }
}

fn approve(label: &str) -> Deed {
    Deed::Approve(label.to_owned())
}

/// Guardian 1 raises an emergency in slot `at`, the others approve it `after` slots later.
fn raised(at: u64, after: u64, deed: Deed) -> Vec<Asked> {
    let label = deed.label().unwrap_or_default().to_owned();
    let mut asks = vec![Asked::new(at, 1, deed)];
    asks.extend(Asked::by_all(at + after, 2..=4, &approve(&label)));
    asks
}

fn until(world: &mut World, slot: u64) {
    world.run_until(|world| world.chain().slot() >= Slot(slot));
}

/// Runs a story to its horizon, where nobody may have left.
fn nobody_leaves(story: Story) -> World {
    let mut world = World::new(story);
    world.run_until(|_| false);
    assert_eq!(world.left(), Vec::<usize>::new());
    world.check_journals();
    world
}

#[test]
fn an_emergency_takes_whom_it_names_and_nobody_else() {
    let mut story = Story::crowd(1, 6);
    story.asks = raised(20, 2, propose("leaked keys", vec![1, 4], Severity::Normal, 60));
    let mut world = World::new(story);
    until(&mut world, 27);
    assert_eq!(world.witness.endorsed("leaked keys"), 0, "its cancel window is not over");
    assert!(world.run_until(|world| world.have_left([1, 4])));
    world.run_until(|_| false);
    assert_eq!(world.left(), [1, 4]);
    assert_eq!(world.witness.endorsed("leaked keys"), 4);
    assert!(world.witness.faults.is_empty(), "{:?}", world.witness.faults);
    assert!(world.witness.emergencies.contains(&EmergencyState::Done));
    world.check_journals();
}

/// Half of what a network watches, with a third of all messages lost and one guardian killed in the middle.
#[test]
fn five_hundred_leave_in_a_storm_of_lost_messages() {
    let mut story = Story::crowd(2, MANY);
    story.weather.loss = 1.0 / 3.0;
    story.weather.delay = 12;
    story.horizon = Slot(400);
    story.crashes = vec![Crash { guardian: GuardianIndex(3), after_write: 40, down: 6 }];
    story.asks = raised(20, 2, propose("all of them", (0..MANY).collect(), Severity::Urgent, 300));
    let mut world = World::new(story);
    let all = u64::try_from(MANY).unwrap_or(0);
    assert!(world.run_until(|world| world.have_left(0..all)), "{} left", world.left().len());
    assert_eq!(world.witness.exits_for_people, all);
    assert!(world.honest().all(|node| node.life() == if node.index() == GuardianIndex(3) { 2 } else { 1 }));
}

/// Whoever approves whatever and raises what it likes gets nobody out, alone of four or two of seven.
#[test]
fn liars_get_nobody_out() {
    let campaign = Campaign { binary: BINARY, test: "liars_get_nobody_out", seeds: 60 };
    let seen = campaign.run(|seed| {
        let mut story = Story::crowd(seed, 8);
        let lies = Lie::ABOUT_PEOPLE.to_vec();
        if seed.is_multiple_of(2) {
            story.liars = BTreeMap::from([(GuardianIndex(1 + u16::try_from(seed % 4).unwrap_or(0)), lies)]);
        } else {
            let larger = Story::fair(seed, 5, 7);
            story.definition.guardian_set = larger.definition.guardian_set;
            story.liars = BTreeMap::from([(GuardianIndex(2), lies.clone()), (GuardianIndex(5), lies)]);
        }
        story.weather.loss = 0.2;
        story.weather.delay = 12;
        story.horizon = Slot(140);
        let honest: Vec<_> = (1..=4).filter(|number| story.is_honest(GuardianIndex(*number))).collect();
        // Two of the honest have nothing against it: with the liars that is one too few.
        story.asks = vec![Asked::new(20, honest[0], propose("a mistake", vec![3], Severity::Normal, 90))];
        story.asks.push(Asked::new(24, honest[1], approve("a mistake")));
        story.asks.push(Asked::new(26, honest[1], Deed::Withdraw("a mistake".to_owned())));
        nobody_leaves(story)
    });
    let Some(seen) = seen else { return };
    let kinds: Vec<_> = seen.faults.iter().map(|fault| fault.kind).collect();
    for kind in [FaultKind::ForgedAuthority, FaultKind::Equivocation] {
        assert!(kinds.contains(&kind), "nobody was blamed for {}", kind.code());
    }
}

/// A liar that floods and forges does not keep the others from what they all want.
#[test]
fn liars_do_not_stand_in_the_way() {
    let campaign = Campaign { binary: BINARY, test: "liars_do_not_stand_in_the_way", seeds: 40 };
    campaign.run(|seed| {
        let mut story = Story::crowd(seed, 8);
        story.liars = BTreeMap::from([(GuardianIndex(4), Lie::ABOUT_PEOPLE.to_vec())]);
        story.weather.loss = 0.2;
        story.asks = raised(20, 2, propose("leaked keys", vec![2, 5], Severity::Normal, 100));
        let mut world = World::new(story);
        assert!(world.run_until(|world| world.have_left([2, 5])));
        assert_eq!(world.left(), [2, 5]);
        world
    });
}

/// Three operators in two modules, dark validators, and emergencies about all of them at once, raised by each guardian.
fn crowded(seed: u64) -> Story {
    let mut story = Story::crowd(seed, 12);
    let purse = |validators: std::ops::Range<usize>, module| Purse {
        module,
        ..Purse::lasting(validators.collect(), 100_000)
    };
    story.employ(vec![purse(0..4, 1), purse(4..8, 1), purse(8..12, 2)]);
    story.darken(2..5, Epoch(4));
    story.horizon = Slot(120);
    story.definition.caps = Caps {
        exits_per_operator_per_day: 2,
        exits_per_module_per_day: 3,
        max_dark_percent: 100,
        ..Caps::new(2, 5)
    };
    let labels = ["one", "two", "three", "four"];
    let named = [vec![0, 1, 4, 5], vec![5, 6, 8, 9], vec![9, 10, 11], vec![0, 7, 11]];
    for ((number, label), validators) in (1..).zip(labels).zip(named) {
        let severity = if seed.is_multiple_of(2) { Severity::Urgent } else { Severity::Normal };
        let at = 30 + seed % 7 * u64::from(number);
        story.asks.push(Asked::new(at, number, propose(label, validators, severity, 150)));
        let others = (1..=4).filter(|other| *other != number);
        story.asks.extend(Asked::by_all(at + 2, others, &approve(label)));
    }
    let mortal = GuardianIndex(1 + u16::try_from(seed % 4).unwrap_or(0));
    story.dies_often(mortal, 1 + u32::try_from(seed / 4 % 12).unwrap_or(0), 40);
    story
}

#[test]
fn caps_hold_whatever_is_proposed_at_once_and_whoever_dies() {
    let test = "caps_hold_whatever_is_proposed_at_once_and_whoever_dies";
    let campaign = Campaign { binary: BINARY, test, seeds: 200 };
    let seen = campaign.run(|seed| {
        let mut story = crowded(seed);
        match seed % 3 {
            0 => {}
            1 => story.definition.caps.max_share_percent_per_day = 30,
            _ => {
                story.definition.caps.exits_per_operator_per_day = 5;
                story.definition.caps.exits_per_module_per_day = 5;
            }
        }
        let mut world = World::new(story);
        world.run_until(|_| false);
        world.check_journals();
        let most = world.honest().map(|node| world.witness.released_by(node.index())).max();
        assert!(most.is_some_and(|most| most >= 3), "at most {most:?} releases");
        world
    });
    let Some(seen) = seen else { return };
    let caps = [Hold::EpochCap, Hold::DayCap, Hold::OperatorCap, Hold::ModuleCap, Hold::ShareCap];
    for hold in caps {
        assert!(seen.holds.contains(&hold), "no cap was met: {}", hold.code());
    }
}

/// The breaker holds what the rules ask and what is not urgent, and says so.
#[test]
fn half_of_all_dark_hold_all_but_what_is_urgent() {
    let mut story = Story::crowd(5, 8);
    story.darken(0..4, Epoch(4));
    story.definition.caps.max_dark_percent = 34;
    story.horizon = Slot(200);
    story.asks = raised(20, 2, propose("not so bad", vec![4], Severity::Normal, 100));
    story.asks.extend(raised(40, 2, propose("very bad", vec![0, 5], Severity::Urgent, 100)));
    let mut world = World::new(story);
    world.run_until(|_| false);
    assert_eq!(world.left(), [0, 5]);
    assert!(world.witness.holds.contains(&Hold::CorrelatedFailure));
    assert_eq!(world.witness.endorsed("not so bad"), 4);
    world.check_journals();
}

/// Who has approved in time and has not taken it back before its own release, liars included.
fn standing(world: &World, label: &str) -> usize {
    let story = world.story();
    let standing = story.definition.guardian_set.members.iter().filter(|member| {
        let theirs = story.asks.iter().enumerate().filter(|(_, asked)| asked.guardian == member.index);
        let about = theirs.filter(|(_, asked)| asked.deed.label() == Some(label));
        about.fold(false, |stands, (place, asked)| match (&asked.deed, world.answer(place)) {
            (Deed::Propose { .. }, Some(Answer::Raised { .. }))
            | (Deed::Approve(_), Some(Answer::Voted { .. })) => true,
            (Deed::Withdraw(_), Some(Answer::Voted { released, .. })) => stands && *released > 0,
            _ => stands,
        }) || !story.is_honest(member.index)
    });
    standing.count()
}

/// Withdrawals race with the end of the cancel window and with the certificates others form.
#[test]
fn what_fewer_than_t_still_want_does_not_happen() {
    let test = "what_fewer_than_t_still_want_does_not_happen";
    let campaign = Campaign { binary: BINARY, test, seeds: 300 };
    let (spared, gone) = (std::sync::atomic::AtomicU64::new(0), std::sync::atomic::AtomicU64::new(0));
    campaign.run(|seed| {
        let mut story = Story::crowd(seed, 4);
        story.weather.loss = 0.25;
        story.weather.delay = 18;
        story.horizon = Slot(160);
        story.asks = raised(20, 1, propose("second thoughts", vec![1], Severity::Normal, 60));
        // The window ends in slot 28.
        for number in (1..=4).filter(|number| (seed >> number) & 1 == 0) {
            let at = 26 + (seed / 32 + u64::from(number)) % 4;
            story.asks.push(Asked::new(at, number, Deed::Withdraw("second thoughts".to_owned())));
        }
        if seed.is_multiple_of(3) {
            let lies = vec![Lie::StaleCertificate, Lie::EagerApproval, Lie::OldPapers];
            story.liars = BTreeMap::from([(GuardianIndex(4), lies)]);
        }
        let mut world = World::new(story);
        world.run_until(|_| false);
        world.check_journals();
        let wanted = standing(&world, "second thoughts");
        if wanted < 3 {
            assert_eq!(world.left(), Vec::<usize>::new(), "{wanted} wanted it");
        }
        let counter = if world.left().is_empty() { &spared } else { &gone };
        counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        world
    });
    let (spared, gone) = (spared.into_inner(), gone.into_inner());
    assert!(spared + gone < 300 || (spared > 50 && gone > 50), "{spared} spared, {gone} gone");
}

/// The raiser takes it back around the end of its window.
#[test]
fn what_its_raiser_took_back_in_time_does_not_happen() {
    let test = "what_its_raiser_took_back_in_time_does_not_happen";
    let campaign = Campaign { binary: BINARY, test, seeds: 300 };
    let (spared, gone) = (std::sync::atomic::AtomicU64::new(0), std::sync::atomic::AtomicU64::new(0));
    campaign.run(|seed| {
        let mut story = Story::crowd(seed, 4);
        story.weather.loss = 0.25;
        story.weather.delay = 1 + seed % 18;
        story.horizon = Slot(160);
        story.asks = raised(20, 1, propose("taken back", vec![1], Severity::Normal, 60));
        story.asks.push(Asked::new(24 + seed % 6, 1, Deed::Cancel("taken back".to_owned())));
        if seed.is_multiple_of(3) {
            let lies = vec![Lie::StaleCertificate, Lie::EagerApproval, Lie::OldPapers];
            story.liars = BTreeMap::from([(GuardianIndex(4), lies)]);
        }
        let mut world = World::new(story);
        world.run_until(|_| false);
        world.check_journals();
        let left = world.left();
        let honest = 4 - world.story().liars.len();
        let willing = honest - world.witness.cancelled("taken back") + world.story().liars.len();
        if willing < 3 {
            assert_eq!(left, Vec::<usize>::new(), "{willing} went on");
        }
        let counter = if left.is_empty() { &spared } else { &gone };
        counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        world
    });
    let (spared, gone) = (spared.into_inner(), gone.into_inner());
    assert!(spared + gone < 300 || (spared > 50 && gone > 50), "{spared} spared, {gone} gone");
}

/// A storm in which people do all they can at once.
#[test]
fn storms_with_people_in_them() {
    let campaign = Campaign { binary: BINARY, test: "storms_with_people_in_them", seeds: 200 };
    let seen = campaign.run(|seed| {
        let mut world = World::new(Story::turbulent(seed));
        let over = world.run_until(World::all_due_are_gone);
        assert!(over, "somebody who is due is still there: {:#?}", world.chain().members());
        world.check_journals();
        world
    });
    if let Some(seen) = seen {
        people_did_all(&seen);
    }
}

/// Calm people would prove nothing.
fn people_did_all(seen: &Witness) {
    use EmergencyState::{Cancelled, Certified, Done, Expired, Open, Rejected};
    for state in [Open, Certified, Done, Rejected, Expired, Cancelled] {
        assert!(seen.emergencies.contains(&state), "no emergency was ever {}", state.code());
    }
    for hold in [Hold::Paused, Hold::OperatorUndecided, Hold::EpochCap] {
        assert!(seen.holds.contains(&hold), "nothing was ever held by {}", hold.code());
    }
    for decision in [Decision::Withdraw(RejectReason::Operator), Decision::Reject(RejectReason::Operator)] {
        assert!(seen.decisions.contains(&decision), "nobody ever said {decision:?}");
    }
    for kind in [FaultKind::ForgedAuthority, FaultKind::Equivocation] {
        assert!(seen.faults.iter().any(|fault| fault.kind == kind), "nobody was blamed: {}", kind.code());
    }
    for notice in ["decision_needed", "emergency_moved", "pause_changed"] {
        assert!(seen.notices.contains(notice), "nobody was told {notice}");
    }
    assert!(seen.exits_for_people > 30, "{} exits that people asked for", seen.exits_for_people);
}
