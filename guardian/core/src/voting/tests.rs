use super::*;
use crate::event::Event;
use crate::guardian_set::GuardianSetEpoch;
use crate::message::RejectReason;
use crate::policy::Enforcement;
use crate::scene::{
    BOB, CAROL, DAVE, DUE, DUE_SLOT, ME, Scene, definition, envelope, exiting, faults, proposal_at, said,
    validator, written,
};
use crypto::spec::{Epoch, ValidatorIndex};
use crypto::validator::ValidatorStatus;

const APPROVE: Decision = Decision::Approve;

fn hear_proposal(scene: &mut Scene, from: GuardianIndex, proposal: &ExitProposal) -> ProposalId {
    scene.hear(from, Message::Proposal(proposal.clone()));
    proposal.id()
}

#[test]
fn proposes_in_its_turn_writing_before_speaking() {
    let mut scene = Scene::due();
    let id = proposal_at(DUE_SLOT.0).id();
    let rank = id.rank(&definition().guardian_set, ME);
    assert!(rank > 0, "the scene's point is to wait");
    for slot in DUE_SLOT.0..DUE_SLOT.0 + rank {
        scene.slot(slot);
        assert!(
            !said(&scene.take()).iter().any(|m| matches!(m, Message::Proposal(_))),
            "too early at {slot}"
        );
    }
    scene.slot(DUE_SLOT.0 + rank);
    let commands = scene.take();
    let proposed = Record::Proposed { proposal: proposal_at(DUE_SLOT.0), at: Slot(DUE_SLOT.0 + rank) };
    let cast = Record::VoteCast(Vote { proposal: id, revision: 0, decision: APPROVE });
    let at = |test: &dyn Fn(&Command) -> bool| commands.iter().position(test).unwrap();
    let holds = |c: &Command, r: &Record| matches!(c, Command::Persist(records) if records.contains(r));
    let written_proposal = at(&|c| holds(c, &proposed));
    let said_proposal = at(&|c| matches!(c, Command::Broadcast(Message::Proposal(_))));
    let written_vote = at(&|c| holds(c, &cast));
    let said_vote = at(&|c| matches!(c, Command::Broadcast(Message::Vote(_))));
    assert!(written_proposal < said_proposal && written_vote < said_vote);
}

#[test]
fn proposes_again_in_the_next_window() {
    let mut scene = Scene::due();
    (DUE_SLOT.0..DUE_SLOT.0 + 12).for_each(|slot| scene.slot(slot));
    let commands = scene.take();
    let proposed = written(&commands).into_iter().filter(|r| matches!(r, Record::Proposed { .. })).count();
    assert_eq!(proposed, 2);
    assert_eq!(scene.state(proposal_at(DUE_SLOT.0).id()), Some(State::Expired));
}

#[test]
fn does_not_propose_where_the_rule_is_not_enforced() {
    for enforcement in [Enforcement::Observe, Enforcement::Warn] {
        let mut definition = definition();
        definition.policy.offline.enforcement = enforcement;
        let mut scene = Scene::due_with(definition, 1);
        (DUE_SLOT.0..DUE_SLOT.0 + 8).for_each(|slot| scene.slot(slot));
        let id = hear_proposal(&mut scene, BOB, &proposal_at(DUE_SLOT.0));
        assert_eq!((scene.state(id), scene.own(id)), (Some(State::Open), None));
    }
}

#[test]
fn approves_what_it_finds_due_itself_and_takes_no_part_twice() {
    let (mut scene, id) = Scene::voted();
    assert_eq!(scene.own(id), Some(APPROVE));
    let approvals = |scene: &mut Scene| {
        let commands = scene.take();
        said(&commands).into_iter().filter(|m| matches!(m, Message::Vote(v) if v.decision == APPROVE)).count()
    };
    assert_eq!(approvals(&mut scene), 1);
    scene.slot(37);
    assert_eq!(approvals(&mut scene), 0);
}

/// Two true claims about one validator, in the order of their ids, and the slot from which both can be confirmed.
fn two_forms() -> ([ExitProposal; 2], u64) {
    let other = ExitProposal::offline(&definition(), crate::scene::subject(0), Epoch(7), Slot(40)).unwrap();
    let mut forms = [proposal_at(40), other];
    forms.sort_by_key(ExitProposal::id);
    (forms, 40)
}

#[test]
fn goes_over_to_a_smaller_id_so_that_a_liar_cannot_keep_guardians_apart() {
    let ([smaller, larger], slot) = two_forms();
    let mut scene = Scene::due();
    scene.finalized(8, &[]);
    scene.slot(slot);
    let larger = hear_proposal(&mut scene, BOB, &larger);
    assert_eq!(scene.own(larger), Some(APPROVE));
    scene.take();
    let smaller = hear_proposal(&mut scene, CAROL, &smaller);
    assert_eq!(scene.own(smaller), Some(APPROVE));
    assert_eq!(scene.own(larger), Some(Decision::Withdraw(RejectReason::Superseded)));
    let votes: Vec<_> = said(&scene.take())
        .into_iter()
        .filter_map(|m| if let Message::Vote(vote) = m { Some((vote.proposal, vote.revision)) } else { None })
        .collect();
    assert_eq!(votes, [(larger, 1), (smaller, 0)], "one approval at a time: first it is taken back");
    // The votes of those who came over do not close the one they left.
    scene.hear_vote(BOB, larger, 1, Decision::Withdraw(RejectReason::Superseded));
    scene.hear_vote(CAROL, larger, 1, Decision::Withdraw(RejectReason::Superseded));
    assert_eq!(scene.state(larger), Some(State::Open));
}

#[test]
fn stays_with_the_smaller_id_when_a_larger_one_comes() {
    let ([smaller, larger], slot) = two_forms();
    let mut scene = Scene::due();
    scene.finalized(8, &[]);
    scene.slot(slot);
    let smaller = hear_proposal(&mut scene, BOB, &smaller);
    let larger = hear_proposal(&mut scene, CAROL, &larger);
    assert_eq!((scene.own(smaller), scene.own(larger)), (Some(APPROVE), None));
    scene.slot(slot + 1);
    assert_eq!((scene.own(smaller), scene.own(larger)), (Some(APPROVE), None));
}

#[test]
fn of_several_it_can_confirm_it_approves_the_smallest_id() {
    let mut scene = Scene::due();
    scene.finalized(8, &[]);
    scene.guardian.definition.policy.offline.enforcement = Enforcement::Observe;
    scene.slot(40);
    let other = ExitProposal::offline(&definition(), crate::scene::subject(0), Epoch(7), Slot(40)).unwrap();
    let ids = [hear_proposal(&mut scene, BOB, &proposal_at(40)), hear_proposal(&mut scene, CAROL, &other)];
    scene.guardian.definition.policy.offline.enforcement = Enforcement::Enforce;
    scene.slot(41);
    let approved: Vec<_> = ids.iter().filter(|id| scene.own(**id) == Some(APPROVE)).collect();
    assert_eq!(approved, [ids.iter().min().unwrap()]);
}

#[test]
fn rejects_with_the_reason_its_view_gives() {
    let attesting = |scene: &mut Scene| scene.liveness(9, true);
    let attested = |scene: &mut Scene| (4..=8).for_each(|epoch| scene.liveness(epoch, epoch == 5));
    let leaving = |scene: &mut Scene| {
        scene.head(
            36,
            &[crypto::validator::Validator { status: ValidatorStatus::ActiveSlashed, ..validator(0) }],
        );
    };
    let young = |scene: &mut Scene| {
        let young = crypto::validator::Validator { activation_epoch: Epoch(5), ..validator(0) };
        scene.finalized(7, &[young]);
    };
    let mismatch = |scene: &mut Scene| {
        scene.finalized(7, &[crypto::validator::Validator { index: ValidatorIndex(3), ..validator(0) }]);
        scene.feed(Event::LivenessObserved(crate::event::Liveness {
            epoch: Epoch(8),
            live: Vec::new(),
            dark: vec![ValidatorIndex(3)],
        }));
    };
    type Change<'a> = &'a dyn Fn(&mut Scene);
    let cases: [(RejectReason, Change<'_>); 5] = [
        (RejectReason::Attesting, &attesting),
        (RejectReason::AttestedWhileAccused, &attested),
        (RejectReason::NotExitable, &leaving),
        (RejectReason::NotDue, &young),
        (RejectReason::Mismatch, &mismatch),
    ];
    for (reason, change) in cases {
        // Nothing dark is known before, so that `attested` can be the first word on epoch 5.
        let mut scene = if reason == RejectReason::AttestedWhileAccused {
            let mut scene = Scene::new();
            scene.observe(DUE_SLOT, &[]);
            scene
        } else {
            Scene::due()
        };
        change(&mut scene);
        scene.guardian.view.begin_slot(DUE_SLOT);
        let id = hear_proposal(&mut scene, BOB, &proposal_at(DUE_SLOT.0));
        assert_eq!(scene.own(id), Some(Decision::Reject(reason)));
        let commands = scene.take();
        let votes = said(&commands).into_iter().filter(|m| matches!(m, Message::Vote(_))).count();
        assert_eq!(votes, 1);
        // Said once; the offer repeats it, the judgement does not.
        scene.head(37, &[]);
        assert!(said(&scene.take()).is_empty(), "{reason:?}");
    }
}

#[test]
fn is_silent_until_it_knows() {
    let mut scene = Scene::new();
    (0..=3).for_each(|epoch| scene.liveness(epoch, true));
    scene.observe(DUE_SLOT, &[]);
    scene.slot(DUE_SLOT.0);
    let id = hear_proposal(&mut scene, BOB, &proposal_at(DUE_SLOT.0));
    assert_eq!((scene.state(id), scene.own(id)), (Some(State::Open), None));
    (4..=7).for_each(|epoch| scene.liveness(epoch, false));
    assert_eq!(scene.own(id), Some(APPROVE), "judged again at each observation");
}

#[test]
fn before_the_first_slot_nothing_is_judged() {
    let mut scene = Scene::new();
    let id = hear_proposal(&mut scene, BOB, &proposal_at(DUE_SLOT.0));
    assert_eq!(scene.state(id), None);
}

#[test]
fn takes_its_approval_back_when_the_validator_attests_again() {
    let (mut scene, id) = Scene::voted();
    scene.take();
    scene.liveness(9, true);
    assert_eq!(scene.own(id), Some(Decision::Withdraw(RejectReason::Attesting)));
    let commands = scene.take();
    let cast = Vote { proposal: id, revision: 1, decision: Decision::Withdraw(RejectReason::Attesting) };
    assert!(written(&commands).contains(&&Record::VoteCast(cast.clone())));
    assert!(said(&commands).contains(&&Message::Vote(cast)));
    // Two more approvals do not certify it.
    scene.hear_vote(BOB, id, 0, APPROVE);
    scene.hear_vote(CAROL, id, 0, APPROVE);
    assert_eq!(scene.state(id), Some(State::Open));
}

#[test]
fn too_many_refusals_end_it() {
    let (mut scene, id) = Scene::voted();
    scene.hear_vote(BOB, id, 0, Decision::Reject(RejectReason::NotDue));
    assert_eq!(scene.state(id), Some(State::Open), "three of four can still approve");
    scene.hear_vote(CAROL, id, 0, APPROVE);
    scene.hear_vote(CAROL, id, 1, Decision::Withdraw(RejectReason::Attesting));
    assert_eq!(scene.state(id), Some(State::Rejected));
    scene.hear_vote(DAVE, id, 0, APPROVE);
    assert_eq!(scene.state(id), Some(State::Rejected));
}

#[test]
fn expires_with_its_window() {
    let (mut scene, id) = Scene::voted();
    scene.hear_vote(BOB, id, 0, APPROVE);
    scene.slot(43);
    assert_eq!(scene.state(id), Some(State::Open));
    scene.slot(44);
    assert_eq!(scene.state(id), Some(State::Expired));
    scene.hear_vote(CAROL, id, 0, APPROVE);
    assert_eq!(scene.state(id), Some(State::Expired), "too late for a third approval");
}

#[test]
fn two_votes_with_one_revision_are_a_fault_with_both_as_evidence() {
    let (mut scene, id) = Scene::voted();
    scene.hear_vote(BOB, id, 0, APPROVE);
    scene.take();
    let message =
        Message::Vote(Vote { proposal: id, revision: 0, decision: Decision::Reject(RejectReason::NotDue) });
    for _ in 0..2 {
        scene.feed(Event::MessageReceived {
            from: BOB,
            message: message.clone(),
            envelope: envelope(BOB, 77),
        });
    }
    let commands = scene.take();
    assert_eq!(faults(&commands), [(BOB, "equivocation"), (BOB, "equivocation")]);
    let evidence: Vec<_> = written(&commands)
        .into_iter()
        .filter_map(|r| if let Record::Faulted { evidence, .. } = r { Some(evidence.clone()) } else { None })
        .collect();
    assert_eq!(evidence, [vec![envelope(BOB, 200), envelope(BOB, 77)]], "written once");
}

#[test]
fn malformed_proposals_wrong_epochs_and_floods_are_faults() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    let mut malformed = proposal_at(DUE_SLOT.0);
    malformed.exit.epoch = Epoch(5);
    hear_proposal(&mut scene, BOB, &malformed);
    assert_eq!(faults(&scene.take()), [(BOB, "malformed_proposal")]);
    let foreign = ExitProposal { guardian_set_epoch: GuardianSetEpoch(9), ..proposal_at(DUE_SLOT.0) };
    hear_proposal(&mut scene, BOB, &foreign);
    assert_eq!(faults(&scene.take()), [(BOB, "wrong_epoch")]);
    // Without room left, one contradicts our view; the last one is true, and may be another's.
    for due in [5, 4, 2, 3, 6] {
        let claim =
            ExitProposal::offline(&definition(), crate::scene::subject(0), Epoch(due), DUE_SLOT).unwrap();
        hear_proposal(&mut scene, CAROL, &claim);
    }
    assert_eq!(faults(&scene.take()), [(CAROL, "flooding")]);
    assert_eq!(scene.guardian.docket.len(), MAX_OPEN_PER_VALIDATOR);
}

#[test]
fn votes_that_could_not_be_relayed_or_never_end_are_faults() {
    let (mut scene, id) = Scene::voted();
    scene.take();
    let vote = |revision| Message::Vote(Vote { proposal: id, revision, decision: APPROVE });
    let oversized = Envelope(vec![2; MAX_SEALED_VOTE + 1]);
    scene.feed(Event::MessageReceived { from: BOB, message: vote(0), envelope: oversized });
    assert_eq!(faults(&scene.take()), [(BOB, "garbage")]);
    scene.hear(BOB, vote(MAX_REVISION + 1));
    assert_eq!(faults(&scene.take()), [(BOB, "flooding")]);
    assert_eq!(scene.status_of(id).unwrap().votes.len(), 1);
}

#[test]
fn proposals_of_other_times_or_of_validators_not_ours_are_dropped() {
    let mut scene = Scene::due();
    scene.slot(60);
    hear_proposal(&mut scene, BOB, &proposal_at(DUE_SLOT.0));
    hear_proposal(&mut scene, BOB, &proposal_at(76));
    let unwatched = ExitProposal::offline(&definition(), crate::scene::subject(3), DUE, Slot(60)).unwrap();
    hear_proposal(&mut scene, BOB, &unwatched);
    scene.hear_vote(BOB, unwatched.id(), 0, APPROVE);
    assert_eq!(scene.guardian.docket.iter().filter(|(_, case)| !case.is_approved_by_us()).count(), 0);
    assert!(faults(&scene.take()).is_empty());
}

#[test]
fn a_clock_two_slots_ahead_is_tolerated() {
    let mut scene = Scene::due();
    let next = proposal_at(44);
    scene.slot(41);
    assert_eq!(hear_proposal(&mut scene, BOB, &next), next.id());
    assert_eq!(scene.state(next.id()), None);
    scene.slot(42);
    hear_proposal(&mut scene, BOB, &next);
    assert_eq!(scene.state(next.id()), Some(State::Open));
}

#[test]
fn an_open_proposal_about_who_leaves_is_moot() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    scene.head(36, &[exiting(0)]);
    let id = hear_proposal(&mut scene, BOB, &proposal_at(DUE_SLOT.0));
    assert_eq!(scene.state(id), Some(State::Moot));
}

/// A guardian on an old backup hears its own later vote from the others and does not contradict it.
#[test]
fn its_own_forgotten_vote_stands() {
    let mut scene = Scene::new();
    (0..=3).for_each(|epoch| scene.liveness(epoch, true));
    scene.observe(DUE_SLOT, &[]);
    scene.slot(DUE_SLOT.0);
    let id = hear_proposal(&mut scene, BOB, &proposal_at(DUE_SLOT.0));
    scene.hear_vote(ME, id, 1, Decision::Reject(RejectReason::NotDue));
    assert_eq!(scene.own(id), Some(Decision::Reject(RejectReason::NotDue)));
    (4..=7).for_each(|epoch| scene.liveness(epoch, false));
    let own = scene.guardian.docket.get(&id).unwrap().own.clone().unwrap();
    assert_eq!((own.revision, own.decision), (2, APPROVE));
    assert!(faults(&scene.take()).is_empty());
}

/// Two guardians that began to watch at different times: each takes up the other's form.
#[test]
fn a_form_heard_in_one_window_is_proposed_in_the_next() {
    let mut scene = Scene::due();
    scene.finalized(8, &[]);
    scene.slot(40);
    let other = ExitProposal::offline(&definition(), crate::scene::subject(0), Epoch(7), Slot(40)).unwrap();
    hear_proposal(&mut scene, BOB, &other);
    let mut proposed = std::collections::BTreeSet::new();
    for slot in 41..140 {
        if slot % 4 == 1 {
            scene.liveness(slot / 4 - 1, false);
            scene.finalized(slot / 4 - 2, &[]);
        }
        scene.slot(slot);
        let commands = scene.take();
        proposed.extend(said(&commands).into_iter().filter_map(|message| match message {
            Message::Proposal(proposal) => Some(proposal.exit.epoch),
            _ => None,
        }));
    }
    assert_eq!(proposed, [Epoch(6), Epoch(7)].into());
}
