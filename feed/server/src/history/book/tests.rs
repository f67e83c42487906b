use super::*;
use crate::world::{NOW, World};

#[test]
fn what_is_written_is_read_and_what_is_broken_is_begun_anew() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("home/history");
    let network = NetworkId([7; 32]);
    assert_eq!(read(&place, network), None);
    let world = World::new(30);
    let mut history = History::default();
    history.learn(&Snapshot::new(Arc::new(world.status(NOW)), Arc::new(world.definition)));
    let bytes = borsh::to_vec(&(VERSION, network.0, &history)).unwrap();
    durable::replace(&place, &bytes).unwrap();
    assert_eq!(read(&place, NetworkId([8; 32])), None, "another network's");
    assert_eq!(read(&place, network), Some(history));
    durable::replace(&place, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(read(&place, network), None);
    durable::replace(&place, &[9]).unwrap();
    assert_eq!(read(&place, network), None);
    let names: Vec<_> = std::fs::read_dir(place.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing is left beside it");
}

#[test]
fn it_is_written_at_first_and_then_every_32_epochs() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("history");
    let world = World::new(5);
    let snapshot = |epoch: u64| {
        Snapshot::new(
            Arc::new(world.status(NOW.saturating_add(epoch * 32))),
            Arc::new(world.definition.clone()),
        )
    };
    let site = Site::still(snapshot(0));
    let network = site.definition().id();
    let mut book = Book { network, place: Some(place.clone()), written: None };
    let mut writes = Vec::new();
    for epoch in 0..100 {
        book.take_in(&site, &snapshot(epoch));
        if let Some(history) = read(&place, network) {
            assert!(site.history().last() >= history.last());
            writes.push(history.last().unwrap().0);
        }
    }
    writes.dedup();
    let (first, rest) = writes.split_first().unwrap();
    assert_eq!(Some(*first), snapshot(0).status().finalized.map(|checkpoint| checkpoint.epoch.0));
    assert_eq!(rest.len(), 3, "{writes:?}");
    assert!(rest.iter().all(|epoch| epoch % WRITTEN_EVERY == 0), "{writes:?}");
}
