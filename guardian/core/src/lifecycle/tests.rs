use super::*;
use crate::command::Command;
use crate::event::{Event, NodeHealth, PostOutcome};
use crate::message::{Decision, Message, RejectReason};
use crate::notice::Notice;
use crate::registration::JudgedEvent;
use crate::scene::operators::{first_scan, registration, scan};
use crate::scene::{
    BOB, CAROL, DUE, DUE_SLOT, ME, Scene, definition, exiting, partial, proposal_at, pubkey, signature,
    validator, with_contracts, written,
};
use crypto::execution::Tickets;
use crypto::exit::VoluntaryExit;
use crypto::spec::{Gwei, ValidatorIndex};
use crypto::validator::{Validator, ValidatorStatus};

/// The slot before the first tick, in which the validator falls due.
const DUE_SEEN: Slot = Slot(DUE_SLOT.0 - 1);

fn way(scene: &Scene) -> Option<LifecycleStatus> {
    let all = scene.guardian.status().lifecycles;
    assert!(all.len() <= 1);
    all.into_iter().next()
}

fn steps(scene: &Scene) -> Vec<(Step, u64)> {
    way(scene).into_iter().flat_map(|way| way.steps).map(|(step, at)| (step, at.0)).collect()
}

fn names(scene: &Scene) -> Vec<Step> {
    steps(scene).into_iter().map(|(step, _)| step).collect()
}

fn accepted(id: ProposalId) -> Event {
    let outcome = |node: &str, outcome| (node.to_owned(), outcome);
    let outcomes = vec![
        outcome("one", PostOutcome::Rejected("full".to_owned())),
        outcome("two", PostOutcome::AlreadyKnown),
        outcome("three", PostOutcome::Accepted),
    ];
    Event::ExitSubmitted { proposal: id, outcomes }
}

fn leaving() -> Validator {
    Validator { withdrawable_epoch: Epoch(30), ..exiting(0) }
}

fn empty() -> Validator {
    Validator { status: ValidatorStatus::WithdrawalDone, balance: Gwei(0), ..leaving() }
}

/// Searches ordered: from and to.
fn searches(commands: &[Command]) -> Vec<(u64, u64)> {
    let search = |c: &Command| {
        if let Command::FindInclusion { from, to, .. } = c { Some((from.0, to.0)) } else { None }
    };
    commands.iter().filter_map(search).collect()
}

/// Steps told to be late, and since when.
fn late(commands: &[Command]) -> Vec<(Step, u64)> {
    let late = |c: &Command| match c {
        Command::Notify(Notice::Late { step, since, .. }) => Some((*step, since.0)),
        _ => None,
    };
    commands.iter().filter_map(late).collect()
}

/// What must be the same after a restart.
fn lasting(guardian: &Guardian) -> Vec<impl PartialEq + std::fmt::Debug + use<>> {
    let lasting =
        |way: LifecycleStatus| (way.pubkey, way.proposal, way.steps, way.accepted_by, way.included_in);
    guardian.lifecycles().into_iter().map(lasting).collect()
}

fn restored(scene: &Scene) -> Guardian {
    let definition = scene.guardian.definition.clone();
    Guardian::restore(definition, ME, scene.journal.iter().cloned()).unwrap()
}

/// A whole life, and what is looked at after each event of it.
fn live(mut look: impl FnMut(&Scene)) -> (Scene, ProposalId) {
    let definition = with_contracts(definition());
    let mut scene = Scene::due_with(definition, 1);
    scene.feed(Event::ContractsScanned(first_scan()));
    let id = proposal_at(DUE_SLOT.0).id();
    let outcome = |slot| Event::InclusionFound { proposal: id, slot };
    let changed = |epoch, validator: Validator| Event::FinalizedObserved {
        checkpoint: crypto::spec::Checkpoint { epoch: Epoch(epoch), root: crypto::spec::Root([1; 32]) },
        validators: vec![validator],
    };
    let head = |slot, validator| Event::HeadObserved { slot: Slot(slot), validators: vec![validator] };
    let hear =
        |from, message| Event::MessageReceived { from, message, envelope: crate::scene::envelope(from, 9) };
    let vote = crate::message::Vote { proposal: id, revision: 0, decision: Decision::Approve };
    let burned = JudgedEvent::Exited { id: registration(0), burned: Tickets(1) };
    let events = [
        Event::SlotStarted(DUE_SLOT),
        hear(BOB, Message::Proposal(proposal_at(DUE_SLOT.0))),
        Event::SlotStarted(Slot(37)),
        hear(BOB, Message::Vote(vote.clone())),
        hear(CAROL, Message::Vote(vote)),
        Event::ExitSigned(partial(id, ME)),
        Event::SlotStarted(Slot(38)),
        hear(BOB, Message::Partial(partial(id, BOB))),
        hear(CAROL, Message::Partial(partial(id, CAROL))),
        Event::ExitCombined { proposal: id, signature: signature(), culprits: Vec::new() },
        Event::SlotStarted(Slot(39)),
        accepted(id),
        Event::SlotStarted(Slot(40)),
        Event::ExitGossiped { validator_index: ValidatorIndex(0), epoch: DUE },
        Event::SlotStarted(Slot(42)),
        head(41, leaving()),
        outcome(Some(Slot(40))),
        Event::SlotStarted(Slot(52)),
        changed(11, leaving()),
        Event::SlotStarted(Slot(128)),
        changed(29, leaving()),
        Event::SlotStarted(Slot(132)),
        changed(30, leaving()),
        Event::SlotStarted(Slot(140)),
        changed(32, empty()),
        Event::SlotStarted(Slot(150)),
        Event::ContractsScanned(scan(21, 149, vec![burned])),
    ];
    for event in events {
        scene.feed(event);
        look(&scene);
    }
    (scene, id)
}

#[test]
fn every_step_is_told_with_its_slot() {
    let (scene, id) = live(|_| ());
    let way = way(&scene).unwrap();
    assert_eq!((way.pubkey, way.proposal), (pubkey(0), Some(id)));
    assert_eq!(way.accepted_by.as_deref(), Some("two"));
    assert_eq!((way.included_in, way.withdrawable, way.late), (Some(Slot(40)), Some(Epoch(30)), None));
    let expected = [
        (Step::Due, DUE_SEEN.0),
        (Step::Proposed, 36),
        (Step::Certified, 37),
        (Step::Released, 37),
        (Step::Combined, 38),
        (Step::Accepted, 39),
        (Step::Gossiped, 40),
        (Step::Included, 42),
        (Step::Finalized, 52),
        (Step::Withdrawable, 132),
        (Step::Withdrawn, 140),
        (Step::Settled, 150),
    ];
    assert_eq!(steps(&scene), expected);
}

#[test]
fn a_restart_in_the_middle_tells_the_same() {
    let mut looks = 0;
    live(|scene| {
        assert_eq!(lasting(&restored(scene)), lasting(&scene.guardian));
        looks += 1;
    });
    assert!(looks > 20);
}

#[test]
fn whoever_was_never_accused_has_no_way_out() {
    let mut scene = Scene::new();
    (0..=9).for_each(|epoch| scene.liveness(epoch, true));
    scene.observe(Slot(40), &[]);
    scene.slot(40);
    assert_eq!(way(&scene), None);
    // Nor who leaves by itself.
    scene.head(41, &[exiting(0)]);
    scene.finalized(12, &[exiting(0)]);
    scene.slot(42);
    assert_eq!(way(&scene), None);
}

#[test]
fn a_reorg_takes_back_the_inclusion_and_all_after_it() {
    let (mut scene, id) = Scene::combined();
    scene.feed(accepted(id));
    scene.head(37, &[exiting(0)]);
    scene.feed(Event::InclusionFound { proposal: id, slot: Some(Slot(37)) });
    assert_eq!(way(&scene).unwrap().included_in, Some(Slot(37)));
    scene.slot(38);
    scene.head(38, &[validator(0)]);
    let way = way(&scene).unwrap();
    assert_eq!((way.steps.last(), way.included_in), (Some(&(Step::Accepted, Slot(36))), None));
    assert_eq!(lasting(&restored(&scene)), lasting(&scene.guardian));
    // What is late now is counted from the reorg: two epochs of four slots.
    (39..=46).for_each(|slot| scene.slot(slot));
    assert!(late(&scene.take()).is_empty());
    scene.slot(47);
    assert_eq!(late(&scene.take()), [(Step::Included, 46)]);
}

#[test]
fn one_that_leaves_by_itself_while_it_is_accused_is_told_from_there_on() {
    let (mut scene, id) = Scene::voted();
    scene.slot(37);
    scene.head(37, &[leaving()]);
    assert_eq!(scene.state(id), Some(State::Moot));
    let until = [(Step::Due, DUE_SEEN.0), (Step::Proposed, 36), (Step::Included, 37)];
    assert_eq!(steps(&scene), until);
    assert!(searches(&scene.take()).is_empty(), "its message is not ours");
    scene.slot(50);
    scene.finalized(30, &[leaving()]);
    assert_eq!(steps(&scene)[3..], [(Step::Finalized, 50), (Step::Withdrawable, 50)]);
    scene.finalized(31, &[empty()]);
    assert_eq!(names(&scene).last(), Some(&Step::Withdrawn));
    assert_eq!(lasting(&restored(&scene)), lasting(&scene.guardian));
}

#[test]
fn one_that_left_by_itself_and_is_back_is_due_again_from_the_start() {
    let (mut scene, _) = Scene::voted();
    scene.head(37, &[exiting(0)]);
    scene.slot(38);
    scene.head(38, &[validator(0)]);
    scene.slot(39);
    assert!(scene.journal.contains(&Record::Spared { pubkey: pubkey(0), at: Slot(39) }));
    scene.slot(40);
    assert_eq!(steps(&scene)[0], (Step::Due, 40));
    assert_eq!(lasting(&restored(&scene)), lasting(&scene.guardian));
}

#[test]
fn what_is_rejected_and_not_due_any_more_has_no_way_out() {
    let (mut scene, id) = Scene::voted();
    scene.liveness(9, true);
    assert_eq!(names(&scene), [Step::Due, Step::Proposed]);
    scene.hear_vote(BOB, id, 0, Decision::Reject(RejectReason::Attesting));
    scene.slot(37);
    assert_eq!((scene.state(id), way(&scene)), (Some(State::Rejected), None));
    assert!(lasting(&restored(&scene)).is_empty());
}

#[test]
fn what_is_cured_under_its_certificate_has_no_way_out() {
    let (mut scene, id) = Scene::voted();
    scene.liveness(9, true);
    for from in [BOB, CAROL, crate::scene::DAVE] {
        scene.hear_vote(from, id, 0, Decision::Approve);
    }
    assert_eq!(names(&scene), [Step::Due, Step::Proposed, Step::Certified]);
    scene.finalized(10, &[]);
    assert_eq!((scene.state(id), way(&scene)), (Some(State::Moot), None));
    assert!(lasting(&restored(&scene)).is_empty());
}

#[test]
fn what_only_others_see_ends_with_its_proposal() {
    let mut scene = Scene::new();
    (0..=3).for_each(|epoch| scene.liveness(epoch, true));
    scene.observe(DUE_SLOT, &[]);
    scene.slot(DUE_SLOT.0);
    scene.hear(BOB, Message::Proposal(proposal_at(DUE_SLOT.0)));
    assert_eq!(names(&scene), [Step::Proposed]);
    scene.slot(DUE_SLOT.0 + 8);
    assert_eq!(way(&scene), None);
}

#[test]
fn what_is_proposed_in_window_after_window_and_never_certified_is_late_once() {
    let (mut scene, id) = Scene::voted();
    (37..=43).for_each(|slot| scene.slot(slot));
    assert_eq!((way(&scene).unwrap().late, late(&scene.take())), (None, Vec::new()));
    scene.slot(44);
    assert_eq!((scene.state(id), names(&scene)), (Some(State::Expired), vec![Step::Due, Step::Proposed]));
    (45..=60).for_each(|slot| scene.slot(slot));
    assert_eq!(late(&scene.take()), [(Step::Certified, 44)]);
    assert_eq!(steps(&scene), [(Step::Due, DUE_SEEN.0), (Step::Proposed, 36)]);
    assert_eq!(way(&scene).unwrap().late, Some((Step::Certified, Slot(44))));
    assert_eq!(lasting(&restored(&scene)), lasting(&scene.guardian));
}

#[test]
fn a_combination_that_does_not_come_is_late_and_a_held_release_is_not() {
    let (mut scene, _) = Scene::released();
    (37..=52).for_each(|slot| scene.slot(slot));
    assert!(late(&scene.take()).is_empty());
    (53..=60).for_each(|slot| scene.slot(slot));
    assert_eq!(late(&scene.take()), [(Step::Combined, 52)]);
    // Told again after a restart.
    scene.restart(Slot(61));
    assert_eq!(late(&scene.take()), [(Step::Combined, 52)]);

    let (mut scene, id) = Scene::voted();
    scene.feed(Event::NodesObserved(NodeHealth { total: 1, healthy: 0, disagree: false }));
    scene.hear_vote(BOB, id, 0, Decision::Approve);
    scene.hear_vote(CAROL, id, 0, Decision::Approve);
    (37..=90).for_each(|slot| scene.slot(slot));
    assert_eq!((scene.state(id), late(&scene.take())), (Some(State::Certified), Vec::new()));
}

#[test]
fn each_step_has_its_deadline() {
    let (mut scene, id) = Scene::combined();
    (37..=44).for_each(|slot| scene.slot(slot));
    assert!(late(&scene.take()).is_empty());
    scene.slot(45);
    assert_eq!(late(&scene.take()), [(Step::Accepted, 44)]);
    scene.feed(accepted(id));
    (46..=53).for_each(|slot| scene.slot(slot));
    assert!(late(&scene.take()).is_empty());
    scene.slot(54);
    assert_eq!(late(&scene.take()), [(Step::Included, 53)]);
    scene.head(54, &[leaving()]);
    (55..=74).for_each(|slot| scene.slot(slot));
    assert!(late(&scene.take()).is_empty());
    scene.slot(75);
    assert_eq!(late(&scene.take()), [(Step::Finalized, 74)]);
    scene.finalized(30, &[leaving()]);
    scene.slot(75 + 2_250 * 4);
    assert!(late(&scene.take()).is_empty());
    scene.slot(76 + 2_250 * 4);
    assert_eq!(late(&scene.take()), [(Step::Withdrawn, 75 + 2_250 * 4)]);
}

#[test]
fn the_block_is_searched_between_the_heads() {
    let (mut scene, id) = Scene::combined();
    scene.slot(41);
    scene.head(41, &[leaving()]);
    let commands = scene.take();
    assert_eq!(searches(&commands), [(37, 41)]);
    let exit = VoluntaryExit { epoch: DUE, validator_index: ValidatorIndex(0) };
    let ordered = |c: &Command| matches!(c, Command::FindInclusion { proposal, exit: e, .. } if (*proposal, *e) == (id, exit));
    assert!(commands.iter().any(ordered));
    for wrong in [None, Some(Slot(36)), Some(Slot(42))] {
        scene.feed(Event::InclusionFound { proposal: id, slot: wrong });
        assert_eq!(way(&scene).unwrap().included_in, None);
    }
    for slot in [Some(Slot(38)), Some(Slot(39))] {
        scene.feed(Event::InclusionFound { proposal: id, slot });
        assert_eq!(way(&scene).unwrap().included_in, Some(Slot(38)), "the first answer stands");
    }
    assert_eq!(steps(&scene).last(), Some(&(Step::Included, 41)));
    scene.take();
    (42..=60).for_each(|slot| scene.slot(slot));
    assert!(searches(&scene.take()).is_empty());
}

#[test]
fn a_block_that_is_not_found_is_searched_five_times() {
    let (mut scene, id) = Scene::combined();
    scene.take();
    scene.slot(141);
    scene.head(141, &[leaving()]);
    assert_eq!(searches(&scene.take()), [(78, 141)], "no more than 64 slots");
    let again: Vec<_> = (142..200)
        .filter(|slot| {
            scene.feed(Event::InclusionFound { proposal: id, slot: None });
            scene.slot(*slot);
            !searches(&scene.take()).is_empty()
        })
        .collect();
    assert_eq!(again, [149, 157, 165, 173]);
    assert_eq!(way(&scene).unwrap().included_in, None);
}

#[test]
fn after_a_restart_the_block_is_searched_where_it_was_seen() {
    let (mut scene, _) = Scene::combined();
    scene.slot(101);
    scene.head(101, &[leaving()]);
    let definition = scene.guardian.definition.clone();
    scene.guardian = Guardian::restore(definition, ME, scene.journal.clone()).unwrap();
    scene.take();
    scene.slot(400);
    assert_eq!(searches(&scene.take()), [(38, 101)]);
}

#[test]
fn of_two_proposals_the_one_that_is_further_leads() {
    let (mut scene, first) = Scene::voted();
    let other =
        crate::proposal::ExitProposal::offline(&definition(), crate::scene::subject(0), Epoch(7), Slot(40));
    let other = other.unwrap();
    scene.slot(40);
    scene.finalized(8, &[]);
    scene.hear(CAROL, Message::Proposal(other.clone()));
    assert_eq!(way(&scene).unwrap().proposal, Some(first.min(other.id())));
    let further = first.max(other.id());
    for from in [BOB, CAROL, crate::scene::DAVE] {
        scene.hear_vote(from, further, 0, Decision::Approve);
    }
    assert_eq!(way(&scene).unwrap().proposal, Some(further));
    assert!(names(&scene).contains(&Step::Certified));
    assert_eq!(lasting(&restored(&scene)), lasting(&scene.guardian));
}

fn key(number: usize) -> BlsPubkey {
    let mut bytes = [0; BlsPubkey::LEN];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    BlsPubkey(bytes)
}

#[test]
fn ways_and_finished_ways_are_bounded() {
    let (mut ways, docket) = (Lifecycles::default(), Docket::default());
    let reach = |ways: &mut Lifecycles, number: usize, step| {
        ways.apply(&Record::Reached { pubkey: key(number), step, at: Slot(number as u64) }, &docket);
    };
    (0..MAX_WAYS + 10).for_each(|number| reach(&mut ways, number, Step::Due));
    assert_eq!(ways.ways.len(), MAX_WAYS);
    assert!(!ways.has_room());
    (0..MAX_FINISHED + 10).for_each(|number| reach(&mut ways, number, Step::Settled));
    assert_eq!((ways.finished.len(), ways.ways.len()), (MAX_FINISHED, MAX_WAYS - 10));
    assert!(!ways.ways.contains_key(&key(9)) && ways.ways.contains_key(&key(10)), "the oldest went");
    // A new one takes the place of the oldest finished one.
    (MAX_WAYS..MAX_WAYS + 20).for_each(|number| reach(&mut ways, number, Step::Due));
    assert_eq!((ways.finished.len(), ways.ways.len()), (MAX_FINISHED - 10, MAX_WAYS));
}

#[test]
fn the_newest_step_comes_first() {
    let mut scene = Scene::with(definition(), 3);
    for (number, at) in [(0, 5), (1, 9), (2, 7)] {
        let record = Record::Reached { pubkey: pubkey(number), step: Step::Due, at: Slot(at) };
        scene.guardian.apply(&record).unwrap();
    }
    let order: Vec<_> = scene.guardian.lifecycles().into_iter().map(|way| way.pubkey).collect();
    assert_eq!(order, [pubkey(1), pubkey(2), pubkey(0)]);
}

#[test]
fn a_step_is_journaled_once() {
    let (scene, _) = live(|_| ());
    let reached = |record: &&Record| matches!(record, Record::Reached { .. });
    let steps: Vec<_> = scene.journal.iter().filter(reached).collect();
    let distinct: Vec<_> = steps.iter().map(|record| record.encode()).collect();
    assert_eq!(distinct.iter().collect::<std::collections::BTreeSet<_>>().len(), steps.len());
    assert_eq!(steps.len(), 6, "due, gossiped, the block, withdrawable, withdrawn, settled");
    let mut scene = scene;
    scene.take();
    (151..160).for_each(|slot| scene.slot(slot));
    assert!(!written(&scene.take()).iter().any(|record| matches!(record, Record::Reached { .. })));
}

/// An exit that a certified emergency asks for is due, proposed and certified at once; when it ends unreleased and no
/// rule asks for more, so does its way.
#[test]
fn an_adopted_exit_is_certified_from_the_start() {
    let mut proposal = proposal_at(DUE_SLOT.0);
    proposal.origin = crate::proposal::Origin::Emergency { emergency: ProposalId([9; 32]), due: DUE };
    let id = proposal.id();
    let (mut docket, mut ways) = (Docket::default(), Lifecycles::default());
    let mut apply = |record: Record| {
        docket.apply(&record, ME, definition().guardian_set.threshold).unwrap();
        ways.apply(&record, &docket);
        ways.ways.get(&pubkey(0)).map(|way| way.steps().collect::<Vec<_>>())
    };
    let all = [Step::Due, Step::Proposed, Step::Certified].map(|step| (step, Slot(50)));
    assert_eq!(apply(Record::Adopted { proposal, at: Slot(50) }), Some(all.to_vec()));
    let expired = apply(Record::Moved { proposal: id, to: State::Expired, at: Slot(60) });
    assert_eq!(expired, Some(all[..2].to_vec()));
    assert_eq!(apply(Record::Spared { pubkey: pubkey(0), at: Slot(61) }), None);
}
