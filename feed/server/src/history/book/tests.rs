use super::*;
use crate::snapshot::Snapshot;
use crate::world::{NOW, World};
use std::sync::Arc;

#[test]
fn what_is_written_is_read_and_what_is_broken_is_begun_anew() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("home/history");
    assert_eq!(read(&place), None);
    let world = World::new(30);
    let mut history = History::default();
    history.learn(&Snapshot::new(Arc::new(world.status(NOW)), Arc::new(world.definition)));
    let bytes = borsh::to_vec(&(VERSION, &history)).unwrap();
    replace(&place, &bytes).unwrap();
    assert_eq!(read(&place), Some(history));
    replace(&place, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(read(&place), None);
    replace(&place, &[9]).unwrap();
    assert_eq!(read(&place), None);
    let names: Vec<_> = std::fs::read_dir(place.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1, "nothing is left beside it");
}
