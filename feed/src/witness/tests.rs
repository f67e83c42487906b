use super::*;
use crate::origin::Origin;
use crate::scene::log::{Stored, log};
use crate::tree::prove_consistency;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};

const LIFE: Slot = Slot(5);

fn checkpoint(log: &Stored, life: Slot) -> Checkpoint {
    let origin = Origin { network: NetworkId([1; 32]), guardian: GuardianIndex(1), life };
    Checkpoint { origin, size: log.size(), root: log.root() }
}

fn seen(log: &Stored) -> Seen {
    Seen { life: LIFE, size: log.size(), root: log.root() }
}

#[test]
fn what_extends_what_was_seen_is_cosigned() {
    for old in 0..12 {
        for new in old..12 {
            let (old, new) = (log(old), log(new));
            let proof = prove_consistency(old.size(), new.size(), &new).unwrap();
            let judgement = judge(Some(&seen(&old)), &checkpoint(&new, LIFE), old.size(), &proof);
            assert_eq!(judgement, Judgement::Cosign);
        }
    }
    assert_eq!(judge(None, &checkpoint(&log(7), LIFE), 0, &[]), Judgement::Cosign, "the first one");
}

#[test]
fn two_roots_of_one_size_are_a_fork() {
    let mut other = log(6);
    other.push(b"rewritten".to_vec());
    for old_size in [0, 6, 7, 8] {
        assert_eq!(judge(Some(&seen(&log(7))), &checkpoint(&other, LIFE), old_size, &[]), Judgement::Forked);
    }
}

#[test]
fn a_rewritten_history_is_not_cosigned() {
    let mut other = log(6);
    other.push(b"rewritten".to_vec());
    other.push(b"more".to_vec());
    let proof = prove_consistency(7, 8, &other).unwrap();
    let judgement = judge(Some(&seen(&log(7))), &checkpoint(&other, LIFE), 7, &proof);
    assert_eq!(judgement, Judgement::Refuse("wrong_proof"));
    assert_eq!(
        judge(Some(&seen(&log(7))), &checkpoint(&log(9), LIFE), 7, &[]),
        Judgement::Refuse("wrong_proof")
    );
}

#[test]
fn an_offer_from_another_size_is_told_which() {
    let (old, new) = (log(7), log(9));
    let proof = prove_consistency(5, 9, &new).unwrap();
    let judgement = judge(Some(&seen(&old)), &checkpoint(&new, LIFE), 5, &proof);
    assert_eq!(judgement, Judgement::Conflict { size: 7 });
    assert_eq!(judge(None, &checkpoint(&new, LIFE), 5, &proof), Judgement::Conflict { size: 0 });
    assert_eq!(judge(Some(&seen(&old)), &checkpoint(&log(3), LIFE), 7, &[]), Judgement::Refuse("smaller"));
    let judgement = judge(Some(&seen(&old)), &checkpoint(&log(3), LIFE), 2, &[]);
    assert_eq!(judgement, Judgement::Conflict { size: 7 }, "an older one");
}

#[test]
fn a_new_life_begins_anew_and_ends_the_older() {
    let (old, fresh) = (log(7), log(2));
    let later = checkpoint(&fresh, Slot(6));
    assert_eq!(judge(Some(&seen(&old)), &later, 0, &[]), Judgement::Cosign);
    assert_eq!(judge(Some(&seen(&old)), &later, 7, &[]), Judgement::Refuse("smaller"));
    let seen = Seen { life: Slot(6), size: 2, root: fresh.root() };
    assert_eq!(judge(Some(&seen), &checkpoint(&old, LIFE), 2, &[]), Judgement::Refuse("older_life"));
}

#[test]
fn the_empty_log_has_one_root() {
    assert_eq!(judge(None, &checkpoint(&log(0), LIFE), 0, &[]), Judgement::Cosign);
    let mut wrong = checkpoint(&log(0), LIFE);
    wrong.root = [9; 32];
    assert_eq!(judge(None, &wrong, 0, &[]), Judgement::Refuse("wrong_root"));
}
