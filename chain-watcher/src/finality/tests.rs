use super::*;
use crate::fake_node::checkpoint;

fn history(checkpoints: &[(u64, u8)]) -> History {
    let mut history = History::default();
    for &(epoch, root) in checkpoints {
        history.record(checkpoint(epoch, root));
    }
    history
}

fn weigh_healthy(nodes: &[History]) -> Agreement {
    let nodes: Vec<_> = nodes.iter().map(|node| (node, true)).collect();
    weigh(&nodes, &History::default())
}

#[test]
fn one_node_is_its_own_majority() {
    assert_eq!(weigh_healthy(&[history(&[(5, 1)])]), Agreement::Shared(checkpoint(5, 1)));
    assert_eq!(weigh_healthy(&[]), Agreement::None);
    assert_eq!(weigh_healthy(&[history(&[])]), Agreement::None);
}

#[test]
fn a_lagging_node_is_no_contradiction() {
    let nodes = [history(&[(4, 4), (5, 5)]), history(&[(4, 4), (5, 5)]), history(&[(4, 4)])];
    assert_eq!(weigh_healthy(&nodes), Agreement::Shared(checkpoint(5, 5)));
    let nodes = [history(&[(4, 4), (5, 5)]), history(&[(4, 4)])];
    assert_eq!(weigh_healthy(&nodes), Agreement::Shared(checkpoint(4, 4)), "half is no majority for epoch 5");
    let nodes = [history(&[(5, 5)]), history(&[(4, 4)])];
    assert_eq!(weigh_healthy(&nodes), Agreement::None);
}

#[test]
fn a_node_that_skipped_an_epoch_is_no_contradiction() {
    let nodes = [history(&[(4, 4), (6, 6)]), history(&[(4, 4), (5, 5)])];
    assert_eq!(weigh_healthy(&nodes), Agreement::None);
    let nodes = [history(&[(4, 4), (6, 6)]), history(&[(4, 4), (5, 5), (6, 6)])];
    assert_eq!(weigh_healthy(&nodes), Agreement::Shared(checkpoint(6, 6)));
}

#[test]
fn different_roots_for_one_epoch_are_a_contradiction_even_against_a_majority() {
    let nodes = [history(&[(5, 5)]), history(&[(5, 5)]), history(&[(5, 9)])];
    assert_eq!(weigh_healthy(&nodes), Agreement::Disagree(Epoch(5)));
    let nodes = [history(&[(5, 5), (6, 6)]), history(&[(5, 9)])];
    assert_eq!(weigh_healthy(&nodes), Agreement::Disagree(Epoch(5)), "also when one is ahead");
}

#[test]
fn a_common_later_checkpoint_settles_it() {
    let nodes = [history(&[(5, 5), (6, 6)]), history(&[(5, 9), (6, 6)])];
    assert_eq!(weigh_healthy(&nodes), Agreement::Shared(checkpoint(6, 6)));
}

#[test]
fn going_offline_does_not_settle_it() {
    let (one, other) = (history(&[(5, 5)]), history(&[(5, 9)]));
    assert_eq!(weigh(&[(&one, true), (&other, false)], &History::default()), Agreement::Disagree(Epoch(5)));
}

#[test]
fn an_unhealthy_node_counts_for_no_majority() {
    let (one, other) = (history(&[(5, 5)]), history(&[(4, 4)]));
    assert_eq!(
        weigh(&[(&one, true), (&other, false)], &History::default()),
        Agreement::Shared(checkpoint(5, 5))
    );
}

#[test]
fn what_we_reported_can_be_contradicted_too() {
    let reported = history(&[(5, 5)]);
    assert_eq!(weigh(&[(&history(&[(5, 9)]), true)], &reported), Agreement::Disagree(Epoch(5)));
    assert_eq!(weigh(&[(&history(&[(5, 5), (6, 6)]), true)], &reported), Agreement::Shared(checkpoint(6, 6)));
}

#[test]
fn a_node_that_goes_back_is_taken_at_its_latest_word() {
    let history = history(&[(5, 5), (6, 6), (5, 9)]);
    assert_eq!(history.latest(), Some(checkpoint(5, 9)));
}

#[test]
fn memory_is_bounded() {
    let mut history = History::default();
    for epoch in 0..1000 {
        history.record(checkpoint(epoch, 1));
    }
    assert_eq!(history.seen.len(), REMEMBERED);
    assert_eq!(history.latest(), Some(checkpoint(999, 1)));
}
