use super::*;
use crate::view::calendar::Moment;
use crypto::spec::Slot;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::RejectReason;

fn happening(what: &str, slot: u64, name: &str) -> HappeningView {
    HappeningView {
        what: what.to_owned(),
        moment: Moment { slot: Slot(slot), at: slot * 12 },
        guardian: Some(GuardianIndex(1)),
        name: Some(name.to_owned()),
        decision: None,
        reason: None,
    }
}

fn voted(slot: u64, name: &str, decision: DecisionCode, reason: Option<RejectReason>) -> HappeningView {
    HappeningView { decision: Some(decision), reason, ..happening("voted", slot, name) }
}

/// What each line says, with its slot.
fn told(happenings: &[HappeningView]) -> Vec<(u64, String)> {
    let text = |line: &Line<'_>| match &line.names[..] {
        [] => line.happening.what.clone(),
        names => deed(line.happening.decision, names).1,
    };
    lines(happenings.iter()).iter().map(|line| (line.happening.moment.slot.0, text(line))).collect()
}

#[test]
fn what_guardians_do_alike_in_one_slot_is_one_line() {
    let (approve, reject) = (DecisionCode::Approve, DecisionCode::Reject);
    let (attesting, not_due) = (Some(RejectReason::Attesting), Some(RejectReason::NotDue));
    let certified = HappeningView { name: None, guardian: None, ..happening("certified", 5, "") };
    let happenings = [
        voted(4, "north", approve, None),
        voted(4, "east", reject, attesting),
        voted(4, "south", approve, None),
        voted(4, "west", reject, not_due),
        voted(4, "harbour", approve, None),
        voted(5, "meadow", approve, None),
        certified,
        happening("signed", 6, "north"),
        happening("signed", 6, "south"),
        happening("signed", 7, "east"),
    ];
    let expected = [
        (4, "north, south and harbour approved"),
        (4, "east refused"),
        (4, "west refused"),
        (5, "meadow approved"),
        (5, "certified"),
        (6, "north\u{2019}s and south\u{2019}s parts of the signature were here"),
        (7, "east\u{2019}s part of the signature was here"),
    ];
    assert_eq!(told(&happenings), expected.map(|(slot, text)| (slot, text.to_owned())));
}

#[test]
fn an_approval_taken_back_is_no_refusal() {
    let withdraw = |name| voted(4, name, DecisionCode::Withdraw, Some(RejectReason::Attesting));
    assert_eq!(told(&[withdraw("north")])[0].1, "north took its approval back");
    assert_eq!(
        told(&[withdraw("north"), withdraw("east")]),
        [(4, "north and east took their approvals back".to_owned())]
    );
}
