use super::*;
use crate::event::Event;
use crate::message::{Decision, Message, Vote};
use crate::scene::{BOB, CAROL, DAVE, DUE_SLOT, ME, Scene, envelope, partial, proposal_at};

fn answer(scene: &mut Scene, from: GuardianIndex, number: u64) -> Vec<Envelope> {
    scene.take();
    scene.feed(Event::CatchUpRequested { from, request: RequestId(number) });
    let commands = scene.take();
    let [Command::Reply { request, envelopes }] = &commands[..] else {
        panic!("one answer, got {commands:?}")
    };
    assert_eq!(*request, RequestId(number));
    envelopes.clone()
}

#[test]
fn asks_whoever_comes_within_reach_but_not_over_and_over() {
    let mut scene = Scene::new();
    let asks = |scene: &mut Scene, peer| {
        scene.take();
        scene.feed(Event::PeerConnected(peer));
        scene.take().contains(&Command::RequestCatchUp(peer))
    };
    scene.slot(10);
    assert!(asks(&mut scene, BOB));
    assert!(asks(&mut scene, CAROL));
    assert!(!asks(&mut scene, BOB));
    assert!(!asks(&mut scene, ME));
    assert!(!asks(&mut scene, GuardianIndex(9)));
    scene.slot(14);
    assert!(asks(&mut scene, BOB));
    let connected = |scene: &Scene| {
        scene.guardian.status().peers.iter().filter(|p| p.connected).map(|p| p.guardian).collect::<Vec<_>>()
    };
    assert_eq!(connected(&scene), [BOB, CAROL]);
    scene.feed(Event::PeerDisconnected(BOB));
    assert_eq!(connected(&scene), [CAROL]);
}

#[test]
fn an_open_proposal_is_told_with_its_votes() {
    let (mut scene, id) = Scene::voted();
    scene.hear_vote(BOB, id, 0, Decision::Approve);
    let envelopes = answer(&mut scene, CAROL, 1);
    // The proposal as Bob sealed it, our vote, Bob's vote.
    assert_eq!(envelopes.len(), 3);
    assert_eq!(envelopes[0], envelope(BOB, 200));
    assert_eq!(envelopes[2], envelope(BOB, 200));
    assert!(envelopes[1].0[0] == 1);
}

#[test]
fn a_certified_one_is_told_by_its_certificate_and_partials() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    let proposal = proposal_at(DUE_SLOT.0);
    let id = proposal.id();
    let approval = |from: GuardianIndex| {
        (from, Vote { proposal: id, revision: 0, decision: Decision::Approve }, envelope(from, 3))
    };
    let approvals = [BOB, CAROL, DAVE].map(approval).to_vec();
    let sealed = Envelope(vec![7; 900]);
    scene.feed(Event::CertificateReceived { from: BOB, proposal, approvals, envelope: sealed.clone() });
    scene.hear(BOB, Message::Partial(partial(id, BOB)));
    scene.feed(Event::ExitSigned(partial(id, ME)));
    let envelopes = answer(&mut scene, CAROL, 2);
    assert_eq!(envelopes.len(), 3);
    assert_eq!(envelopes[0], sealed);
    assert_eq!((envelopes[1].0[0], envelopes[2].clone()), (1, envelope(BOB, 200)), "ours came back sealed");
}

#[test]
fn who_asks_too_often_or_is_nobody_gets_nothing() {
    let (mut scene, _) = Scene::voted();
    assert_eq!(answer(&mut scene, CAROL, 1).len(), 2);
    assert_eq!(answer(&mut scene, CAROL, 2).len(), 0);
    assert_eq!(answer(&mut scene, GuardianIndex(77), 3).len(), 0);
    assert_eq!(answer(&mut scene, DAVE, 4).len(), 2);
    scene.slot(DUE_SLOT.0 + 4);
    assert_eq!(answer(&mut scene, CAROL, 5).len(), 2);
}

#[test]
fn what_is_over_is_not_told() {
    let (mut scene, _) = Scene::voted();
    scene.guardian.view.begin_slot(crypto::spec::Slot(44));
    scene.guardian.expire(&mut Vec::new());
    assert_eq!(answer(&mut scene, CAROL, 1).len(), 0);
}

#[test]
fn an_answer_is_bounded_in_envelopes_and_bytes() {
    let definition = crate::scene::definition();
    for (bytes, most) in [(100, MAX_ENVELOPES), (48 * 1024, MAX_BYTES / (48 * 1024))] {
        let mut scene = Scene::due();
        scene.slot(DUE_SLOT.0);
        for index in 0..400 {
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
            let id = proposal.id();
            scene
                .guardian
                .persist(crate::record::Record::Proposed { proposal, at: DUE_SLOT }, &mut Vec::new());
            scene.guardian.docket.get_mut(&id).unwrap().sealed = Some(Envelope(vec![0; bytes]));
        }
        assert_eq!(answer(&mut scene, BOB, 1).len(), most);
    }
}
