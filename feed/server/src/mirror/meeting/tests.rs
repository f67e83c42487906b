use super::*;
use crate::world::{bytes, definition, identity};
use feed::FeedKey;

fn text(binding: &KeyBinding) -> String {
    serde_json::to_value(binding).unwrap().as_str().unwrap().to_owned()
}

/// What guardian 2 of a network serves.
fn key(definition: NetworkDefinition) -> KeyView {
    let network = definition.id();
    let bind = |guardian: u16| {
        let key = FeedKey::from_seed(bytes("feed key", guardian.into()));
        KeyBinding::seal(network, &identity(guardian), &key.public(), 1)
    };
    KeyView {
        network,
        guardian: GuardianIndex(2),
        origin: None,
        vkey: None,
        binding: text(&bind(2)),
        bindings: BTreeMap::from([(3, text(&bind(3))), (4, text(&bind(3)))]),
        definition,
    }
}

fn ours() -> NetworkDefinition {
    definition(1, 12)
}

/// What is wrong with a definition that differs in this.
fn refused(change: impl FnOnce(&mut NetworkDefinition)) -> String {
    let mut theirs = ours();
    theirs.guardian_set.epoch = GuardianSetEpoch(4);
    change(&mut theirs);
    judge(key(theirs), ours().id(), Some(&ours())).unwrap_err()
}

#[test]
fn of_ours_the_bindings_that_hold_are_taken() {
    for known in [None, Some(&ours())] {
        let Ok(Meeting::Ours(found, met)) = judge(key(ours()), ours().id(), known) else { panic!() };
        assert_eq!((*found, met.guardian), (ours(), GuardianIndex(2)));
        // What is said to be guardian 4's was sealed by guardian 3.
        assert_eq!(met.others.keys().collect::<Vec<_>>(), [&GuardianIndex(3)]);
    }
    let mut forged = key(ours());
    forged.guardian = GuardianIndex(5);
    assert!(judge(forged, ours().id(), None).is_err());
}

#[test]
fn a_later_set_is_one_that_the_network_may_have_moved_to() {
    let mut later = ours();
    later.guardian_set.epoch = GuardianSetEpoch(9);
    // Guardian 2 was guardian 5 before.
    let mut before = ours();
    before.guardian_set.members[4].peer_id = later.guardian_set.members[1].peer_id.clone();
    before.guardian_set.members[1].peer_id = later.guardian_set.members[4].peer_id.clone();
    let Ok(Meeting::Moved(moved)) = judge(key(later.clone()), before.id(), Some(&before)) else { panic!() };
    assert_eq!(moved.guardian, Some(GuardianIndex(5)));
    let said = moved.to_string();
    assert!(said.contains(&later.id().to_string()) && said.contains("epoch 9"), "{said}");
    // Whether it is later is not known before ours is.
    assert!(judge(key(later.clone()), ours().id(), None).is_err());
    let mut unbound = key(later);
    unbound.guardian = GuardianIndex(1);
    assert!(judge(unbound, ours().id(), Some(&ours())).is_err());
}

#[test]
fn what_no_succession_makes_is_a_lie() {
    let same = refused(|theirs| {
        theirs.guardian_set.epoch = GuardianSetEpoch(3);
        theirs.caps.exits_per_day += 1;
    });
    assert!(same.contains("no later"), "{same}");
    let earlier = refused(|theirs| theirs.guardian_set.epoch = GuardianSetEpoch(2));
    assert!(earlier.contains("no later"), "{earlier}");
    let named = refused(|theirs| theirs.name = "another".to_owned());
    assert!(named.contains("beacon chain"), "{named}");
    let malformed = refused(|theirs| theirs.caps.exits_per_day = 0);
    assert!(malformed.contains("caps"), "{malformed}");
}
