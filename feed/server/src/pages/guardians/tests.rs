use super::*;
use crate::view::guardian::CheckpointView;
use guardian_core::guardian_set::GuardianIndex;

fn guardian(index: u16, epoch: u64, root: u8, alive: bool) -> GuardianView {
    GuardianView {
        index: GuardianIndex(index),
        name: format!("g{index}"),
        peer_id: String::new(),
        account: None,
        speaks: index == 1,
        alive,
        connected: alive,
        last_heard: None,
        version: None,
        clients: None,
        head: None,
        finalized: Some(CheckpointView { epoch: Epoch(epoch), root: Root([root; 32]), at: 0 }),
        shares: None,
        proven: None,
        enforces: Vec::new(),
        wishes_pause: false,
        faults: 0,
    }
}

#[test]
fn guardians_disagree_when_one_epoch_has_two_roots() {
    let agreeing = [guardian(1, 7, 1, true), guardian(2, 7, 1, true), guardian(3, 8, 2, true)];
    assert!(!disagree(&finals(&agreeing)), "one of them is an epoch ahead, which is no disagreement");
    let split = [guardian(1, 7, 1, true), guardian(2, 7, 2, true)];
    assert!(disagree(&finals(&split)));
    let old = [guardian(1, 7, 1, true), guardian(2, 7, 2, false)];
    assert!(!disagree(&finals(&old)), "what a silent guardian said long ago is not its view");
}

#[test]
fn a_head_that_trails_the_clock_a_little_is_up_to_date() {
    assert_eq!(lag(100, 98), None);
    assert_eq!(lag(100, 101), None);
    assert_eq!(lag(100, 60).unwrap(), "40 slots behind its clock then");
}
