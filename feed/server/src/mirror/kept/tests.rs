use super::*;
use crate::world::{NOW, World, bytes, definition, identity};
use feed::{FeedKey, KeyBinding};

struct Written {
    home: tempfile::TempDir,
    world: World,
    bindings: Bindings,
}

/// What a mirror of guardian 1 wrote.
fn written() -> Written {
    let world = World::of(definition(crate::freshness::unix_now() - NOW.0 * 12, 12), 3);
    let network = world.definition.id();
    let bind = |guardian: u16| {
        let key = FeedKey::from_seed(bytes("feed key", guardian.into()));
        (GuardianIndex(guardian), KeyBinding::seal(network, &identity(guardian), &key.public(), 1))
    };
    let bindings = Bindings::from([bind(1), bind(2)]);
    let home = tempfile::tempdir().unwrap();
    let sources = BTreeMap::from([("http://north".to_owned(), GuardianIndex(1))]);
    write_network(home.path(), &world.definition, &bindings, &sources).unwrap();
    write_status(home.path(), &world.status(NOW)).unwrap();
    Written { home, world, bindings }
}

fn read(written: &Written) -> Option<Kept> {
    Kept::read(written.home.path(), written.world.definition.id())
}

#[test]
fn what_was_written_is_read() {
    let written = written();
    let kept = read(&written).unwrap();
    assert_eq!(*kept.definition, written.world.definition);
    assert_eq!(kept.bindings, written.bindings);
    assert_eq!(kept.met("http://north").unwrap().guardian, GuardianIndex(1));
    assert_eq!(kept.met("http://south"), None);
    assert_eq!(kept.status.as_ref().unwrap().slot, NOW);
    assert_eq!(kept.binding().unwrap().0, GuardianIndex(1));
    // Nothing of it is another network's.
    assert!(Kept::read(written.home.path(), NetworkId([9; 32])).is_none());
}

#[test]
fn a_binding_that_does_not_hold_is_left_out() {
    let mut written = written();
    let second = written.bindings[&GuardianIndex(2)].clone();
    let write = |bindings: &Bindings| {
        write_network(written.home.path(), &written.world.definition, bindings, &BTreeMap::new()).unwrap();
    };
    written.bindings.insert(GuardianIndex(1), second.clone());
    write(&written.bindings);
    assert_eq!(read(&written).unwrap().bindings, Bindings::from([(GuardianIndex(2), second.clone())]));
    write(&Bindings::from([(GuardianIndex(1), second)]));
    assert!(read(&written).is_none());
}

#[test]
fn a_status_that_cannot_be_is_ignored() {
    let written = written();
    let path = status_path(written.home.path());
    let good = std::fs::read(&path).unwrap();
    std::fs::write(&path, &good[..good.len() / 2]).unwrap();
    assert!(read(&written).unwrap().status.is_none());
    write_status(written.home.path(), &written.world.status(NOW.saturating_add(1_000))).unwrap();
    assert!(read(&written).unwrap().status.is_none(), "it is ahead of the clock");
}
