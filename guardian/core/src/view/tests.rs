use super::*;
use crate::scene::{ME, definition, exiting, key_sets, pubkey, validator};
use crypto::spec::Root;
use crypto::threshold::ShareIndex;
use proptest::prelude::*;

fn custody(index: usize, share: u16) -> Custody {
    let share = ShareIndex::new(share).unwrap();
    Custody { pubkey: pubkey(index), key_set: key_sets()[index].clone(), index: share }
}

fn liveness(epoch: u64, live: &[u64], dark: &[u64]) -> Liveness {
    let indices = |list: &[u64]| list.iter().copied().map(ValidatorIndex).collect();
    Liveness { epoch: Epoch(epoch), live: indices(live), dark: indices(dark) }
}

fn checkpoint(epoch: u64) -> Checkpoint {
    Checkpoint { epoch: Epoch(epoch), root: Root([0; 32]) }
}

#[test]
fn slots_only_go_on() {
    let mut view = View::default();
    assert_eq!(view.begin_slot(Slot(5)), Some(None));
    assert_eq!(view.begin_slot(Slot(5)), None);
    assert_eq!(view.begin_slot(Slot(4)), None);
    assert_eq!(view.begin_slot(Slot(9)), Some(Some(Slot(5))));
    assert_eq!(view.slot(), Slot(9));
}

#[test]
fn only_our_own_shares_are_watched_and_reloading_keeps_what_is_known() {
    let mut view = View::default();
    view.load(vec![custody(0, 1), custody(1, 2)], ME);
    assert_eq!(view.held_keys(), [pubkey(0)]);
    view.observe_head(Slot(1), vec![validator(0), validator(1)]);
    view.load(vec![custody(0, 1)], ME);
    assert!(view.validator(&pubkey(0)).unwrap().at_head.is_some());
    assert!(view.validator(&pubkey(1)).is_none());
}

#[test]
fn finality_never_goes_back() {
    let mut view = View::default();
    view.load(vec![custody(0, 1)], ME);
    assert!(view.observe_finalized(checkpoint(5), vec![validator(0)], &rule()));
    assert!(!view.observe_finalized(checkpoint(4), vec![exiting(0)], &rule()));
    assert_eq!(view.finalized(), Some(checkpoint(5)));
    assert!(!view.validator(&pubkey(0)).unwrap().at_finalized.unwrap().is_exiting());
    assert!(!view.observe_finalized(checkpoint(5), vec![exiting(0)], &rule()), "no news for the journal");
    assert!(view.validator(&pubkey(0)).unwrap().at_finalized.unwrap().is_exiting(), "but the state is newer");
}

#[test]
fn an_exit_in_a_pool_is_remembered_with_its_first_slot() {
    let mut view = View::default();
    view.load(vec![custody(0, 1)], ME);
    view.observe_head(Slot(1), vec![validator(0)]);
    view.begin_slot(Slot(7));
    view.observe_exit(ValidatorIndex(0), Epoch(6));
    view.observe_exit(ValidatorIndex(3), Epoch(6));
    view.begin_slot(Slot(8));
    view.observe_exit(ValidatorIndex(0), Epoch(6));
    assert_eq!(view.validator(&pubkey(0)).unwrap().gossiped, Some((Epoch(6), Slot(7))));
}

fn rule() -> crate::policy::BalanceRule {
    crate::policy::BalanceRule::puffer()
}

#[test]
fn facts_need_everything() {
    let definition = definition();
    let mut view = View::default();
    let known = |view: &View| view.facts(&definition, &pubkey(0)).is_some();
    view.load(vec![custody(0, 1)], ME);
    view.begin_slot(Slot(40));
    view.observe_finalized(checkpoint(7), vec![validator(0)], &rule());
    view.observe_liveness(&liveness(8, &[0], &[]));
    view.observe_nodes(NodeHealth { total: 1, healthy: 1, disagree: false });
    assert!(!known(&view), "no head");
    view.observe_head(Slot(40), vec![validator(0)]);
    assert!(known(&view));
    view.observe_nodes(NodeHealth { total: 1, healthy: 0, disagree: false });
    assert!(!known(&view), "no healthy node");
    view.observe_nodes(NodeHealth { total: 2, healthy: 2, disagree: true });
    assert!(!known(&view), "nodes disagree");
    view.observe_nodes(NodeHealth { total: 1, healthy: 1, disagree: false });
    view.slot = None;
    assert!(!known(&view), "no slot yet");
}

#[test]
fn who_goes_on_attesting_costs_nothing_in_the_journal() {
    let mut view = View::default();
    let mut records = Vec::new();
    for epoch in 0..50 {
        let liveness = liveness(epoch, &[0, 1, 2], &[]);
        records.extend(view.worth_journaling(&liveness));
        view.observe_liveness(&liveness);
    }
    assert_eq!(records, [Record::Liveness(liveness(0, &[0, 1, 2], &[]))]);
}

#[test]
fn a_dark_run_is_journaled_with_the_live_epoch_before_it() {
    let mut view = View::default();
    (0..5).for_each(|epoch| view.observe_liveness(&liveness(epoch, &[0, 1], &[])));
    let dark = liveness(5, &[1], &[0]);
    let records = view.worth_journaling(&dark);
    assert_eq!(records, [Record::Liveness(liveness(4, &[0], &[])), Record::Liveness(liveness(5, &[], &[0]))]);
    view.observe_liveness(&dark);
    assert_eq!(view.worth_journaling(&dark), [], "told twice, written once");
    let back = liveness(6, &[0, 1], &[]);
    assert_eq!(view.worth_journaling(&back), [Record::Liveness(liveness(6, &[0], &[]))]);
}

proptest! {
    /// Whatever is observed in whatever order: the journal knows every dark epoch, calls live only what was, and knows
    /// the live epoch next to each dark one.
    #[test]
    fn the_journal_keeps_every_dark_run(
        told in prop::collection::vec((0u64..20, prop::collection::vec(0u8..3, 3)), 0..60),
    ) {
        let (mut view, mut restored) = (View::default(), View::default());
        for (epoch, states) in told {
            let with = |state| (0..3u64).filter(|i| states[*i as usize] == state).collect::<Vec<_>>();
            let liveness = liveness(epoch, &with(1), &with(2));
            let records = view.worth_journaling(&liveness);
            view.observe_liveness(&liveness);
            records.iter().for_each(|record| restored.apply(record));
        }
        for index in (0..3).map(ValidatorIndex) {
            let full = view.timeline(index).cloned().unwrap_or_default();
            let kept = restored.timeline(index).cloned().unwrap_or_default();
            for epoch in (0..20).map(Epoch) {
                prop_assert_eq!(full.dark().contains(epoch), kept.dark().contains(epoch));
                prop_assert!(full.live().contains(epoch) || !kept.live().contains(epoch));
            }
        }
    }
}
