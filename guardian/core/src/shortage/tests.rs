use super::*;
use crate::scene::operators::{POOR, RICH, ticket_definition};
use crate::scene::{exiting, validator};

/// What a guardian knows: epochs of 4 slots, a grace period of 4 slots, tolerance 1.
struct Knowledge {
    rule: TicketsRule,
    chain: ChainSpec,
    current: u64,
    finalized: u64,
    operator: Option<Address>,
    account: Option<Shortfall>,
    head: AtHead,
    at_finalized: Validator,
    at_head: Validator,
}

/// Short since epoch 4 by a reading of epoch 5; finalized epoch 5, now epoch 7.
fn knowledge() -> Knowledge {
    let definition = ticket_definition();
    Knowledge {
        rule: definition.policy.tickets.clone(),
        chain: definition.chain.clone(),
        current: 7,
        finalized: 5,
        operator: Some(POOR),
        account: Some(Shortfall { read: Epoch(5), due: Some(Epoch(4)), is_older: false }),
        head: AtHead::Short,
        at_finalized: validator(0),
        at_head: validator(0),
    }
}

impl Knowledge {
    fn facts(&self) -> Facts<'_> {
        Facts {
            rule: &self.rule,
            chain: &self.chain,
            current: Epoch(self.current),
            finalized: Epoch(self.finalized),
            operator: self.operator,
            account: self.account,
            head: self.head,
            at_finalized: &self.at_finalized,
            at_head: &self.at_head,
        }
    }

    fn due(&mut self, read: u64, due: Option<u64>) {
        self.account = Some(Shortfall { read: Epoch(read), due: due.map(Epoch), is_older: false });
    }
}

fn claim(due: u64) -> Claim {
    Claim { index: ValidatorIndex(0), operator: POOR, due: Epoch(due) }
}

#[test]
fn short_for_the_grace_period_and_at_the_head_must_leave() {
    let knowledge = knowledge();
    assert_eq!(knowledge.facts().verdict(), Verdict::Exit { due: Epoch(4) });
    assert_eq!(knowledge.facts().opinion(&claim(4)), Opinion::Approve);
}

#[test]
fn the_grace_period_is_counted_in_finalized_slots() {
    for (grace, finalized, is_over) in
        [(0, 4, true), (1, 4, false), (4, 5, true), (5, 5, false), (5, 6, true)]
    {
        let mut knowledge = knowledge();
        (knowledge.rule.grace, knowledge.finalized) = (grace, finalized);
        let due = if is_over { Verdict::Exit { due: Epoch(4) } } else { Verdict::Keep(RejectReason::NotDue) };
        let opinion = if is_over { Opinion::Approve } else { Opinion::Silent };
        assert_eq!(knowledge.facts().verdict(), due, "grace {grace}, finalized {finalized}");
        assert_eq!(knowledge.facts().opinion(&claim(4)), opinion, "grace {grace}, finalized {finalized}");
    }
}

#[test]
fn a_top_up_at_the_head_acquits() {
    let mut knowledge = knowledge();
    knowledge.head = AtHead::Funded;
    assert_eq!(knowledge.facts().verdict(), Verdict::Keep(RejectReason::Funded));
    assert_eq!(knowledge.facts().opinion(&claim(4)), Opinion::Reject(RejectReason::Funded));
    assert!(!knowledge.facts().is_cured(&claim(4)), "a head may be reorged");
}

#[test]
fn who_does_not_see_enough_says_nothing() {
    let blind: [fn(&mut Knowledge); 3] =
        [|k| k.account = None, |k| k.head = AtHead::Unknown, |k| (k.finalized, k.account) = (4, None)];
    for change in blind {
        let mut knowledge = knowledge();
        change(&mut knowledge);
        assert_eq!(knowledge.facts().verdict(), Verdict::Unknown);
        assert_eq!(knowledge.facts().opinion(&claim(4)), Opinion::Silent);
    }
    let mut knowledge = knowledge();
    knowledge.operator = None;
    assert_eq!(knowledge.facts().verdict(), Verdict::Keep(RejectReason::NotDue));
    assert_eq!(
        knowledge.facts().opinion(&claim(4)),
        Opinion::Silent,
        "its registration may not be scanned yet"
    );
}

#[test]
fn a_view_that_does_not_reach_so_far_does_not_contradict() {
    let mut knowledge = knowledge();
    knowledge.due(5, None);
    assert_eq!(knowledge.facts().opinion(&claim(4)), Opinion::Reject(RejectReason::Funded));
    knowledge.due(3, None);
    assert_eq!(knowledge.facts().opinion(&claim(4)), Opinion::Silent, "read before the shortage");
    knowledge.due(5, None);
    knowledge.finalized = 4;
    assert_eq!(
        knowledge.facts().opinion(&claim(4)),
        Opinion::Silent,
        "finalized before the end of the grace"
    );
}

#[test]
fn a_later_due_epoch_is_true_too_an_earlier_one_within_the_tolerance() {
    let mut knowledge = knowledge();
    (knowledge.finalized, knowledge.current) = (9, 11);
    knowledge.due(9, Some(6));
    let opinions: Vec<_> = (4..=9).map(|due| knowledge.facts().opinion(&claim(due))).collect();
    let (refused, approved) = (Opinion::Reject(RejectReason::NotDue), Opinion::Approve);
    assert_eq!(opinions, [refused, approved, approved, approved, approved, Opinion::Silent]);
}

#[test]
fn who_cannot_leave_or_is_another_is_refused() {
    type Change = fn(&mut Knowledge, &mut Claim);
    let cases: [(RejectReason, Change); 6] = [
        (RejectReason::Mismatch, |_, c| c.index = ValidatorIndex(3)),
        (RejectReason::Mismatch, |_, c| c.operator = RICH),
        (RejectReason::NotExitable, |k, _| k.at_head = exiting(0)),
        (RejectReason::NotExitable, |k, _| k.at_finalized = exiting(0)),
        (RejectReason::NotExitable, |k, _| k.at_finalized.activation_epoch = Epoch(6)),
        (RejectReason::NotExitable, |k, _| {
            k.at_head.status = crypto::validator::ValidatorStatus::ActiveSlashed
        }),
    ];
    for (reason, change) in cases {
        let (mut knowledge, mut claim) = (knowledge(), claim(4));
        change(&mut knowledge, &mut claim);
        assert_eq!(knowledge.facts().opinion(&claim), Opinion::Reject(reason));
    }
}

#[test]
fn cured_is_what_finalized_readings_after_the_due_epoch_show() {
    let mut knowledge = knowledge();
    knowledge.finalized = 8;
    let mut cured = |read, due| {
        knowledge.due(read, due);
        knowledge.facts().is_cured(&claim(4))
    };
    assert!(cured(5, None));
    assert!(cured(8, Some(7)), "another shortage than the one claimed");
    assert!(!cured(8, Some(5)), "within the tolerance");
    assert!(!cured(4, None), "not read since");
}

/// Something took tickets right before epoch 6, by which the shortage is counted since.
#[test]
fn what_takes_tickets_from_who_is_short_ends_no_shortage() {
    let mut knowledge = knowledge();
    knowledge.account = Some(Shortfall { read: Epoch(8), due: Some(Epoch(6)), is_older: true });
    for (finalized, opinion) in [(6, Opinion::Silent), (7, Opinion::Approve)] {
        (knowledge.finalized, knowledge.current) = (finalized, finalized + 2);
        for due in [0, 4, 5] {
            assert_eq!(knowledge.facts().opinion(&claim(due)), opinion, "due {due}, finalized {finalized}");
            assert!(!knowledge.facts().is_cured(&claim(due)));
        }
    }
    knowledge.head = AtHead::Funded;
    assert_eq!(knowledge.facts().opinion(&claim(4)), Opinion::Reject(RejectReason::Funded));
    knowledge.account = Some(Shortfall { read: Epoch(8), due: None, is_older: false });
    assert!(knowledge.facts().is_cured(&claim(4)));
}
