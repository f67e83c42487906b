use super::*;
use crate::event::Event;
use crate::message::{Decision, Message};
use crate::policy::Enforcement;
use crate::proposal::State;
use crate::scene::{BOB, CAROL, DUE_SLOT, Scene, definition, exiting, orders, subject, validator};
use crypto::spec::{Gwei, Slot};

const THRESHOLD: u64 = 31_750_000_000;

fn with(balance: u64, effective: u64) -> Validator {
    Validator { balance: Gwei(balance), effective_balance: Gwei(effective), ..validator(0) }
}

fn poor() -> Validator {
    with(THRESHOLD - 1, 32_000_000_000)
}

#[test]
fn below_is_by_either_balance() {
    let rule = BalanceRule::puffer();
    let cases = [
        (THRESHOLD, THRESHOLD, false),
        (THRESHOLD - 1, 32_000_000_000, true),
        (32_000_000_000, THRESHOLD - 1, true),
        (0, 0, true),
    ];
    for (balance, effective, below) in cases {
        assert_eq!(is_below(&rule, &with(balance, effective)), below, "{balance} {effective}");
    }
}

/// The rule's opinion and verdict when it is below since epoch 6 of a finalized 7, unless `change` says otherwise.
fn judged(
    change: impl FnOnce(&mut Validator, &mut Validator, &mut Option<Epoch>),
    due: u64,
) -> (Verdict, Opinion) {
    let rule = BalanceRule::puffer();
    let (mut at_finalized, mut at_head, mut below_since) = (poor(), poor(), Some(Epoch(6)));
    change(&mut at_finalized, &mut at_head, &mut below_since);
    let facts = Facts {
        rule: &rule,
        committee_period: 2,
        current: Epoch(9),
        finalized: Epoch(7),
        below_since,
        at_finalized: &at_finalized,
        at_head: &at_head,
    };
    (facts.verdict(), facts.opinion(&Claim { index: ValidatorIndex(0), due: Epoch(due) }))
}

#[test]
fn below_at_finality_and_head_must_leave() {
    assert_eq!(judged(|_, _, _| {}, 6), (Verdict::Exit { due: Epoch(6) }, Opinion::Approve));
    assert_eq!(
        judged(|_, _, _| {}, 7).1,
        Opinion::Approve,
        "who looked first at a later checkpoint is right too"
    );
    assert_eq!(judged(|_, _, _| {}, 8).1, Opinion::Silent, "a checkpoint we have not seen");
    assert_eq!(judged(|v, _, _| v.activation_epoch = Epoch(5), 4).1, Opinion::Reject(RejectReason::NotDue));
}

#[test]
fn restored_at_the_head_or_at_finality_stays() {
    let restored = (Verdict::Keep(RejectReason::Restored), Opinion::Reject(RejectReason::Restored));
    assert_eq!(judged(|_, head, _| *head = validator(0), 6), restored);
    assert_eq!(judged(|_, _, since| *since = None, 6), restored);
    // The effective balance lags behind what came in.
    assert_eq!(judged(|_, head, _| *head = with(THRESHOLD, THRESHOLD - 1), 6), restored);
    let below = |head: Validator| judged(|_, at_head, _| *at_head = head, 6).1;
    assert_eq!(below(with(THRESHOLD - 1, THRESHOLD)), Opinion::Approve);
    let gone = (Verdict::Keep(RejectReason::NotExitable), Opinion::Reject(RejectReason::NotExitable));
    assert_eq!(judged(|_, head, _| *head = exiting(0), 6), gone);
    let other = judged(|finalized, _, _| finalized.index = ValidatorIndex(4), 6).1;
    assert_eq!(other, Opinion::Reject(RejectReason::Mismatch));
}

/// Validator 0 below the threshold at the finalized checkpoint of epoch 7, and attesting.
fn scene(enforcement: Enforcement) -> Scene {
    let mut definition = definition();
    definition.policy.offline.enforcement = Enforcement::Observe;
    definition.policy.balance.enforcement = enforcement;
    let mut scene = Scene::with(definition, 1);
    (0..9).for_each(|epoch| scene.liveness(epoch, true));
    scene.guardian.view.begin_slot(Slot(DUE_SLOT.0 - 1));
    scene.finalized(7, &[poor()]);
    scene.head(DUE_SLOT.0, &[poor()]);
    scene
}

fn proposal(scene: &Scene) -> ExitProposal {
    ExitProposal::balance(&scene.guardian.definition, subject(0), Epoch(7), DUE_SLOT).unwrap()
}

#[test]
fn it_is_voted_and_signed_like_any_other() {
    let mut scene = scene(Enforcement::Enforce);
    scene.slot(DUE_SLOT.0);
    let id = proposal(&scene).id();
    let heard = Message::Proposal(proposal(&scene));
    scene.hear(BOB, heard);
    assert_eq!(scene.own(id), Some(Decision::Approve));
    scene.hear_vote(BOB, id, 0, Decision::Approve);
    scene.hear_vote(CAROL, id, 0, Decision::Approve);
    assert_eq!(scene.state(id), Some(State::Signed));
    assert_eq!(orders(&scene.take())[0].exit().epoch, Epoch(7));
}

#[test]
fn it_is_proposed_only_when_enforced() {
    for (enforcement, proposes) in
        [(Enforcement::Observe, false), (Enforcement::Warn, false), (Enforcement::Enforce, true)]
    {
        let mut scene = scene(enforcement);
        (0..4).for_each(|slot| scene.slot(DUE_SLOT.0 + slot));
        assert_eq!(scene.guardian.docket.len() > 0, proposes, "{enforcement:?}");
        let health = &scene.guardian.status().validators[0];
        assert_eq!(health.balance, Some(Gwei(THRESHOLD - 1)));
    }
}

#[test]
fn a_restored_balance_takes_the_approval_back_and_begins_anew() {
    let mut scene = scene(Enforcement::Enforce);
    scene.slot(DUE_SLOT.0);
    let proposal = proposal(&scene);
    scene.hear(BOB, Message::Proposal(proposal.clone()));
    scene.head(DUE_SLOT.0 + 1, &[validator(0)]);
    assert_eq!(scene.own(proposal.id()), Some(Decision::Withdraw(RejectReason::Restored)));
    scene.finalized(8, &[validator(0)]);
    scene.finalized(9, &[poor()]);
    scene.feed(Event::HeadObserved { slot: Slot(DUE_SLOT.0 + 8), validators: vec![poor()] });
    let since = scene.guardian.view.validator(&crate::scene::pubkey(0)).unwrap().below_since;
    assert_eq!(since, Some(Epoch(9)));
}
