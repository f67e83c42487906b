use super::*;
use crate::event::Event;
use crate::record::Record;
use crate::scene::{BOB, Scene};

fn head(guardian: u16, size: u64) -> LogHead {
    LogHead { guardian: GuardianIndex(guardian), life: Slot(0), size, root: LogRoot([1; 32]) }
}

#[test]
fn what_was_checked_is_shown_and_only_the_latest_heads_are_kept() {
    let mut scene = Scene::new();
    scene.slot(9);
    for size in 1..40 {
        scene.feed(Event::LogChecked(head(2, size)));
    }
    scene.feed(Event::LogChecked(head(9, 1)));
    scene.feed(Event::LogChecked(head(0, 1)));
    assert_eq!(scene.guardian.status().logs, [head(2, 39)], "no logs of strangers");
    assert!(scene.guardian.logs.holds(&head(2, 39)) && scene.guardian.logs.holds(&head(2, 24)));
    assert!(!scene.guardian.logs.holds(&head(2, 23)));
}

#[test]
fn a_forked_log_is_a_fault_with_both_heads_as_evidence_once() {
    let mut scene = Scene::new();
    scene.slot(9);
    scene.take();
    let forked = || Event::LogForked { guardian: BOB, notes: [b"one".to_vec(), b"two".to_vec()] };
    scene.feed(forked());
    scene.feed(forked());
    scene.feed(Event::LogForked { guardian: GuardianIndex(9), notes: [Vec::new(), Vec::new()] });
    let mut journaled = Vec::new();
    for command in scene.take() {
        if let Command::Persist(records) = command {
            journaled.extend(records.into_iter().filter_map(|record| match record {
                Record::Faulted { fault, evidence } => Some((fault.guardian, fault.kind.code(), evidence)),
                _ => None,
            }));
        }
    }
    let evidence = vec![Envelope(b"one".to_vec()), Envelope(b"two".to_vec())];
    assert_eq!(journaled, [(BOB, "forked_log", evidence)]);
}
