//! Stories of the guardian network on virtual slots.
//!
//! `SIMULATOR_SEEDS=n` runs that many storms instead of a thousand, `SIMULATOR_SEED=n` that one alone.

#![allow(clippy::panic, reason = "a test may fail")]

use crypto::spec::{Epoch, Slot};
use guardian_core::fault::FaultKind;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::{Decision, RejectReason};
use guardian_core::proposal::State;
use guardian_core::status::Hold;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use tests::simulator::Banner;
use tests::simulator::chain::Fate;
use tests::simulator::liar::Lie;
use tests::simulator::signing::Signing;
use tests::simulator::story::{Crash, Cut, Story};
use tests::simulator::witness::Witness;
use tests::simulator::world::World;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} must be a number, got {text:?}")))
}

/// Runs a story to the end of every dark validator.
fn runs_to_the_end(story: Story) -> World {
    let mut world = World::new(story);
    let over = world.run_until(World::all_dark_are_gone);
    assert!(
        over,
        "at slot {} a dark validator is still there: {:#?}",
        world.chain().slot(),
        world.chain().members()
    );
    world.check_journals();
    world
}

/// Runs a story until its horizon, where nobody may have been made to exit.
fn nobody_leaves(story: Story) -> World {
    let mut world = World::new(story);
    world.run_until(|_| false);
    assert!(world.chain().members().iter().all(|member| member.exited_at.is_none()));
    for node in world.honest() {
        assert_eq!(world.witness.released_by(node.index()), 0, "{:?} released", node.index());
    }
    world.check_journals();
    world
}

fn stormy(seed: u64) -> World {
    let _banner = Banner { test: "a_thousand_storms", seed };
    runs_to_the_end(Story::stormy(seed))
}

/// Loss, reorder, duplicates, reorgs, a liar with random lies, crashes between a journal write and the next command,
/// cuts, stalls, late starts: nobody who attests is made to exit, whoever is dark is, and no promise is broken.
#[test]
fn a_thousand_storms() {
    if let Some(seed) = number("SIMULATOR_SEED") {
        stormy(seed);
        return;
    }
    let seeds = number("SIMULATOR_SEEDS").unwrap_or(1_000);
    let (next, seen) = (AtomicU64::new(0), Mutex::new(Witness::default()));
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        break;
                    }
                    let world = stormy(seed);
                    seen.lock().unwrap_or_else(PoisonError::into_inner).remember(&world.witness);
                }
            });
        }
    });
    if seeds >= 1_000 {
        storms_were_storms(&seen.into_inner().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A calm thousand would prove nothing.
fn storms_were_storms(seen: &Witness) {
    let kinds: std::collections::BTreeSet<_> = seen.faults.iter().map(|fault| fault.kind).collect();
    for kind in [
        FaultKind::Equivocation,
        FaultKind::InvalidPartial,
        FaultKind::ForeignShare,
        FaultKind::InvalidCertificate,
        FaultKind::MalformedProposal,
        FaultKind::Garbage,
    ] {
        assert!(kinds.contains(&kind), "no storm had a {}", kind.code());
    }
    for hold in
        [Hold::NotFinalizing, Hold::EpochCap, Hold::Acquitted, Hold::Unconfirmed, Hold::OtherFormReleased]
    {
        assert!(seen.holds.contains(&hold), "no storm had a hold {}", hold.code());
    }
    for state in [State::Rejected, State::Expired, State::Moot, State::Submitted, State::Finalized] {
        assert!(seen.states.contains(&state), "no storm had a proposal {state:?}");
    }
    for decision in [
        Decision::Withdraw(RejectReason::Attesting),
        Decision::Reject(RejectReason::AttestedWhileAccused),
        Decision::Reject(RejectReason::Mismatch),
    ] {
        assert!(seen.decisions.contains(&decision), "in no storm anybody said {decision:?}");
    }
}

#[test]
fn fair_weather_takes_one_proposal_and_no_faults() {
    let world = runs_to_the_end(Story::fair(1, 3, 4));
    assert!(world.witness.faults.is_empty());
    assert_eq!(world.witness.certified(), 4, "one proposal, certified by each");
    assert!(world.honest().all(|node| world.witness.released_by(node.index()) == 1));
    assert!(world.witness.holds.is_empty());
    // Due in epoch 6, which the chain finalizes at the start of epoch 9.
    let exited_at = world.chain().members()[0].exited_at.expect("it left");
    assert!(exited_at < Slot(9 * 4 + 8), "took until slot {exited_at}");
}

#[test]
fn the_same_seed_is_the_same_story() {
    let journals = || {
        let world = runs_to_the_end(Story::stormy(4));
        world.honest().map(|node| node.journal().to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(journals(), journals());
}

#[test]
fn larger_sets_agree_too() {
    let mut story = Story::fair(5, 5, 7);
    story.weather.loss = 0.2;
    story.weather.delay = 12;
    story.liar = Some((GuardianIndex(2), vec![Lie::Rejection, Lie::FalsePartial]));
    runs_to_the_end(story);
}

/// The same road with real shares: the chain checks the combined signature, and the false partial is named.
#[test]
fn real_signatures_and_a_false_partial() {
    let mut story = Story::fair(6, 3, 4);
    story.signing = Signing::Real;
    story.liar = Some((GuardianIndex(3), vec![Lie::FalsePartial]));
    let world = runs_to_the_end(story);
    let culprit = world.witness.faults.iter().find(|fault| fault.kind == FaultKind::InvalidPartial);
    assert_eq!(culprit.map(|fault| fault.guardian), Some(GuardianIndex(3)));
}

/// One guardian, killed after each of its journal writes in turn, alone and with another one away for good.
#[test]
fn killed_after_every_write() {
    for guardian in (1..=4).map(GuardianIndex) {
        for after_write in 1..=24 {
            for down in [1, 9] {
                let mut story = Story::fair(7, 3, 4);
                story.crashes = vec![Crash { guardian, after_write, down }];
                runs_to_the_end(story.clone());
                let other = GuardianIndex(guardian.0 % 4 + 1);
                story.starts = vec![Slot(0); 4];
                story.starts[usize::from(other.0) - 1] = story.horizon;
                runs_to_the_end(story);
            }
        }
    }
}

#[test]
fn one_guardian_killed_for_good_is_not_missed() {
    for guardian in (1..=4).map(GuardianIndex) {
        for after_write in 1..=12 {
            let mut story = Story::fair(8, 3, 4);
            story.crashes = vec![Crash { guardian, after_write, down: 10_000 }];
            let mut world = World::new(story);
            let gone = |world: &World| world.chain().is_finalized_exit(crypto::spec::ValidatorIndex(0));
            assert!(world.run_until(gone), "{guardian:?} killed after write {after_write}");
        }
    }
}

#[test]
fn two_of_four_decide_nothing() {
    let mut story = Story::fair(9, 3, 4);
    story.starts = vec![Slot(0), Slot(0), story.horizon, story.horizon];
    let world = nobody_leaves(story);
    assert_eq!(world.witness.certified(), 0);
    assert!(world.witness.decisions.contains(&Decision::Approve));
    assert!(world.witness.states.contains(&State::Expired));
}

/// Guardians that began to watch at different times name different due epochs, and still meet on one.
#[test]
fn late_starters_meet_on_one_form() {
    for seed in 0..40 {
        let _banner = Banner { test: "late_starters_meet_on_one_form", seed };
        let mut story = Story::fair(seed, 3, 4);
        story.fates = vec![Fate::Dark { from: Epoch(0) }];
        story.starts = vec![Slot(seed % 23), Slot(30), Slot(36 + seed % 5), Slot(200)];
        story.horizon = Slot(200);
        let mut world = World::new(story);
        assert!(world.run_until(|world| world.chain().is_finalized_exit(crypto::spec::ValidatorIndex(0))));
    }
}

/// Two guardians are cut off, so there is no quorum; when they are back, the validator attests again.
#[test]
fn a_validator_that_comes_back_during_the_vote_stays() {
    let mut story = Story::fair(10, 3, 4);
    story.fates = vec![Fate::Returns { from: Epoch(4), back: Epoch(11) }, Fate::Live];
    story.cuts =
        (3..=4).map(|number| Cut { guardian: GuardianIndex(number), from: Slot(30), to: Slot(50) }).collect();
    let world = nobody_leaves(story);
    assert_eq!(world.witness.certified(), 0);
    assert!(world.witness.decisions.contains(&Decision::Approve), "it was voted on");
    assert!(world.witness.decisions.contains(&Decision::Withdraw(RejectReason::Attesting)));
}

/// The vote meets while the chain does not finalize: certified, held, released when finality is back.
#[test]
fn without_finality_a_certified_exit_is_held() {
    let mut story = Story::fair(11, 3, 4);
    story.stall = Some((Epoch(10), Epoch(22)));
    story.cuts =
        (3..=4).map(|number| Cut { guardian: GuardianIndex(number), from: Slot(30), to: Slot(60) }).collect();
    let mut world = World::new(story);
    assert!(world.run_until(|world| world.chain().slot() == Slot(87)), "still stalled");
    assert_eq!(world.witness.certified(), 4);
    assert!(world.witness.holds.contains(&Hold::NotFinalizing));
    assert!(world.honest().all(|node| world.witness.released_by(node.index()) == 0));
    assert!(world.run_until(World::all_dark_are_gone));
}

#[test]
fn exits_leave_one_an_epoch() {
    let mut story = Story::fair(12, 3, 4);
    story.fates = vec![Fate::Dark { from: Epoch(4) }; 3];
    let world = runs_to_the_end(story);
    assert!(world.witness.holds.contains(&Hold::EpochCap));
}

#[test]
fn many_dark_at_once_are_held() {
    let mut story = Story::fair(13, 3, 4);
    story.fates = vec![Fate::Dark { from: Epoch(4) }, Fate::Dark { from: Epoch(5) }, Fate::Live, Fate::Live];
    story.definition.caps.max_dark_percent = 49;
    let world = nobody_leaves(story);
    assert!(world.witness.holds.contains(&Hold::CorrelatedFailure));
}
