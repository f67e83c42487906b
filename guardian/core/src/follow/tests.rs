use super::*;
use crate::event::Event;
use crate::scene::{DUE, DUE_SLOT, ME, Scene, definition, exiting, proposal_at, validator, written};
use crypto::spec::Epoch;
use crypto::spec::{Slot, ValidatorIndex};

fn submissions(commands: &[Command]) -> usize {
    commands.iter().filter(|c| matches!(c, Command::SubmitExit { .. })).count()
}

fn rank(id: ProposalId) -> u64 {
    id.rank(&definition().guardian_set, ME)
}

/// The slots, from the due one on, in which we submit.
fn submission_slots(scene: &mut Scene, slots: u64) -> Vec<u64> {
    (1..slots)
        .filter(|slot| {
            scene.slot(DUE_SLOT.0 + slot);
            submissions(&scene.take()) > 0
        })
        .collect()
}

fn submitted(id: ProposalId, outcome: PostOutcome) -> Event {
    Event::ExitSubmitted { proposal: id, outcomes: vec![("node".to_owned(), outcome)] }
}

#[test]
fn submits_in_its_turn_and_again_while_not_included() {
    let (mut scene, id) = Scene::combined();
    let first = 2 * rank(id);
    assert!(first > 0, "the scene's point is to wait");
    assert_eq!(submissions(&scene.take()), 0);
    assert_eq!(submission_slots(&mut scene, 24), [first, first + 8, first + 16]);
}

#[test]
fn whoever_sees_it_in_a_pool_waits() {
    let (mut scene, id) = Scene::combined();
    scene.take();
    scene.slot(DUE_SLOT.0 + 1);
    scene.feed(Event::ExitGossiped { validator_index: ValidatorIndex(0), epoch: DUE });
    assert_eq!(submission_slots(&mut scene, 20), [9, 17]);
    // Another exit message in a pool is not ours.
    let (mut scene, _) = Scene::combined();
    scene.take();
    scene.feed(Event::ExitGossiped { validator_index: ValidatorIndex(0), epoch: Epoch(1) });
    assert_eq!(submission_slots(&mut scene, 8), [2 * rank(id)]);
}

#[test]
fn accepted_or_already_known_is_submitted_and_other_answers_are_not() {
    for (outcome, state) in [
        (PostOutcome::Accepted, State::Submitted),
        (PostOutcome::AlreadyKnown, State::Submitted),
        (PostOutcome::Rejected("bad".to_owned()), State::Signed),
        (PostOutcome::Unreachable("down".to_owned()), State::Signed),
    ] {
        let (mut scene, id) = Scene::combined();
        scene.take();
        scene.feed(submitted(id, outcome.clone()));
        assert_eq!(scene.state(id), Some(state), "{outcome:?}");
        assert_eq!(written(&scene.take()).len(), 1);
        scene.feed(submitted(id, outcome));
        assert!(written(&scene.take()).is_empty(), "the same answer is not written twice");
    }
}

#[test]
fn outcomes_are_bounded_and_unknown_proposals_ignored() {
    let (mut scene, id) = Scene::combined();
    let outcomes = vec![("node".to_owned(), PostOutcome::Accepted); 100];
    scene.feed(Event::ExitSubmitted { proposal: id, outcomes });
    assert_eq!(scene.status_of(id).unwrap().submissions.len(), MAX_OUTCOMES);
    scene.take();
    scene.feed(submitted(proposal_at(60).id(), PostOutcome::Accepted));
    assert!(scene.take().is_empty());
}

#[test]
fn included_then_finalized_and_nothing_more_is_posted() {
    let (mut scene, id) = Scene::combined();
    scene.head(DUE_SLOT.0 + 1, &[exiting(0)]);
    assert_eq!(scene.state(id), Some(State::Included));
    assert_eq!(scene.status_of(id).unwrap().exit_epoch, Some(Epoch(20)));
    assert_eq!(submission_slots(&mut scene, 30), [0; 0]);
    scene.finalized(20, &[exiting(0)]);
    assert_eq!(scene.state(id), Some(State::Finalized));
    assert!(scene.journal.contains(&Record::Moved { proposal: id, to: State::Finalized, at: Slot(65) }));
}

#[test]
fn after_a_reorg_it_is_posted_again() {
    let (mut scene, id) = Scene::combined();
    scene.feed(submitted(id, PostOutcome::Accepted));
    scene.head(DUE_SLOT.0 + 1, &[exiting(0)]);
    scene.slot(DUE_SLOT.0 + 3);
    scene.take();
    scene.head(DUE_SLOT.0 + 3, &[validator(0)]);
    assert_eq!(scene.state(id), Some(State::Submitted));
    let turn = 3 + 2 * rank(id);
    let posts = (4..=turn).filter(|slot| {
        scene.slot(DUE_SLOT.0 + slot);
        submissions(&scene.take()) > 0
    });
    assert_eq!(posts.collect::<Vec<_>>(), [turn]);
    scene.head(DUE_SLOT.0 + turn + 1, &[exiting(0)]);
    assert_eq!(scene.state(id), Some(State::Included));
}

#[test]
fn a_reorg_before_our_own_submission_falls_back_to_signed() {
    let (mut scene, id) = Scene::released();
    scene.head(DUE_SLOT.0, &[exiting(0)]);
    assert_eq!(scene.state(id), Some(State::Included));
    scene.head(DUE_SLOT.0, &[validator(0)]);
    assert_eq!(scene.state(id), Some(State::Signed));
}

#[test]
fn an_exit_by_other_means_after_certification_is_included() {
    let (mut scene, id) = Scene::released();
    scene.finalized(8, &[exiting(0)]);
    assert_eq!(scene.state(id), Some(State::Finalized));
    assert!(scene.journal.contains(&Record::Moved { proposal: id, to: State::Included, at: DUE_SLOT }));
}

#[test]
fn an_exit_by_other_means_before_certification_makes_it_moot() {
    for finalized in [false, true] {
        let (mut scene, id) = Scene::voted();
        if finalized {
            scene.finalized(8, &[exiting(0)]);
        } else {
            scene.head(DUE_SLOT.0, &[exiting(0)]);
        }
        assert_eq!(scene.state(id), Some(State::Moot));
    }
}

/// Posts until one of our nodes takes it: soon a few times, then in the usual rhythm.
#[test]
fn what_no_node_took_is_posted_again_soon_but_not_for_ever() {
    let (mut scene, id) = Scene::combined();
    scene.take();
    let first = 2 * rank(id);
    let refused = [
        ("a".to_owned(), PostOutcome::Rejected("no".to_owned())),
        ("b".to_owned(), PostOutcome::Unreachable("down".to_owned())),
    ];
    let mut posts = Vec::new();
    for slot in 1..first + 40 {
        scene.slot(DUE_SLOT.0 + slot);
        if submissions(&scene.take()) > 0 {
            posts.push(slot - first);
            scene.feed(Event::ExitSubmitted { proposal: id, outcomes: refused.to_vec() });
        }
    }
    assert_eq!(posts, [0, 2, 4, 6, 8, 10, 18, 26, 34]);
    // One node that takes it is enough, and the count begins anew.
    let slot = DUE_SLOT.0 + first + 42;
    scene.slot(slot);
    assert_eq!(submissions(&scene.take()), 1);
    let mut mixed = refused.to_vec();
    mixed.push(("c".to_owned(), PostOutcome::Accepted));
    scene.feed(Event::ExitSubmitted { proposal: id, outcomes: mixed });
    let next: Vec<_> = (slot + 1..slot + 10)
        .filter(|slot| {
            scene.slot(*slot);
            submissions(&scene.take()) > 0
        })
        .collect();
    assert_eq!(next, [slot + 8]);
    scene.feed(Event::ExitSubmitted { proposal: id, outcomes: refused.to_vec() });
    scene.slot(slot + 11);
    assert_eq!(submissions(&scene.take()), 1);
}

/// Without nodes there is nobody who could have taken it.
#[test]
fn no_answer_at_all_is_no_acceptance() {
    let (mut scene, id) = Scene::combined();
    scene.slot(DUE_SLOT.0 + 2 * rank(id));
    scene.take();
    scene.feed(Event::ExitSubmitted { proposal: id, outcomes: Vec::new() });
    assert_eq!(scene.state(id), Some(State::Signed));
    scene.slot(DUE_SLOT.0 + 2 * rank(id) + 2);
    assert_eq!(submissions(&scene.take()), 1);
}

/// A pool may lose what it took: neither in a pool nor in a block for two epochs.
#[test]
fn what_was_taken_and_dropped_is_posted_again() {
    let (mut scene, id) = Scene::combined();
    scene.take();
    let first = 2 * rank(id);
    scene.slot(DUE_SLOT.0 + first);
    assert_eq!(submissions(&scene.take()), 1);
    scene.feed(submitted(id, PostOutcome::Accepted));
    let posts: Vec<_> = (first + 1..first + 20)
        .filter(|slot| {
            scene.slot(DUE_SLOT.0 + slot);
            submissions(&scene.take()) > 0
        })
        .collect();
    assert_eq!(posts, [first + 8, first + 16]);
}

/// What was refused before a reorg does not hurry who posts after it.
#[test]
fn after_a_reorg_turns_are_taken_anew() {
    let (mut scene, id) = Scene::combined();
    scene.slot(DUE_SLOT.0 + 2 * rank(id));
    let slot = DUE_SLOT.0 + 2 * rank(id) + 1;
    scene.feed(submitted(id, PostOutcome::Unreachable("down".to_owned())));
    scene.head(slot, &[exiting(0)]);
    scene.slot(slot);
    scene.head(slot, &[validator(0)]);
    scene.take();
    let posts: Vec<_> = (slot + 1..slot + 1 + 2 * rank(id))
        .filter(|slot| {
            scene.slot(*slot);
            submissions(&scene.take()) > 0
        })
        .collect();
    assert_eq!(posts, [slot + 2 * rank(id)]);
}
