use super::*;
use crate::fault::FaultKind;
use crate::proposal::ProposalId;
use crate::scene::{BOB, CAROL};

#[test]
fn faults_are_bounded_and_newest_first() {
    let mut roster = Roster::default();
    let fault = |n: u16| Fault {
        guardian: BOB,
        kind: FaultKind::Garbage,
        proposal: Some(ProposalId([(n % 256) as u8; 32])),
    };
    let count = MAX_FAULTS as u16 + 10;
    (0..count).for_each(|n| roster.remember(Fault { guardian: GuardianIndex(n), ..fault(n) }));
    assert_eq!(roster.faults().count(), MAX_FAULTS);
    assert_eq!(roster.faults().next().map(|fault| fault.guardian), Some(GuardianIndex(count - 1)));
    assert!(!roster.is_known(&Fault { guardian: GuardianIndex(0), ..fault(0) }));
    assert!(roster.is_known(&Fault { guardian: GuardianIndex(count - 1), ..fault(count - 1) }));
}

#[test]
fn questions_and_answers_have_their_turns() {
    let mut roster = Roster::default();
    assert!(roster.may_ask(BOB, Slot(10)));
    assert!(!roster.may_ask(BOB, Slot(13)));
    assert!(roster.may_ask(CAROL, Slot(13)));
    assert!(roster.may_answer(BOB, Slot(13)), "asking is not answering");
    assert!(roster.may_ask(BOB, Slot(14)));
    assert!(!roster.may_answer(BOB, Slot(16)));
}
