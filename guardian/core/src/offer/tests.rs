use super::*;
use crate::event::Event;
use crate::message::Decision;
use crate::scene::{BOB, CAROL, DAVE, DUE_SLOT, ME, Scene, exiting, partial, proposal_at, said};
use std::collections::BTreeMap;

/// How often each kind of message about the proposal is said in so many slots.
fn census(scene: &mut Scene, slots: std::ops::Range<u64>) -> BTreeMap<&'static str, usize> {
    let mut census = BTreeMap::new();
    for slot in slots {
        scene.take();
        scene.slot(DUE_SLOT.0 + slot);
        let commands = scene.take();
        for message in said(&commands) {
            let kind = match message {
                Message::Heartbeat(_) => "heartbeat",
                Message::Proposal(_) => "proposal",
                Message::Vote(_) => "vote",
                Message::Certificate(_) => "certificate",
                Message::Partial(_) => "partial",
                Message::Emergency(_) => "emergency",
                Message::Cancellation(_) => "cancellation",
                Message::EmergencyCertificate(_) => "emergency_certificate",
                Message::Wish(_) => "wish",
                Message::Signing(_) => "signing",
                Message::Readiness(_) => "readiness",
            };
            *census.entry(kind).or_insert(0) += 1;
        }
    }
    census
}

#[test]
fn a_heartbeat_an_epoch_and_one_after_start() {
    let mut scene = Scene::new();
    scene.slot(34);
    assert!(said(&scene.take()).is_empty(), "nothing to say before finality is seen");
    scene.observe(Slot(34), &[]);
    scene.slot(35);
    let commands = scene.take();
    let [Message::Heartbeat(heartbeat)] = said(&commands)[..] else { panic!("one heartbeat") };
    assert_eq!((heartbeat.slot, heartbeat.head, heartbeat.shares), (Slot(35), Slot(34), 1));
    assert_eq!(heartbeat.finalized.epoch.0, 6);
    assert!(heartbeat.version.len() <= crate::message::MAX_VERSION);
    assert_eq!(heartbeat.version, scene.guardian.status().version);
    let beats = (36..52).filter(|slot| {
        scene.slot(*slot);
        !said(&scene.take()).is_empty()
    });
    assert_eq!(beats.collect::<Vec<_>>(), [36, 40, 44, 48]);
}

#[test]
fn a_heartbeat_for_who_comes_within_reach_but_not_too_often() {
    let mut scene = Scene::new();
    scene.guardian.definition.chain.slots_per_epoch = std::num::NonZeroU64::new(32).unwrap();
    scene.observe(Slot(320), &[]);
    scene.slot(320);
    scene.take();
    let mut beats = Vec::new();
    for slot in 321..340 {
        let is_join = [321, 322, 330, 335, 336].contains(&slot);
        scene.slot(slot);
        beats.extend((!said(&scene.take()).is_empty()).then_some(slot));
        if is_join {
            scene.feed(Event::PeerConnected(if slot % 2 == 0 { BOB } else { CAROL }));
        }
    }
    assert_eq!(beats, [324, 331, 336], "the one that came at 336 waits for 340");
    scene.slot(340);
    assert_eq!(said(&scene.take()).len(), 1);
}

#[test]
fn what_is_open_is_said_again() {
    let (mut scene, _) = Scene::voted();
    // Seven more slots of the window: our vote every other one, the proposal when it is our turn among four.
    let census = census(&mut scene, 1..8);
    assert_eq!(census.get("vote"), Some(&3));
    assert_eq!(census.get("proposal"), Some(&2));
}

#[test]
fn a_rejected_proposal_is_not_spread() {
    let mut scene = Scene::due();
    scene.liveness(9, true);
    scene.slot(DUE_SLOT.0);
    scene.hear(BOB, Message::Proposal(proposal_at(DUE_SLOT.0)));
    let census = census(&mut scene, 1..8);
    assert_eq!((census.get("vote"), census.get("proposal")), (Some(&3), None));
}

#[test]
fn certificate_and_partial_are_said_until_inclusion() {
    let (mut scene, id) = Scene::released();
    scene.feed(Event::ExitSigned(partial(id, ME)));
    let before = census(&mut scene, 1..9);
    assert_eq!(
        (before.get("certificate"), before.get("partial"), before.get("vote")),
        (Some(&2), Some(&4), None)
    );
    for from in [BOB, CAROL, DAVE] {
        scene.hear(from, Message::Partial(partial(id, from)));
    }
    let all_know = census(&mut scene, 9..13);
    assert_eq!((all_know.get("certificate"), all_know.get("partial")), (None, Some(&2)));
    scene.head(DUE_SLOT.0 + 13, &[exiting(0)]);
    let after = census(&mut scene, 14..22);
    assert_eq!((after.get("certificate"), after.get("partial")), (None, None));
}

#[test]
fn what_is_over_is_not_said() {
    let (mut scene, id) = Scene::voted();
    scene.hear_vote(BOB, id, 0, Decision::Reject(crate::message::RejectReason::NotDue));
    scene.hear_vote(CAROL, id, 0, Decision::Reject(crate::message::RejectReason::NotDue));
    let census = census(&mut scene, 1..4);
    assert_eq!(census, BTreeMap::new());
}

#[test]
fn offers_of_one_slot_are_bounded_and_take_turns() {
    let mut definition = crate::scene::definition();
    definition.policy.vote_window = 64;
    let mut scene = Scene::due_with(definition.clone(), 1);
    scene.slot(DUE_SLOT.0);
    let mut ids = std::collections::BTreeSet::new();
    // Indices that are not the validator's are rejected: 300 votes of ours to repeat.
    for index in 1..=300 {
        let proposal = crate::proposal::ExitProposal::offline(
            &definition,
            crate::proposal::Subject {
                index: crypto::spec::ValidatorIndex(index),
                ..crate::scene::subject(0)
            },
            crate::scene::DUE,
            DUE_SLOT,
        )
        .unwrap();
        ids.insert(proposal.id());
        scene.guardian.persist(crate::record::Record::Proposed { proposal, at: DUE_SLOT }, &mut Vec::new());
    }
    scene.slot(DUE_SLOT.0 + 1);
    let mut repeated = std::collections::BTreeSet::new();
    for slot in 2..12 {
        scene.take();
        scene.slot(DUE_SLOT.0 + slot);
        let commands = scene.take();
        let votes: Vec<_> = said(&commands)
            .into_iter()
            .filter_map(|m| if let Message::Vote(vote) = m { Some(vote.proposal) } else { None })
            .collect();
        assert!(votes.len() <= MAX_OFFERS);
        repeated.extend(votes);
    }
    assert!(ids.is_subset(&repeated), "{} of {} repeated", repeated.len(), ids.len());
}
