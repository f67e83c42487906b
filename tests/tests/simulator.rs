//! Stories of the guardian network on virtual slots.
//!
//! `SIMULATOR_SEEDS=n` runs so many storms instead of a thousand, `SIMULATOR_SEED=n` that one alone.

#![allow(clippy::panic, reason = "a test may fail")]

use crypto::execution::Tickets;
use crypto::spec::{Epoch, Slot};
use guardian_core::fault::FaultKind;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::{Decision, RejectReason};
use guardian_core::proposal::State;
use guardian_core::status::{Hold, Standing};
use std::collections::BTreeMap;
use tests::simulator::campaign::Campaign;
use tests::simulator::chain::Fate;
use tests::simulator::liar::Lie;
use tests::simulator::provider::{Outage, Trouble};
use tests::simulator::signing::Signing;
use tests::simulator::story::{Crash, Cut, Purse, Story};
use tests::simulator::witness::Witness;
use tests::simulator::world::World;

/// Runs a story until everybody who must leave has left.
fn runs_to_the_end(story: Story) -> World {
    let mut world = World::new(story);
    let over = world.run_until(World::all_due_are_gone);
    assert!(
        over,
        "at slot {} somebody who is due is still there: {:#?}\n{:#?}",
        world.chain().slot(),
        world.chain().members(),
        world.story().purses
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

/// Loss, reorder, duplicates, reorgs, a liar with random lies, crashes between a journal write and the next command,
/// cuts, stalls, late starts: nobody who attests is made to exit, whoever is dark is, and no promise is broken.
#[test]
fn a_thousand_storms() {
    let campaign = Campaign { binary: "simulator", test: "a_thousand_storms", seeds: 1_000 };
    if let Some(seen) = campaign.run(|seed| runs_to_the_end(Story::stormy(seed))) {
        storms_were_storms(&seen);
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
    for hold in [
        Hold::NotFinalizing,
        Hold::EpochCap,
        Hold::Acquitted,
        Hold::Unconfirmed,
        Hold::OtherFormReleased,
        Hold::ContractsMismatch,
        Hold::ContractsUnknown,
    ] {
        assert!(seen.holds.contains(&hold), "no storm had a hold {}", hold.code());
    }
    for state in [State::Rejected, State::Expired, State::Moot, State::Submitted, State::Finalized] {
        assert!(seen.states.contains(&state), "no storm had a proposal {state:?}");
    }
    for decision in [
        Decision::Withdraw(RejectReason::Attesting),
        Decision::Withdraw(RejectReason::Funded),
        Decision::Reject(RejectReason::Funded),
        Decision::Reject(RejectReason::AttestedWhileAccused),
        Decision::Reject(RejectReason::Mismatch),
    ] {
        assert!(seen.decisions.contains(&decision), "in no storm anybody said {decision:?}");
    }
    for standing in [Standing::Idle, Standing::Ok, Standing::Warning, Standing::Short, Standing::Due] {
        assert!(seen.standings.contains(&standing), "in no storm an operator was {}", standing.code());
    }
    assert!(seen.exits_for_tickets > 100, "{} exits for want of tickets", seen.exits_for_tickets);
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
    story.liars = BTreeMap::from([(GuardianIndex(2), vec![Lie::Rejection, Lie::FalsePartial])]);
    runs_to_the_end(story);
}

/// The same road with real shares: the chain checks the combined signature, and the false partial is named.
#[test]
fn real_signatures_and_a_false_partial() {
    let mut story = Story::fair(6, 3, 4);
    story.signing = Signing::Real;
    story.liars = BTreeMap::from([(GuardianIndex(3), vec![Lie::FalsePartial])]);
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
    let (from, to) = (Slot(34), story.horizon);
    story.cuts = (3..=4).map(|number| Cut { guardian: GuardianIndex(number), from, to }).collect();
    let world = nobody_leaves(story);
    assert_eq!(world.witness.certified(), 0);
    assert!(world.witness.decisions.contains(&Decision::Approve));
    assert!(world.witness.states.contains(&State::Expired));
}

/// Two that never heard of the others do not know of t that enforce the rule: they do not even propose.
#[test]
fn two_of_four_alone_propose_nothing() {
    let mut story = Story::fair(9, 3, 4);
    story.starts = vec![Slot(0), Slot(0), story.horizon, story.horizon];
    let world = nobody_leaves(story);
    assert!(world.witness.states.is_empty(), "{:?}", world.witness.states);
}

/// Guardians that began to watch at different times name different due epochs, and still meet on one.
#[test]
fn late_starters_meet_on_one_form() {
    let campaign = Campaign { binary: "simulator", test: "late_starters_meet_on_one_form", seeds: 40 };
    campaign.run(|seed| {
        let mut story = Story::fair(seed, 3, 4);
        story.fates = vec![Fate::Dark { from: Epoch(0) }];
        story.starts = vec![Slot(seed % 23), Slot(30), Slot(36 + seed % 5), Slot(200)];
        story.horizon = Slot(200);
        let mut world = World::new(story);
        assert!(world.run_until(|world| world.chain().is_finalized_exit(crypto::spec::ValidatorIndex(0))));
        world
    });
}

/// Two guardians are cut off, so there is no quorum; when they are back, the validator attests again.
#[test]
fn a_validator_that_comes_back_during_the_vote_stays() {
    let mut story = Story::fair(10, 3, 4);
    story.definition.policy.vote_window = 16;
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

/// Short from epoch 7, slot 28; due when the grace period of 8 slots is over; finalized from epoch 11, slot 44.
fn short_operator(validators: Vec<usize>) -> Purse {
    Purse::lasting(validators, 6)
}

fn plenty(validators: Vec<usize>) -> Purse {
    Purse::lasting(validators, 100_000)
}

#[test]
fn an_operator_out_of_tickets_leaves_and_the_other_stays() {
    let mut story = Story::with_operators(20, vec![short_operator(vec![0]), plenty(vec![1])]);
    story.ripe = Slot(40);
    let world = runs_to_the_end(story);
    assert!(world.witness.faults.is_empty());
    assert_eq!(world.witness.certified(), 4, "one proposal, certified by each");
    let [short, other] = world.chain().members() else { panic!("two validators") };
    let exited_at = short.exited_at.expect("it left");
    assert!((Slot(44)..Slot(56)).contains(&exited_at), "left at slot {exited_at}");
    assert_eq!(other.exited_at, None);
    assert_eq!(world.witness.exits_for_tickets, 1);
}

/// At slot 41 the operator is due by the finalized state to come, but every guardian sees the deposit at the head.
#[test]
fn a_top_up_at_the_head_saves_the_operator() {
    for at in [30, 35, 38, 41] {
        let mut saved = short_operator(vec![0]);
        saved.deposits = vec![(Slot(at), Tickets::ONE)];
        let story = Story::with_operators(21, vec![saved, plenty(vec![1])]);
        let world = nobody_leaves(story);
        assert_eq!(world.witness.certified(), 0, "topped up at slot {at}");
    }
}

/// Two guardians are away while the others vote; when they are back, the operator has topped up.
#[test]
fn a_top_up_during_the_vote_saves_the_operator() {
    let mut saved = short_operator(vec![0]);
    saved.deposits = vec![(Slot(55), Tickets::ONE)];
    let mut story = Story::with_operators(22, vec![saved, plenty(vec![1])]);
    story.cuts =
        (3..=4).map(|number| Cut { guardian: GuardianIndex(number), from: Slot(40), to: Slot(60) }).collect();
    let world = nobody_leaves(story);
    assert_eq!(world.witness.certified(), 0);
    assert!(world.witness.decisions.contains(&Decision::Approve), "it was voted on");
}

/// The contracts have two guardians in another order for a while: nobody leaves, not even who is dark.
#[test]
fn a_mismatch_of_the_guardian_set_holds_everything() {
    let mut story = Story::with_operators(23, vec![short_operator(vec![0]), plenty(vec![1, 2])]);
    story.fates[1] = Fate::Dark { from: Epoch(4) };
    story.rotation = Some((Slot(8), Slot(100)));
    let mut world = World::new(story);
    assert!(world.run_until(|world| world.chain().slot() == Slot(100)));
    assert!(world.chain().members().iter().all(|member| member.exited_at.is_none()));
    assert!(world.honest().all(|node| world.witness.released_by(node.index()) == 0));
    assert!(world.honest().all(|node| {
        let status = node.status().expect("it runs");
        status.execution.as_ref().is_some_and(|execution| execution.mismatches.len() == 4)
    }));
    assert!(world.run_until(World::all_due_are_gone), "when the order is back, they leave");
    assert!(world.chain().members()[2].exited_at.is_none());
}

#[test]
fn an_operator_with_several_validators_is_ejected_whole() {
    let mut story = Story::with_operators(24, vec![short_operator(vec![0, 1, 2]), plenty(vec![3])]);
    story.ripe = Slot(40);
    let world = runs_to_the_end(story);
    let left = world.chain().members().iter().map(|member| member.exited_at.is_some());
    assert_eq!(left.collect::<Vec<_>>(), [true, true, true, false]);
    assert!(world.witness.holds.contains(&Hold::EpochCap), "one an epoch");
}

/// An operator that deposits less than it lacks, and one whose penalty starts the grace period anew.
#[test]
fn half_a_remedy_does_not_save() {
    let mut mean = Purse::lasting(vec![0, 1], 6);
    mean.tickets = Tickets(2 * Tickets::ONE.0);
    mean.deposits = vec![(Slot(30), Tickets::ONE), (Slot(50), Tickets::ONE)];
    let mut fined = Purse::lasting(vec![2], 6);
    fined.junk = vec![Slot(24), Slot(32)];
    let mut story = Story::with_operators(25, vec![mean, fined]);
    story.ripe = Slot(60);
    let world = runs_to_the_end(story);
    assert!(world.chain().members().iter().all(|member| member.exited_at.is_some()));
}

/// Short since epoch 7; a penalty in epoch 10 starts the grace period of 24 slots anew.
#[test]
fn a_penalty_starts_the_grace_period_anew() {
    let left_at = |junk: Vec<Slot>| {
        let fined = Purse { junk, ..short_operator(vec![0]) };
        let mut story = Story::with_operators(29, vec![fined, plenty(vec![1])]);
        story.definition.policy.tickets.grace = 24;
        story.ripe = Slot(60);
        runs_to_the_end(story).chain().members()[0].exited_at.expect("it left")
    };
    let (without, with) = (left_at(Vec::new()), left_at(vec![Slot(40)]));
    // The end of the grace period is finalized two epochs later: 28 + 24 + 8, and 40 + 24 + 8.
    assert!((Slot(60)..Slot(72)).contains(&without), "left at slot {without}");
    assert!((Slot(72)..Slot(84)).contains(&with), "left at slot {with}");
}

/// One guardian, killed after each of its scans in turn: nothing is counted twice, nothing is missed.
#[test]
fn killed_after_every_scan() {
    for guardian in (1..=4).map(GuardianIndex) {
        for after_write in 1..=12 {
            for chunk in [2, 5, 40] {
                let mut topped_up = plenty(vec![1]);
                topped_up.deposits = (10..40).step_by(3).map(|slot| (Slot(slot), Tickets::ONE)).collect();
                let mut story = Story::with_operators(26, vec![short_operator(vec![0]), topped_up]);
                (story.chunk, story.ripe, story.weather.duplicates) = (chunk, Slot(60), 0.3);
                story.scan_crashes = vec![Crash { guardian, after_write, down: 3 }];
                let mut world = runs_to_the_end(story);
                let all = world.run_until(|world| world.check_accounts() == 4);
                assert!(all, "{guardian:?} after scan {after_write}: not all read the contracts");
            }
        }
    }
}

/// A node that shows plenty keeps its guardian from approving; one that shows nothing convinces nobody else; one that
/// leaves out a log makes an account that cannot be explained.
#[test]
fn lying_execution_nodes_decide_nothing() {
    use Trouble::{FinalizedMisery, Generosity, Misery, Omission, Silence};
    for trouble in [Misery, FinalizedMisery, Generosity, Silence, Omission] {
        let mut story = Story::with_operators(27, vec![short_operator(vec![0]), plenty(vec![1])]);
        let (from, to) = (Slot(4), Slot(10_000));
        let from = if trouble == Omission { Slot(0) } else { from };
        story.outages = vec![Outage { guardian: GuardianIndex(2), trouble, from, to }];
        story.ripe = Slot(120);
        let world = runs_to_the_end(story);
        assert_eq!(world.witness.exits_for_tickets, 1, "{trouble:?}");
        assert!(world.witness.faults.is_empty(), "{trouble:?}");
        let expected = matches!(trouble, FinalizedMisery | Omission).then_some(GuardianIndex(2));
        assert!(world.witness.doubters.iter().eq(&expected), "{trouble:?}: {:?}", world.witness.doubters);
    }
}
