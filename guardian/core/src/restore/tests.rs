use super::*;
use crate::emergency::Severity;
use crate::error::Error;
use crate::event::Event;
use crate::fault::{Fault, FaultKind};
use crate::message::{Decision, Message, Vote};
use crate::proposal::State;
use crate::scene::emergencies::{NOW, emergency};
use crate::scene::{
    BOB, CAROL, DUE_SLOT, ME, Scene, definition, envelope, exiting, faults, orders, partial, proposal_at,
    said,
};
use crate::status::{PartialStatus, VoteStatus};
use crypto::spec::{Epoch, Slot};

fn restored(records: &[Record]) -> Result<Guardian, Error> {
    Guardian::restore(definition(), ME, records.iter().cloned())
}

/// What must be the same after a restart.
fn lasting(guardian: &Guardian) -> impl PartialEq + std::fmt::Debug {
    let status = guardian.status();
    let proposals = status.proposals.into_iter().map(|p| {
        (p.id, p.state, p.votes, p.certified, p.released, p.partials, (p.culprits, p.combined, p.submissions))
    });
    let own: Vec<_> = guardian.docket.iter().map(|(id, case)| (id, case.own.clone())).collect();
    (proposals.collect::<Vec<_>>(), own, status.finalized, status.faults)
}

/// A whole life of a proposal, with a fault on the way.
fn life() -> Scene {
    let (mut scene, id) = Scene::voted();
    scene.hear_vote(BOB, id, 0, Decision::Approve);
    scene.hear_vote(BOB, id, 0, Decision::Reject(crate::message::RejectReason::NotDue));
    scene.hear_vote(CAROL, id, 0, Decision::Approve);
    scene.feed(Event::ExitSigned(partial(id, ME)));
    scene.hear(BOB, Message::Partial(partial(id, BOB)));
    scene.hear(CAROL, Message::Partial(partial(id, CAROL)));
    let signature = crate::scene::signature();
    scene.feed(Event::ExitCombined { proposal: id, signature, culprits: Vec::new() });
    let outcomes = vec![("node".to_owned(), crate::event::PostOutcome::Accepted)];
    scene.feed(Event::ExitSubmitted { proposal: id, outcomes });
    scene.head(DUE_SLOT.0 + 1, &[exiting(0)]);
    scene.finalized(20, &[exiting(0)]);
    assert_eq!(scene.state(id), Some(State::Finalized));
    scene
}

#[test]
fn the_journal_is_the_guardian() {
    let scene = life();
    assert_eq!(
        format!("{:?}", lasting(&restored(&scene.journal).unwrap())),
        format!("{:?}", lasting(&scene.guardian))
    );
}

/// What arrived in which slot is known after a restart too, of proposals and of emergencies.
#[test]
fn when_votes_and_partials_arrived_survives_a_restart() {
    let after = |slots| DUE_SLOT.saturating_add(slots);
    let (mut scene, id) = Scene::voted();
    for (slots, guardian) in [(1, BOB), (2, CAROL)] {
        scene.slot(after(slots).0);
        scene.hear_vote(guardian, id, 0, Decision::Approve);
    }
    scene.feed(Event::ExitSigned(partial(id, ME)));
    scene.slot(after(3).0);
    scene.hear(CAROL, Message::Partial(partial(id, CAROL)));
    // What is heard again arrived before.
    scene.hear_vote(BOB, id, 0, Decision::Approve);
    scene.hear(CAROL, Message::Partial(partial(id, CAROL)));
    scene.restart(after(9));
    let status = scene.status_of(id).unwrap();
    let approved = |(guardian, slots)| VoteStatus { guardian, decision: Decision::Approve, at: after(slots) };
    assert_eq!(status.votes, [(ME, 0), (BOB, 1), (CAROL, 2)].map(approved));
    let held = |(guardian, slots)| PartialStatus { guardian, at: after(slots) };
    assert_eq!(status.partials, [(ME, 2), (CAROL, 3)].map(held));

    let mut scene = Scene::calm();
    let id = scene.hear_emergency(&emergency(BOB, &[0], Severity::Urgent));
    scene.approved_by(id, &[BOB]);
    scene.slot(NOW.0 + 2);
    let refusal = Decision::Reject(crate::message::RejectReason::Operator);
    scene.hear_vote(CAROL, id, 0, Decision::Approve);
    scene.slot(NOW.0 + 3);
    scene.hear_vote(CAROL, id, 1, refusal);
    scene.restart(Slot(NOW.0 + 9));
    let votes = scene.emergency(id).unwrap().votes;
    let said = |guardian, decision, slots| VoteStatus { guardian, decision, at: NOW.saturating_add(slots) };
    assert_eq!(votes, [said(BOB, Decision::Approve, 0), said(CAROL, refusal, 3)], "the latest word of each");
}

/// Killed after every record: it starts again, contradicts nothing it said, and nothing is signed without a certificate.
#[test]
fn every_beginning_of_a_journal_is_a_guardian() {
    let journal = life().journal;
    let id = proposal_at(DUE_SLOT.0).id();
    for length in 0..=journal.len() {
        let past = &journal[..length];
        let mut scene = Scene::new();
        scene.journal = past.to_vec();
        scene.restart(Slot(DUE_SLOT.0 + 1));
        let commands = scene.take();
        assert!(faults(&commands).is_empty());
        // Three approvals in the journal certify at once.
        let is_certified = scene.journal.iter().any(|r| matches!(r, Record::Certified { .. }));
        assert!(orders(&commands).is_empty() || is_certified, "after {length} records");
        let own = past.iter().find_map(|r| if let Record::VoteCast(vote) = r { Some(vote) } else { None });
        if let (Some(own), Some(State::Open)) = (own, scene.state(id)) {
            scene.slot(DUE_SLOT.0 + 2);
            assert!(said(&scene.take()).contains(&&Message::Vote(own.clone())), "after {length} records");
        }
    }
}

#[test]
fn a_dark_run_survives_a_restart() {
    let mut scene = Scene::due();
    scene.restart(DUE_SLOT);
    let health = &scene.guardian.status().validators[0];
    assert_eq!((health.last_live, health.dark_epochs), (Some(Epoch(3)), 3));
    scene.hear(BOB, Message::Proposal(proposal_at(DUE_SLOT.0)));
    assert_eq!(scene.own(proposal_at(DUE_SLOT.0).id()), Some(Decision::Approve));
}

#[test]
fn epochs_without_finality_survive_a_restart() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    // Finalized stays 7; epoch 12 ends five epochs behind.
    (37..=52).for_each(|slot| scene.slot(slot));
    assert!(scene.journal.contains(&Record::NotFinalizing(Epoch(12))));
    assert!(!scene.journal.contains(&Record::NotFinalizing(Epoch(11))));
    (9..=15).for_each(|epoch| scene.liveness(epoch, false));
    scene.restart(Slot(68));
    let facts = scene.guardian.view.facts(&scene.guardian.definition, &crate::scene::pubkey(0)).unwrap();
    let claim = |from, to| crate::offline::Claim {
        index: crypto::spec::ValidatorIndex(0),
        dark_from: Epoch(from),
        dark_to: Epoch(to),
    };
    let not_due = crate::rule::Opinion::Reject(crate::message::RejectReason::NotDue);
    assert_eq!(facts.opinion(&claim(12, 14)), not_due);
    assert_eq!(facts.opinion(&claim(9, 11)), crate::rule::Opinion::Approve);
}

fn proposed(proposal: crate::proposal::ExitProposal) -> Record {
    Record::Proposed { proposal, at: Slot(1) }
}

#[test]
fn contradictions_name_the_record() {
    let proposal = proposal_at(DUE_SLOT.0);
    let id = proposal.id();
    let vote = Vote { proposal: id, revision: 0, decision: Decision::Approve };
    let mut foreign = proposal.clone();
    foreign.guardian_set_epoch.0 += 1;
    let stranger = GuardianIndex(5);
    let fault = Fault { guardian: stranger, kind: FaultKind::Garbage, proposal: None };
    let cases: Vec<(usize, Vec<Record>)> = vec![
        (0, vec![Record::VoteCast(vote.clone())]),
        (
            0,
            vec![Record::VoteSeen { from: BOB, vote: vote.clone(), envelope: envelope(BOB, 1), at: Slot(1) }],
        ),
        (1, vec![proposed(proposal.clone()), Record::Released { proposal: id, at: Slot(1) }]),
        (0, vec![proposed(foreign)]),
        (
            1,
            vec![
                proposed(proposal.clone()),
                Record::VoteSeen { from: stranger, vote, envelope: envelope(BOB, 1), at: Slot(1) },
            ],
        ),
        (
            1,
            vec![
                proposed(proposal),
                Record::Certified {
                    proposal: id,
                    approvals: [ME, BOB, stranger].map(|g| (g, envelope(g, 0))).to_vec(),
                    at: Slot(1),
                },
            ],
        ),
        (0, vec![Record::Faulted { fault, evidence: Vec::new() }]),
    ];
    for (place, records) in cases {
        match restored(&records) {
            Err(Error::Journal { at, problem }) => {
                assert_eq!(at, place, "{problem}");
                assert!(!problem.is_empty());
            }
            other => panic!("expected a contradiction at {place}, got {other:?}"),
        }
    }
}

#[test]
fn a_definition_without_us_is_refused() {
    let error = Guardian::restore(definition(), GuardianIndex(5), Vec::new()).unwrap_err();
    assert!(matches!(error, Error::Definition { .. }));
}
