use super::*;
use crate::message::RejectReason;
use crate::proposal::ProposalId;
use crate::scene::{BOB, CAROL, ME, envelope};

fn vote(revision: u32, decision: Decision) -> Vote {
    Vote { proposal: ProposalId([1; 32]), revision, decision }
}

const REJECT: Decision = Decision::Reject(RejectReason::NotDue);
const WITHDRAW: Decision = Decision::Withdraw(RejectReason::Attesting);

#[test]
fn the_latest_revision_counts() {
    let mut ballot = Ballot::default();
    assert_eq!(ballot.novelty(BOB, &vote(0, Decision::Approve)), Novelty::New);
    ballot.count(BOB, vote(0, Decision::Approve), envelope(BOB, 1), Slot(40));
    ballot.count(CAROL, vote(0, REJECT), envelope(CAROL, 1), Slot(40));
    assert_eq!(ballot.approvals().map(|(from, _)| from).collect::<Vec<_>>(), [BOB]);
    assert_eq!(ballot.refusals(), 1);
    assert_eq!(ballot.novelty(BOB, &vote(1, WITHDRAW)), Novelty::New);
    ballot.count(BOB, vote(1, WITHDRAW), envelope(BOB, 2), Slot(40));
    assert_eq!(ballot.approvals().count(), 0);
    assert_eq!(ballot.refusals(), 2);
    assert_eq!(ballot.novelty(ME, &vote(0, REJECT)), Novelty::New);
}

#[test]
fn who_went_over_to_another_proposal_neither_approves_nor_refuses() {
    let mut ballot = Ballot::default();
    ballot.count(BOB, vote(0, Decision::Approve), envelope(BOB, 1), Slot(40));
    ballot.count(BOB, vote(1, Decision::Withdraw(RejectReason::Superseded)), envelope(BOB, 2), Slot(40));
    assert_eq!((ballot.approvals().count(), ballot.refusals()), (0, 0));
    // From the start it is a refusal like any other: nothing was approved instead.
    ballot.count(CAROL, vote(0, Decision::Reject(RejectReason::Superseded)), envelope(CAROL, 1), Slot(40));
    assert_eq!(ballot.refusals(), 1);
}

#[test]
fn a_repetition_or_an_older_vote_is_known() {
    let mut ballot = Ballot::default();
    ballot.count(BOB, vote(3, Decision::Approve), envelope(BOB, 1), Slot(40));
    assert_eq!(ballot.novelty(BOB, &vote(3, Decision::Approve)), Novelty::Known);
    assert_eq!(ballot.novelty(BOB, &vote(2, REJECT)), Novelty::Known);
}

#[test]
fn two_votes_with_one_revision_are_an_equivocation_with_the_first_as_proof() {
    let mut ballot = Ballot::default();
    ballot.count(BOB, vote(0, Decision::Approve), envelope(BOB, 7), Slot(40));
    assert_eq!(ballot.novelty(BOB, &vote(0, REJECT)), Novelty::Equivocation(envelope(BOB, 7)));
    assert_eq!(ballot.approvals().count(), 1, "the first vote stands");
}
