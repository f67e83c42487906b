use super::*;
use crate::event::Event;
use crate::guardian_set::GuardianSetEpoch;
use crate::message::RejectReason;
use crate::scene::{
    BOB, CAROL, DAVE, DUE_SLOT, ME, Scene, definition, envelope, exiting, faults, proposal_at, said, written,
};
use crypto::spec::Slot;

const APPROVE: Decision = Decision::Approve;

type Approval = (GuardianIndex, Vote, Envelope);

fn approval(id: ProposalId, from: GuardianIndex) -> Approval {
    (from, Vote { proposal: id, revision: 0, decision: APPROVE }, envelope(from, 1))
}

fn hear(scene: &mut Scene, proposal: ExitProposal, approvals: Vec<Approval>) {
    let envelope = envelope(BOB, 250);
    scene.feed(Event::CertificateReceived { from: BOB, proposal, approvals, envelope });
}

#[test]
fn t_approvals_certify_written_with_proofs_before_it_is_said() {
    let (mut scene, id) = Scene::voted();
    scene.hear_vote(BOB, id, 0, APPROVE);
    assert_eq!(scene.state(id), Some(State::Open));
    scene.take();
    scene.hear_vote(DAVE, id, 0, APPROVE);
    let commands = scene.take();
    let written_at = commands.iter().position(|c| {
        matches!(c, Command::Persist(records) if records.iter().any(|r| {
            matches!(r, Record::Certified { proposal, approvals, at }
                if *proposal == id && *at == DUE_SLOT
                && approvals.iter().map(|(g, _)| *g).eq([ME, BOB, DAVE]))
        }))
    });
    let said_at = commands.iter().position(|c| matches!(c, Command::Broadcast(Message::Certificate(_))));
    let signed_at = commands.iter().position(|c| matches!(c, Command::SignExit(_)));
    assert!(written_at.unwrap() < said_at.unwrap());
    assert!(written_at.unwrap() < signed_at.unwrap());
    let certificate = said(&commands).into_iter().find_map(|m| match m {
        Message::Certificate(certificate) => Some(certificate.clone()),
        _ => None,
    });
    assert_eq!(certificate.unwrap().approvals.len(), 3);
}

#[test]
fn approvals_taken_back_do_not_certify() {
    let (mut scene, id) = Scene::voted();
    scene.hear_vote(BOB, id, 0, APPROVE);
    scene.hear_vote(BOB, id, 1, Decision::Withdraw(RejectReason::Attesting));
    scene.hear_vote(CAROL, id, 0, APPROVE);
    assert_eq!(scene.state(id), Some(State::Open));
}

#[test]
fn a_certificate_from_elsewhere_is_as_good_and_needs_no_proposal() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    let proposal = proposal_at(DUE_SLOT.0);
    let id = proposal.id();
    let approvals = [BOB, CAROL, DAVE].map(|from| approval(id, from)).to_vec();
    hear(&mut scene, proposal.clone(), approvals.clone());
    assert_eq!(scene.state(id), Some(State::Signed));
    let writes = scene.take();
    assert!(written(&writes).contains(&&Record::Proposed { proposal: proposal.clone(), at: DUE_SLOT }));
    hear(&mut scene, proposal, approvals);
    assert!(written(&scene.take()).is_empty(), "once is enough");
}

#[test]
fn a_certificate_revives_what_expired_or_was_rejected() {
    let (mut scene, id) = Scene::voted();
    scene.slot(44);
    assert_eq!(scene.state(id), Some(State::Expired));
    let approvals = [BOB, CAROL, DAVE].map(|from| approval(id, from)).to_vec();
    hear(&mut scene, proposal_at(DUE_SLOT.0), approvals.clone());
    assert_eq!(scene.state(id), Some(State::Signed));

    let (mut scene, id) = Scene::voted();
    scene.hear_vote(BOB, id, 0, Decision::Reject(RejectReason::NotDue));
    scene.hear_vote(CAROL, id, 0, Decision::Reject(RejectReason::NotDue));
    assert_eq!(scene.state(id), Some(State::Rejected));
    let proven = [ME, BOB, DAVE].map(|from| {
        let (from, vote, sealed) = approval(id, from);
        (from, Vote { revision: 2, ..vote }, sealed)
    });
    hear(&mut scene, proposal_at(DUE_SLOT.0), proven.to_vec());
    assert_eq!(scene.state(id), Some(State::Signed));
}

#[test]
fn what_proves_nothing_is_a_fault() {
    let proposal = proposal_at(DUE_SLOT.0);
    let id = proposal.id();
    let good = [BOB, CAROL, DAVE].map(|from| approval(id, from)).to_vec();
    let other = proposal_at(44).id();
    let mut malformed = proposal.clone();
    malformed.expires = Slot(9_999);
    let with = |place: usize, approval: Approval| {
        let mut approvals = good.clone();
        approvals[place] = approval;
        approvals
    };
    let rejecting = Vote { proposal: id, revision: 0, decision: Decision::Reject(RejectReason::NotDue) };
    let oversized = Envelope(vec![0; MAX_SEALED_VOTE + 1]);
    let cases: Vec<(&str, ExitProposal, Vec<Approval>)> = vec![
        ("too few", proposal.clone(), good[..2].to_vec()),
        ("none", proposal.clone(), Vec::new()),
        ("one twice", proposal.clone(), with(2, approval(id, BOB))),
        ("enough, and one twice", proposal.clone(), [&good[..], &good[..1]].concat()),
        ("an approval of something else", proposal.clone(), with(1, approval(other, CAROL))),
        ("a rejection", proposal.clone(), with(1, (CAROL, rejecting, envelope(CAROL, 1)))),
        ("a stranger's", proposal.clone(), with(1, approval(id, GuardianIndex(5)))),
        ("nobody's", proposal.clone(), with(1, approval(id, GuardianIndex(0)))),
        ("an oversized proof", proposal.clone(), with(1, (CAROL, approval(id, CAROL).1, oversized))),
        ("a proposal with another id", proposal_at(44), good.clone()),
        ("a malformed proposal", malformed, good.clone()),
    ];
    for (what, proposal, approvals) in cases {
        let mut scene = Scene::due();
        scene.slot(DUE_SLOT.0);
        scene.take();
        hear(&mut scene, proposal, approvals);
        assert_eq!(faults(&scene.take()), [(BOB, "invalid_certificate")], "{what}");
        assert_eq!(scene.guardian.docket.len(), 0, "{what}");
    }
}

#[test]
fn of_another_set_it_is_the_wrong_epoch() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    scene.take();
    let proposal = ExitProposal { guardian_set_epoch: GuardianSetEpoch(1), ..proposal_at(DUE_SLOT.0) };
    let id = proposal.id();
    hear(&mut scene, proposal, [BOB, CAROL, DAVE].map(|from| approval(id, from)).to_vec());
    assert_eq!(faults(&scene.take()), [(BOB, "wrong_epoch")]);
}

#[test]
fn about_a_validator_not_ours_or_long_gone_it_is_ignored() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    let strange =
        ExitProposal::offline(&definition(), crate::scene::subject(3), crate::scene::DUE, DUE_SLOT).unwrap();
    let id = strange.id();
    hear(&mut scene, strange, [BOB, CAROL, DAVE].map(|from| approval(id, from)).to_vec());
    scene.finalized(8, &[exiting(0)]);
    let proposal = proposal_at(DUE_SLOT.0);
    let id = proposal.id();
    hear(&mut scene, proposal, [BOB, CAROL, DAVE].map(|from| approval(id, from)).to_vec());
    assert_eq!(scene.guardian.docket.len(), 0);
    assert!(faults(&scene.take()).is_empty());
}

#[test]
fn a_certificate_can_be_the_other_half_of_an_equivocation() {
    let (mut scene, id) = Scene::voted();
    scene.hear_vote(BOB, id, 0, Decision::Reject(RejectReason::NotDue));
    scene.take();
    hear(&mut scene, proposal_at(DUE_SLOT.0), [ME, BOB, CAROL].map(|from| approval(id, from)).to_vec());
    assert_eq!(faults(&scene.take()), [(BOB, "equivocation")]);
    assert_eq!(scene.state(id), Some(State::Signed), "t approvals are t approvals");
}
