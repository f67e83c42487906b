use super::*;
use crate::policy::Enforcement;
use crate::scene::validator;
use crypto::spec::FAR_FUTURE_EPOCH;
use crypto::validator::ValidatorStatus;

/// What a guardian knows; the rule wants 3 epochs, tolerance 1.
struct Knowledge {
    rule: OfflineRule,
    current: u64,
    finalized: u64,
    not_finalizing: EpochSet,
    timeline: Timeline,
    at_finalized: Validator,
    at_head: Validator,
}

/// Live up to epoch 3, dark in `dark`, now epoch 9, finalized up to and including epoch 6.
fn knowledge(dark: impl IntoIterator<Item = u64>) -> Knowledge {
    let mut timeline = Timeline::default();
    (0..=3).for_each(|epoch| timeline.saw_live(Epoch(epoch)));
    dark.into_iter().for_each(|epoch| timeline.saw_dark(Epoch(epoch)));
    Knowledge {
        rule: OfflineRule { enforcement: Enforcement::Enforce, epochs: 3, tolerance: 1 },
        current: 9,
        finalized: 7,
        not_finalizing: EpochSet::default(),
        timeline,
        at_finalized: validator(0),
        at_head: validator(0),
    }
}

impl Knowledge {
    fn facts(&self) -> Facts<'_> {
        Facts {
            rule: &self.rule,
            committee_period: 2,
            current: Epoch(self.current),
            finalized: Epoch(self.finalized),
            not_finalizing: &self.not_finalizing,
            timeline: &self.timeline,
            at_finalized: &self.at_finalized,
            at_head: &self.at_head,
        }
    }

    fn verdict(&self) -> Verdict {
        self.facts().verdict()
    }

    fn opinion(&self, dark_from: u64, dark_to: u64) -> Opinion {
        let claim = Claim { index: ValidatorIndex(0), dark_from: Epoch(dark_from), dark_to: Epoch(dark_to) };
        self.facts().opinion(&claim)
    }
}

const EXIT_6: Verdict = Verdict::Exit { due: Epoch(6) };

#[test]
fn due_in_the_kth_dark_finalized_epoch() {
    assert_eq!(knowledge(4..=8).verdict(), EXIT_6);
    // Later epochs do not move it.
    assert_eq!(Knowledge { current: 14, finalized: 12, ..knowledge(4..=13) }.verdict(), EXIT_6);
}

#[test]
fn not_due_before_the_kth_epoch_is_finalized() {
    let early = Knowledge { finalized: 6, ..knowledge(4..=8) };
    assert_eq!(early.verdict(), Verdict::Keep(RejectReason::NotDue));
    assert_eq!(Knowledge { finalized: 0, ..knowledge(4..=8) }.verdict(), Verdict::Keep(RejectReason::NotDue));
}

#[test]
fn any_newer_attestation_acquits_finalized_or_not() {
    for live in [7, 8, 9] {
        let mut known = knowledge(4..=6);
        known.timeline.saw_live(Epoch(live));
        assert_eq!(known.verdict(), Verdict::Keep(RejectReason::Attesting), "live in {live}");
        assert_eq!(known.opinion(4, 6), Opinion::Reject(RejectReason::Attesting));
    }
}

#[test]
fn unknown_epochs_break_a_run() {
    assert_eq!(knowledge([4, 6, 7, 8]).verdict(), Verdict::Keep(RejectReason::NotDue));
    let later = Knowledge { current: 11, finalized: 9, ..knowledge([4, 6, 7, 8, 9, 10]) };
    assert_eq!(later.verdict(), Verdict::Exit { due: Epoch(8) });
}

#[test]
fn the_earliest_full_run_counts_even_behind_a_gap() {
    let known = Knowledge { current: 14, finalized: 12, ..knowledge([4, 5, 6, 11, 12, 13]) };
    assert_eq!(known.verdict(), EXIT_6);
}

#[test]
fn old_knowledge_is_no_knowledge() {
    let stale = Knowledge { current: 13, finalized: 11, ..knowledge(4..=8) };
    assert_eq!(stale.verdict(), Verdict::Unknown);
    assert_eq!(stale.opinion(4, 6), Opinion::Silent);
    let just_fresh = Knowledge { current: 12, finalized: 10, ..knowledge(4..=8) };
    assert_eq!(just_fresh.verdict(), EXIT_6);
    assert_eq!(Knowledge { timeline: Timeline::default(), ..knowledge([]) }.verdict(), Verdict::Unknown);
}

#[test]
fn who_cannot_exit_is_kept() {
    type Change = fn(&mut Knowledge);
    let cases: [(&str, Change); 7] = [
        ("exiting at the head", |k| k.at_head.exit_epoch = Epoch(12)),
        ("exiting in the finalized state", |k| k.at_finalized.exit_epoch = Epoch(12)),
        ("status exiting", |k| k.at_head.status = ValidatorStatus::ActiveExiting),
        ("slashed", |k| k.at_head.status = ValidatorStatus::ActiveSlashed),
        ("pending", |k| k.at_finalized.status = ValidatorStatus::PendingQueued),
        ("too young", |k| k.at_finalized.activation_epoch = Epoch(8)),
        ("never active", |k| k.at_finalized.activation_epoch = FAR_FUTURE_EPOCH),
    ];
    for (what, change) in cases {
        let mut known = knowledge(4..=8);
        change(&mut known);
        assert_eq!(known.verdict(), Verdict::Keep(RejectReason::NotExitable), "{what}");
        assert_eq!(known.opinion(4, 6), Opinion::Reject(RejectReason::NotExitable), "{what}");
    }
}

#[test]
fn epochs_before_activation_do_not_count() {
    let mut known = Knowledge { timeline: Timeline::default(), current: 12, finalized: 10, ..knowledge([]) };
    (0..=11).for_each(|epoch| known.timeline.saw_dark(Epoch(epoch)));
    known.at_finalized.activation_epoch = Epoch(5);
    assert_eq!(known.verdict(), Verdict::Exit { due: Epoch(7) });
    assert_eq!(known.opinion(4, 6), Opinion::Reject(RejectReason::NotDue));
}

#[test]
fn epochs_without_finality_accuse_nobody() {
    let mut known = Knowledge { current: 13, finalized: 11, ..knowledge(4..=12) };
    known.not_finalizing.insert(Epoch(5));
    known.not_finalizing.insert(Epoch(6));
    assert_eq!(known.verdict(), Verdict::Exit { due: Epoch(9) });
    assert_eq!(known.opinion(4, 6), Opinion::Reject(RejectReason::NotDue));
    assert_eq!(known.opinion(7, 9), Opinion::Approve);
}

#[test]
fn a_true_claim_is_approved() {
    assert_eq!(knowledge(4..=8).opinion(4, 6), Opinion::Approve);
    // A later run of the same darkness is as true.
    let known = Knowledge { current: 11, finalized: 9, ..knowledge(4..=10) };
    assert_eq!(known.opinion(6, 8), Opinion::Approve);
}

#[test]
fn a_claim_ahead_of_our_finality_waits() {
    assert_eq!(knowledge(4..=8).opinion(5, 7), Opinion::Silent);
}

#[test]
fn a_claim_about_an_epoch_it_attested_in_is_rejected_beyond_the_tolerance() {
    let known = Knowledge { current: 11, finalized: 9, ..knowledge(4..=10) };
    assert_eq!(known.opinion(3, 5), Opinion::Approve, "one epoch off is within the tolerance");
    assert_eq!(known.opinion(2, 4), Opinion::Reject(RejectReason::AttestedWhileAccused));
    // Not due by our own view: no tolerance.
    assert_eq!(knowledge([4]).opinion(3, 5), Opinion::Reject(RejectReason::AttestedWhileAccused));
}

#[test]
fn a_claim_into_our_gap_needs_our_own_verdict() {
    // We know nothing before epoch 6.
    let mut known = Knowledge { timeline: Timeline::default(), ..knowledge([]) };
    (6..=8).for_each(|epoch| known.timeline.saw_dark(Epoch(epoch)));
    assert_eq!(known.opinion(4, 6), Opinion::Silent);
    known.timeline.saw_dark(Epoch(9));
    known.timeline.saw_dark(Epoch(10));
    let known = Knowledge { current: 11, finalized: 9, ..known };
    assert_eq!(known.opinion(4, 6), Opinion::Approve);
}

#[test]
fn a_claim_between_our_runs_is_approved_when_we_find_it_due_ourselves() {
    let known = Knowledge { current: 13, finalized: 11, ..knowledge([4, 5, 6, 10, 11, 12]) };
    assert_eq!(known.opinion(7, 9), Opinion::Approve);
    let not_due = Knowledge { current: 13, finalized: 11, ..knowledge([4, 5, 10, 11, 12]) };
    assert_eq!(not_due.opinion(7, 9), Opinion::Silent);
}

#[test]
fn another_validators_index_is_a_mismatch() {
    let known = knowledge(4..=8);
    let claim = Claim { index: ValidatorIndex(1), dark_from: Epoch(4), dark_to: Epoch(6) };
    assert_eq!(known.facts().opinion(&claim), Opinion::Reject(RejectReason::Mismatch));
}

#[test]
fn one_epoch_is_enough_when_the_rule_says_so() {
    let mut known = knowledge(4..=8);
    known.rule.epochs = 1;
    assert_eq!(known.verdict(), Verdict::Exit { due: Epoch(4) });
}
