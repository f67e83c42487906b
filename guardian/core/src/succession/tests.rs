use super::*;
use crate::ceremony::rehearsal::set_of;

#[test]
fn changes_are_told_in_words() {
    let old = set_of(1, 3, &[1, 2, 3, 4]);
    let mut next = set_of(2, 4, &[2, 3, 4, 5, 6]);
    next.caps.exits_per_day = 9;
    assert_eq!(
        changes(&old, &next),
        [
            "epoch 1 -> 2",
            "threshold 3 of 4 -> 4 of 5",
            "guardian-2: guardian 2 -> 1",
            "guardian-3: guardian 3 -> 2",
            "guardian-4: guardian 4 -> 3",
            "adds guardian-5 (guardian 4)",
            "adds guardian-6 (guardian 5)",
            "removes guardian-1 (guardian 1)",
            "caps change",
        ]
    );
    assert_eq!(changes(&old, &refreshed(&old)), ["epoch 1 -> 2", "refresh: the same members, new shares"]);
}

#[test]
fn what_cannot_follow_is_refused_by_field() {
    let old = set_of(1, 3, &[1, 2, 3, 4]);
    let refused = |change: &dyn Fn(&mut NetworkDefinition)| {
        let mut next = refreshed(&old);
        change(&mut next);
        check(&old, &next).unwrap_err().to_string()
    };
    check(&old, &refreshed(&old)).unwrap();
    assert!(refused(&|next| next.guardian_set.epoch.0 = 1).contains("must be 2"));
    assert!(refused(&|next| next.guardian_set.epoch.0 = 3).contains("must be 2"));
    assert!(refused(&|next| next.name = "other".to_owned()).contains("next.name"));
    assert!(
        refused(&|next| next.guardian_set.members[0].peer_id = "16Uiu2HAm9".to_owned())
            .contains("guardian-1")
    );
    assert!(refused(&|next| next.caps.exits_per_day = 0).contains("caps.exits_per_day"));
}
