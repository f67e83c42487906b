use super::*;
use crate::emergency::{Proof, Raised, Severity};
use crate::message::{Decision, Envelope, Vote};
use crate::scene::emergencies::emergency;
use crate::scene::{BOB, CAROL, DAVE, ME, subject};

fn threshold() -> Threshold {
    Threshold::new(3, 4).unwrap()
}

fn raised(reason: u32) -> Raised {
    let emergency =
        crate::emergency::Emergency { reason: reason.to_string(), ..emergency(BOB, &[0], Severity::Urgent) };
    Raised { emergency, proof: Proof::Sealed }
}

fn known() -> (Agenda, ProposalId) {
    let mut agenda = Agenda::default();
    agenda.apply(&Record::Raised { raised: raised(0), at: Slot(40) }, ME, threshold()).unwrap();
    (agenda, raised(0).emergency.id())
}

#[test]
fn what_contradicts_the_records_before_is_refused() {
    let (mut agenda, id) = known();
    let mut refuse = |record: Record| agenda.apply(&record, ME, threshold()).unwrap_err();
    refuse(Record::Raised { raised: raised(0), at: Slot(41) });
    let vote = Vote { proposal: id, revision: 0, decision: Decision::Approve };
    refuse(Record::VoteSeen { from: ME, vote, envelope: Envelope(vec![]), at: Slot(41) });
    let twice = vec![(BOB, Envelope(vec![])), (BOB, Envelope(vec![])), (CAROL, Envelope(vec![]))];
    refuse(Record::EmergencyCertified { emergency: id, approvals: twice, at: Slot(41) });
    refuse(Record::EmergencyMoved { emergency: id, to: EmergencyState::Done, at: Slot(41) });
    refuse(Record::EmergencyMoved {
        emergency: ProposalId([9; 32]),
        to: EmergencyState::Expired,
        at: Slot(41),
    });
    let proposal = ExitProposal::emergency(&crate::scene::definition(), subject(0), &raised(0).emergency, id);
    refuse(Record::Adopted { proposal, at: Slot(41) });
}

#[test]
fn an_exit_follows_only_from_a_certificate_and_once() {
    let (mut agenda, id) = known();
    let approvals = [BOB, CAROL, DAVE].map(|guardian| (guardian, Envelope(vec![]))).to_vec();
    agenda
        .apply(&Record::EmergencyCertified { emergency: id, approvals, at: Slot(41) }, ME, threshold())
        .unwrap();
    let proposal = ExitProposal::emergency(&crate::scene::definition(), subject(0), &raised(0).emergency, id);
    let adopted = Record::Adopted { proposal: proposal.clone(), at: Slot(41) };
    agenda.apply(&adopted, ME, threshold()).unwrap();
    assert_eq!(agenda.of(&proposal).unwrap().exits.values().next(), Some(&proposal.id()));
    agenda.apply(&adopted, ME, threshold()).unwrap_err();
    let foreign = ExitProposal::emergency(&crate::scene::definition(), subject(1), &raised(0).emergency, id);
    agenda.apply(&Record::Adopted { proposal: foreign, at: Slot(41) }, ME, threshold()).unwrap_err();
}

#[test]
fn the_oldest_that_nobody_can_bring_again_are_forgotten() {
    let mut agenda = Agenda::default();
    let many = MAX_OVER + 2;
    for number in 0..u32::try_from(many).unwrap() {
        let raised = raised(number);
        let id = raised.emergency.id();
        agenda.apply(&Record::Raised { raised, at: Slot(number.into()) }, ME, threshold()).unwrap();
        let over = Record::EmergencyMoved { emergency: id, to: EmergencyState::Expired, at: Slot(139) };
        agenda.apply(&over, ME, threshold()).unwrap();
    }
    assert_eq!(agenda.iter().count(), many, "they could be brought again until they expire");
    agenda.apply(&Record::Raised { raised: raised(9_999), at: Slot(140) }, ME, threshold()).unwrap();
    assert_eq!(agenda.iter().count(), MAX_OVER + 1);
    assert!(agenda.get(&raised(1).emergency.id()).is_none());
    assert!(agenda.get(&raised(2).emergency.id()).is_some());
}
