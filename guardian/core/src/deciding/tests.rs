use super::*;
use crate::emergency::Severity::{Normal, Urgent};
use crate::message::RejectReason;
use crate::proposal::State;
use crate::request::Request;
use crate::scene::emergencies::{NOW, emergency, roomy, sealed};
use crate::scene::{BOB, CAROL, DAVE, ME, Scene, exiting, faults, orders, partial, said, signature, written};
use crate::settings::{Settings, StandingOrder, StandingVote};
use crypto::spec::ValidatorIndex;

#[test]
fn t_approvals_of_an_urgent_one_certify_it_at_once_and_every_exit_is_released() {
    let mut scene = Scene::calm();
    let id = scene.raise(&[0, 2, 4], Urgent);
    assert_eq!(scene.emergency_state(id), Some(EmergencyState::Open));
    scene.approved_by(id, &[BOB]);
    assert!(scene.signed().is_empty(), "two of three are not enough");
    scene.approved_by(id, &[DAVE]);
    assert_eq!(scene.emergency_state(id), Some(EmergencyState::Certified));
    assert_eq!(scene.signed(), [0, 2, 4]);
    let status = scene.guardian.status();
    let exits: Vec<_> =
        status.proposals.iter().map(|case| (case.proposal.exit.epoch.0, case.state)).collect();
    assert_eq!(exits, [(10, State::Signed); 3], "the epoch in which it was opened");
}

#[test]
fn persist_precedes_what_is_said_and_what_is_signed() {
    let mut scene = Scene::calm();
    let id = scene.raise(&[0], Urgent);
    let commands = scene.take();
    let place = |wanted: &dyn Fn(&Command) -> bool| commands.iter().position(wanted).unwrap();
    let persisted = |is: fn(&Record) -> bool| {
        place(&move |c| matches!(c, Command::Persist(records) if records.iter().any(is)))
    };
    let raised = persisted(|r| matches!(r, Record::Raised { .. }));
    let cast = persisted(|r| matches!(r, Record::VoteCast(_)));
    assert!(raised < place(&|c| matches!(c, Command::Broadcast(Message::Emergency(_)))));
    assert!(cast < place(&|c| matches!(c, Command::Broadcast(Message::Vote(_)))));
    let kinds: Vec<_> = written(&commands)
        .iter()
        .map(|record| match record {
            Record::Asked { .. } => "asked",
            Record::Raised { .. } => "raised",
            Record::Observed { .. } => "observed",
            Record::VoteCast(_) => "cast",
            Record::VoteSeen { .. } => "seen",
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, ["asked", "raised", "observed", "cast", "seen"]);
    scene.approved_by(id, &[BOB, CAROL]);
    let commands = scene.take();
    let released = commands.iter().position(
        |c| matches!(c, Command::Persist(r) if r.iter().any(|r| matches!(r, Record::Released { .. }))),
    );
    assert!(released.unwrap() < commands.iter().position(|c| matches!(c, Command::SignExit(_))).unwrap());
}

#[test]
fn a_normal_one_waits_for_its_cancel_window() {
    let mut scene = Scene::calm();
    let id = scene.raise(&[0], Normal);
    scene.approved_by(id, &[BOB, CAROL, DAVE]);
    scene.slot(NOW.0 + 7);
    assert_eq!((scene.emergency_state(id), scene.signed()), (Some(EmergencyState::Open), vec![]));
    scene.slot(NOW.0 + 8);
    assert_eq!((scene.emergency_state(id), scene.signed()), (Some(EmergencyState::Certified), vec![0]));
}

#[test]
fn a_vote_taken_back_within_the_window_does_not_count() {
    let mut scene = Scene::calm();
    let id = scene.raise(&[0], Normal);
    scene.approved_by(id, &[BOB, CAROL]);
    scene.slot(NOW.0 + 7);
    scene.hear_vote(CAROL, id, 1, Decision::Withdraw(RejectReason::Operator));
    scene.slot(NOW.0 + 8);
    scene.slot(NOW.0 + 20);
    assert_eq!((scene.emergency_state(id), scene.signed()), (Some(EmergencyState::Open), vec![]));
    // Bob as well: t cannot be reached any more.
    scene.hear_vote(BOB, id, 1, Decision::Withdraw(RejectReason::Operator));
    assert_eq!(scene.emergency_state(id), Some(EmergencyState::Rejected));
    // And who kept the old approvals cannot bring them back.
    let raised = scene.guardian.agenda.get(&id).unwrap().raised.clone();
    scene.hear_certificate(DAVE, raised, &[ME, BOB, CAROL]);
    assert_eq!((scene.emergency_state(id), scene.signed()), (Some(EmergencyState::Rejected), vec![]));
}

#[test]
fn without_our_operators_word_nothing_is_signed_whoever_certified_it() {
    let mut scene = Scene::calm();
    let theirs = emergency(BOB, &[0, 1], Urgent);
    let id = scene.hear_emergency(&theirs);
    let told = scene.take();
    assert!(
        told.iter().any(
            |c| matches!(c, Command::Notify(Notice::DecisionNeeded { emergency, .. }) if *emergency == id)
        )
    );
    scene.approved_by(id, &[BOB, CAROL, DAVE]);
    assert_eq!((scene.emergency_state(id), scene.signed()), (Some(EmergencyState::Certified), vec![]));
    let holds: Vec<_> = scene.guardian.status().proposals.iter().map(|case| case.hold).collect();
    assert_eq!(holds, [Some(Hold::OperatorUndecided); 2]);
    // Nor are the others' partials put together here.
    let exit = scene.guardian.status().proposals[0].id;
    for from in [BOB, CAROL, DAVE] {
        scene.hear(from, Message::Partial(partial(exit, from)));
    }
    assert!(!scene.take().iter().any(|c| matches!(c, Command::CombineExit(_))));
    scene.approve(id);
    assert_eq!(scene.signed(), [0, 1]);
}

#[test]
fn our_operator_may_keep_back_what_was_not_released_yet() {
    let mut definition = roomy();
    definition.caps.exits_per_epoch = 1;
    let mut scene = Scene::calm_with(definition);
    let id = scene.raise(&[0, 1, 2], Urgent);
    scene.approved_by(id, &[BOB, CAROL]);
    assert_eq!(scene.signed().len(), 1, "one an epoch");
    scene.ask(Request::Reject { emergency: id, note: "enough".to_owned() });
    for slot in NOW.0 + 1..NOW.0 + 13 {
        scene.observe(Slot(slot), &[]);
        scene.slot(slot);
    }
    assert!(scene.signed().is_empty());
    let undecided =
        scene.guardian.status().proposals.iter().filter(|c| c.hold == Some(Hold::OperatorUndecided)).count();
    assert_eq!(undecided, 2);
}

#[test]
fn its_raiser_takes_it_back_and_nobody_else_does() {
    let mut scene = Scene::calm();
    let theirs = emergency(BOB, &[0], Normal);
    let id = scene.hear_emergency(&theirs);
    let back = Cancellation { emergency: id, proof: Proof::Sealed };
    scene.take();
    scene.hear(CAROL, Message::Cancellation(back));
    assert_eq!(faults(&scene.take()), [(CAROL, "forged_authority")]);
    assert_eq!(scene.emergency_state(id), Some(EmergencyState::Open));
    scene.hear(BOB, Message::Cancellation(back));
    assert_eq!(scene.emergency_state(id), Some(EmergencyState::Cancelled));
    scene.approved_by(id, &[BOB, CAROL, DAVE]);
    scene.hear_certificate(CAROL, sealed(&theirs), &[BOB, CAROL, DAVE]);
    scene.slot(NOW.0 + 30);
    assert_eq!((scene.emergency_state(id), scene.signed()), (Some(EmergencyState::Cancelled), vec![]));
}

#[test]
fn ours_taken_back_is_offered_for_a_while_also_after_a_restart() {
    let mut scene = Scene::calm();
    let id = scene.raise(&[0], Normal);
    scene.ask(Request::Cancel { emergency: id, signature: None });
    assert_eq!(scene.emergency_state(id), Some(EmergencyState::Cancelled));
    scene.restart(Slot(NOW.0 + 2));
    let is_back = |m: &&Message| matches!(m, Message::Cancellation(c) if c.emergency == id);
    assert!(said(&scene.take()).iter().any(is_back));
}

#[test]
fn forged_malformed_early_late_and_foreign_ones_are_not_stored() {
    let mut scene = Scene::calm();
    let sound = emergency(BOB, &[0, 1], Urgent);
    let cases: [(Emergency, &[(GuardianIndex, &str)]); 8] = [
        (
            Emergency { raiser: Raiser::Guardian { guardian: CAROL }, ..sound.clone() },
            &[(BOB, "forged_authority")],
        ),
        (Emergency { validators: vec![], ..sound.clone() }, &[(BOB, "malformed_proposal")]),
        (
            Emergency { validators: vec![ValidatorIndex(1), ValidatorIndex(1)], ..sound.clone() },
            &[(BOB, "malformed_proposal")],
        ),
        (Emergency { reason: "two\nlines".to_owned(), ..sound.clone() }, &[(BOB, "malformed_proposal")]),
        (Emergency { expires: Slot(100_000), ..sound.clone() }, &[(BOB, "malformed_proposal")]),
        (Emergency { opened: Slot(50), expires: Slot(90), ..sound.clone() }, &[]),
        (Emergency { opened: Slot(3), expires: NOW, ..sound.clone() }, &[]),
        (
            Emergency { guardian_set_epoch: crate::guardian_set::GuardianSetEpoch(1), ..sound.clone() },
            &[(BOB, "wrong_epoch")],
        ),
    ];
    for (forged, blamed) in cases {
        scene.hear(BOB, Message::Emergency(sealed(&forged)));
        let commands = scene.take();
        assert_eq!(faults(&commands), *blamed, "{forged:?}");
        assert!(!written(&commands).iter().any(|r| matches!(r, Record::Raised { .. })), "{forged:?}");
        assert_eq!(scene.emergency_state(forged.id()), None);
    }
}

#[test]
fn a_flood_of_one_guardian_stops_at_its_quota_and_leaves_room_for_others() {
    let mut scene = Scene::calm();
    for number in 0..100 {
        let reason = format!("number {number}");
        scene.hear_emergency(&Emergency { reason, ..emergency(BOB, &[0], Normal) });
    }
    assert_eq!(scene.guardian.status().emergencies.len(), MAX_OPEN_EMERGENCIES);
    let theirs = scene.hear_emergency(&emergency(CAROL, &[1], Normal));
    assert_eq!(scene.emergency_state(theirs), Some(EmergencyState::Open));
    assert!(faults(&scene.take()).is_empty(), "others may have ended what is open here");
}

#[test]
fn a_false_certificate_is_blamed_and_a_true_one_is_enough() {
    let mut scene = Scene::calm();
    let theirs = emergency(BOB, &[0], Urgent);
    for by in [&[BOB, CAROL][..], &[BOB, BOB, CAROL], &[BOB, CAROL, GuardianIndex(9)]] {
        scene.hear_certificate(DAVE, sealed(&theirs), by);
        assert_eq!(faults(&scene.take()), [(DAVE, "invalid_certificate")]);
    }
    assert_eq!(scene.emergency_state(theirs.id()), None);
    // We were away for everything but the certificate.
    scene.hear_certificate(DAVE, sealed(&theirs), &[BOB, CAROL, DAVE]);
    assert_eq!(scene.emergency_state(theirs.id()), Some(EmergencyState::Certified));
    // One of a normal one within its window comes too early to be true.
    let normal = emergency(BOB, &[1], Normal);
    scene.hear_certificate(DAVE, sealed(&normal), &[BOB, CAROL, DAVE]);
    assert_eq!(scene.emergency_state(normal.id()), Some(EmergencyState::Open));
}

#[test]
fn two_votes_of_one_revision_are_kept_as_evidence() {
    let mut scene = Scene::calm();
    let id = scene.raise(&[0], Normal);
    scene.hear_vote(BOB, id, 0, Decision::Approve);
    scene.take();
    scene.hear_vote(BOB, id, 0, Decision::Reject(RejectReason::Operator));
    let commands = scene.take();
    assert_eq!(faults(&commands), [(BOB, "equivocation")]);
    let evidence = written(&commands).into_iter().find_map(|record| match record {
        Record::Faulted { evidence, .. } => Some(evidence.len()),
        _ => None,
    });
    assert_eq!(evidence, Some(2));
}

#[test]
fn it_expires_with_what_was_not_released() {
    let mut definition = roomy();
    definition.caps.exits_per_epoch = 1;
    let mut scene = Scene::calm_with(definition);
    let open = scene.raise(&[4], Normal);
    let id = scene.raise(&[0, 1, 2], Urgent);
    scene.approved_by(id, &[BOB, CAROL]);
    for slot in [NOW.0 + 4, NOW.0 + 100] {
        scene.observe(Slot(slot), &[]);
        scene.slot(slot);
    }
    assert_eq!(scene.signed().len(), 2, "one in each of two epochs");
    assert_eq!(scene.emergency_state(open), Some(EmergencyState::Expired));
    let states: Vec<_> = scene.guardian.status().proposals.iter().map(|case| case.state).collect();
    assert_eq!(states.iter().filter(|state| **state == State::Expired).count(), 3);
    assert_eq!(scene.emergency_state(id), Some(EmergencyState::Done), "nothing of it was signed in time");
}

#[test]
fn it_is_done_when_all_its_validators_left() {
    let mut scene = Scene::calm();
    let id = scene.raise(&[0, 1], Urgent);
    scene.approved_by(id, &[BOB, CAROL]);
    let gone = [exiting(0), exiting(1)];
    scene.head(NOW.0 + 2, &gone);
    scene.finalized(12, &gone);
    scene.slot(NOW.0 + 3);
    assert_eq!(scene.emergency_state(id), Some(EmergencyState::Done));
}

#[test]
fn a_restart_anywhere_is_the_same_story() {
    let mut scene = Scene::calm();
    let id = scene.raise(&[0, 1], Normal);
    scene.restart(Slot(NOW.0 + 1));
    assert_eq!(scene.emergency(id).unwrap().own, Some(Decision::Approve));
    let emergency = crate::scene::emergencies::emergency(BOB, &[3], Normal);
    let theirs = scene.hear_emergency(&emergency);
    scene.approve(theirs);
    scene.approved_by(id, &[BOB, CAROL]);
    scene.restart(Slot(NOW.0 + 8));
    assert_eq!(scene.emergency(theirs).unwrap().note.as_deref(), Some("looked at it"));
    scene.slot(NOW.0 + 9);
    assert_eq!(scene.emergency_state(id), Some(EmergencyState::Certified));
    let before = scene.emergency(id).unwrap();
    scene.restart(Slot(NOW.0 + 10));
    assert_eq!(scene.emergency(id).unwrap(), before);
    assert_eq!(scene.signed(), [0, 1], "the signatures that may never have been made are ordered again");
    let exit = scene.guardian.status().proposals[0].id;
    scene.feed(crate::event::Event::ExitSigned(partial(exit, ME)));
    scene.hear(BOB, Message::Partial(partial(exit, BOB)));
    scene.hear(CAROL, Message::Partial(partial(exit, CAROL)));
    scene.feed(crate::event::Event::ExitCombined {
        proposal: exit,
        signature: signature(),
        culprits: vec![],
    });
    assert!(
        scene.take().iter().any(
            |c| matches!(c, Command::Persist(r) if r.iter().any(|r| matches!(r, Record::Combined { .. })))
        )
    );
}

fn standing(vote: StandingVote) -> Settings {
    let order = StandingOrder {
        name: "slashing".to_owned(),
        raiser: None,
        proposer: None,
        severity: Some(Urgent),
        max_validators: 2,
        vote,
    };
    Settings { standing: vec![order], ..Settings::default() }
}

#[test]
fn a_standing_order_votes_for_its_class_and_for_no_other() {
    let mut scene = Scene::calm();
    scene.feed(crate::event::Event::SettingsLoaded(standing(StandingVote::Approve)));
    let small = scene.hear_emergency(&emergency(BOB, &[0, 1], Urgent));
    assert_eq!(scene.emergency(small).unwrap().own, None, "what we said before may be on its way");
    scene.slot(NOW.0 + 2);
    assert_eq!(scene.emergency(small).unwrap().own, Some(Decision::Approve));
    assert_eq!(scene.emergency(small).unwrap().note.as_deref(), Some("slashing"));
    let large = scene.hear_emergency(&emergency(BOB, &[0, 1, 2], Urgent));
    let normal = scene.hear_emergency(&emergency(BOB, &[0], Normal));
    scene.slot(NOW.0 + 4);
    assert_eq!((scene.emergency(large).unwrap().own, scene.emergency(normal).unwrap().own), (None, None));
    // It approves only what our own view confirms.
    let strange = scene.hear_emergency(&emergency(BOB, &[77], Urgent));
    scene.slot(NOW.0 + 6);
    assert_eq!(scene.emergency(strange).unwrap().own, None);
    scene.feed(crate::event::Event::SettingsLoaded(standing(StandingVote::Reject)));
    let other = scene.hear_emergency(&emergency(CAROL, &[3], Urgent));
    scene.slot(NOW.0 + 8);
    assert_eq!(scene.emergency(other).unwrap().own, Some(Decision::Reject(RejectReason::Operator)));
}

#[test]
fn a_guardian_that_only_observes_neither_votes_nor_signs() {
    let mut scene = Scene::calm();
    let observing = Settings { emergency: Enforcement::Observe, ..standing(StandingVote::Approve) };
    scene.feed(crate::event::Event::SettingsLoaded(observing));
    let id = scene.hear_emergency(&emergency(BOB, &[0], Urgent));
    assert_eq!(scene.emergency(id).unwrap().own, None);
    assert!(matches!(scene.approve(id), crate::request::Answer::Refused { .. }));
    scene.approved_by(id, &[BOB, CAROL, DAVE]);
    assert!(orders(&scene.take()).is_empty());
}

#[test]
fn the_window_is_counted_from_when_we_came_to_know_it() {
    let mut scene = Scene::calm();
    // Opened long ago, as its raiser says.
    let old = Emergency { opened: Slot(1), ..emergency(BOB, &[0], Normal) };
    let id = scene.hear_emergency(&old);
    scene.approve(id);
    scene.approved_by(id, &[BOB, CAROL]);
    scene.hear_certificate(DAVE, sealed(&old), &[BOB, CAROL, DAVE]);
    assert_eq!(scene.emergency_state(id), Some(EmergencyState::Open));
    scene.hear_vote(CAROL, id, 1, Decision::Withdraw(RejectReason::Operator));
    scene.slot(NOW.0 + 8);
    scene.hear_certificate(DAVE, sealed(&old), &[ME, BOB, CAROL]);
    assert_eq!((scene.emergency_state(id), scene.signed()), (Some(EmergencyState::Open), vec![]));
    scene.hear_certificate(DAVE, sealed(&old), &[ME, BOB, DAVE]);
    assert_eq!((scene.emergency_state(id), scene.signed()), (Some(EmergencyState::Certified), vec![0]));
}

#[test]
fn what_was_signed_is_not_said_once_our_operator_changed_its_mind() {
    let mut scene = Scene::calm();
    let id = scene.raise(&[0], Urgent);
    scene.approved_by(id, &[BOB, CAROL]);
    assert_eq!(scene.signed(), [0]);
    scene.ask(Request::Reject { emergency: id, note: "the keys are safe".to_owned() });
    let exit = scene.guardian.status().proposals[0].id;
    scene.take();
    scene.feed(crate::event::Event::ExitSigned(partial(exit, ME)));
    scene.hear(BOB, Message::Partial(partial(exit, BOB)));
    scene.hear(CAROL, Message::Partial(partial(exit, CAROL)));
    for slot in NOW.0 + 1..NOW.0 + 5 {
        scene.slot(slot);
    }
    let commands = scene.take();
    assert!(!said(&commands).iter().any(|m| matches!(m, Message::Partial(_))));
    assert!(!commands.iter().any(|c| matches!(c, Command::CombineExit(_) | Command::SubmitExit { .. })));
    // Once more: then it goes on.
    scene.approve(id);
    scene.slot(NOW.0 + 5);
    scene.slot(NOW.0 + 6);
    let commands = scene.take();
    assert!(said(&commands).iter().any(|m| matches!(m, Message::Partial(_))));
    assert!(commands.iter().any(|c| matches!(c, Command::CombineExit(_))));
}

#[test]
fn a_vote_of_ours_that_only_others_remember_signs_nothing() {
    let mut scene = Scene::calm();
    let theirs = emergency(BOB, &[0], Urgent);
    let id = scene.hear_emergency(&theirs);
    // We said so before our disk was put back to yesterday.
    scene.hear_vote(ME, id, 3, Decision::Approve);
    scene.approved_by(id, &[BOB, CAROL, DAVE]);
    assert_eq!((scene.emergency_state(id), scene.signed()), (Some(EmergencyState::Certified), vec![]));
    assert_eq!(scene.emergency(id).unwrap().own, Some(Decision::Approve));
    let [exit] = &scene.guardian.status().proposals[..] else { panic!("one exit") };
    assert_eq!(exit.hold, Some(Hold::OperatorUndecided));
    // By a certificate alone it is the same.
    let other = emergency(BOB, &[1], Urgent);
    scene.hear_certificate(DAVE, sealed(&other), &[ME, BOB, DAVE]);
    assert!(scene.signed().is_empty());
}

#[test]
fn a_taking_back_is_handed_to_whoever_was_away() {
    let mut scene = Scene::calm();
    let theirs = emergency(BOB, &[0], Normal);
    let id = scene.hear_emergency(&theirs);
    scene.hear(BOB, Message::Cancellation(Cancellation { emergency: id, proof: Proof::Sealed }));
    scene.take();
    let request = crate::event::RequestId(1);
    scene.feed(crate::event::Event::CatchUpRequested { from: CAROL, request });
    let answers = scene.take().into_iter().find_map(|c| match c {
        Command::Reply { envelopes, .. } => Some(envelopes.len()),
        _ => None,
    });
    assert_eq!(answers, Some(2), "the emergency and its end, as sealed");
}

#[test]
fn a_timeless_exit_that_was_never_signed_ends_with_its_emergency() {
    let mut scene = Scene::calm();
    let id = scene.raise(&[0], Urgent);
    scene.approved_by(id, &[BOB, CAROL]);
    assert_eq!(scene.signed(), [0]);
    // The signer failed until it was over.
    scene.observe(Slot(NOW.0 + 100), &[]);
    scene.slot(NOW.0 + 100);
    assert!(scene.signed().is_empty());
    assert_eq!(scene.emergency_state(id), Some(EmergencyState::Done));
    let [exit] = &scene.guardian.status().proposals[..] else { panic!("one exit") };
    assert_eq!(exit.state, State::Expired);
}
