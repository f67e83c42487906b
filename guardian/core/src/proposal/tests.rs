use super::*;
use crate::scene::{definition, proposal_at};
use std::collections::BTreeSet;

const ALL: [State; 9] = [
    State::Open,
    State::Certified,
    State::Signed,
    State::Submitted,
    State::Included,
    State::Finalized,
    State::Rejected,
    State::Expired,
    State::Moot,
];

#[test]
fn the_transition_table() {
    let allowed = [
        (State::Open, State::Certified),
        (State::Open, State::Rejected),
        (State::Open, State::Expired),
        (State::Open, State::Moot),
        (State::Rejected, State::Certified),
        (State::Expired, State::Certified),
        (State::Certified, State::Signed),
        (State::Certified, State::Included),
        (State::Certified, State::Moot),
        (State::Certified, State::Expired),
        (State::Signed, State::Submitted),
        (State::Signed, State::Included),
        (State::Signed, State::Expired),
        (State::Submitted, State::Included),
        (State::Included, State::Finalized),
        (State::Included, State::Certified),
        (State::Included, State::Signed),
        (State::Included, State::Submitted),
    ];
    for from in ALL {
        for to in ALL {
            assert_eq!(from.may_become(to), allowed.contains(&(from, to)), "{from:?} -> {to:?}");
        }
    }
}

#[test]
fn what_is_over_is_over() {
    let over = [State::Finalized, State::Rejected, State::Expired, State::Moot];
    for state in ALL {
        assert_eq!(state.is_over(), over.contains(&state), "{state:?}");
    }
}

#[test]
fn windows_follow_one_another_from_the_third_epoch_after_the_due_one() {
    let make = |slot| ExitProposal::offline(&definition(), crate::scene::subject(0), Epoch(6), Slot(slot));
    assert_eq!(make(35), None);
    let first = make(36).unwrap();
    assert_eq!((first.opened, first.expires), (Slot(36), Slot(44)));
    assert_eq!(first.exit, VoluntaryExit { epoch: Epoch(6), validator_index: ValidatorIndex(0) });
    assert_eq!(first.origin, Origin::Offline { dark_from: Epoch(4), dark_to: Epoch(6) });
    assert_eq!(make(43).unwrap().id(), first.id(), "one window, one proposal");
    let second = make(44).unwrap();
    assert_eq!((second.opened, second.expires), (Slot(44), Slot(52)));
    assert_ne!(second.id(), first.id());
}

#[test]
fn impossible_epochs_make_no_proposal() {
    let make =
        |due, slot| ExitProposal::offline(&definition(), crate::scene::subject(0), Epoch(due), Slot(slot));
    assert_eq!(make(1, 100), None, "k epochs do not fit before epoch 1");
    assert!(make(2, 100).is_some());
    assert_eq!(make(u64::MAX, u64::MAX - 3), None);
    assert_eq!(make(u64::MAX, u64::MAX), None);
}

#[test]
fn any_other_field_makes_it_malformed() {
    type Change = fn(&mut ExitProposal);
    let changes: [(&str, Change); 8] = [
        ("set epoch", |p| p.guardian_set_epoch.0 += 1),
        ("exit epoch", |p| p.exit.epoch.0 += 1),
        ("dark_from", |p| p.origin = Origin::Offline { dark_from: Epoch(5), dark_to: Epoch(6) }),
        ("dark_to", |p| p.origin = Origin::Offline { dark_from: Epoch(4), dark_to: Epoch(7) }),
        ("opened inside a window", |p| p.opened.0 += 1),
        ("opened before the first window", |p| p.opened.0 -= 8),
        ("expires early", |p| p.expires.0 -= 1),
        ("expires never", |p| p.expires.0 = u64::MAX),
    ];
    assert!(proposal_at(36).is_well_formed(&definition()));
    assert!(proposal_at(60).is_well_formed(&definition()));
    for (what, change) in changes {
        let mut proposal = proposal_at(36);
        change(&mut proposal);
        assert!(!proposal.is_well_formed(&definition()), "{what}");
    }
}

#[test]
fn every_guardian_has_its_own_rank_and_nobody_is_always_first() {
    let set = definition().guardian_set;
    let mut firsts = BTreeSet::new();
    for window in 0..20 {
        let id = proposal_at(36 + window * 8).id();
        let ranks: BTreeSet<_> = (1..=4).map(|n| id.rank(&set, GuardianIndex(n))).collect();
        assert_eq!(ranks, (0..4).collect());
        firsts.extend((1..=4).find(|n| id.rank(&set, GuardianIndex(*n)) == 0));
    }
    assert_eq!(firsts.len(), 4);
}
