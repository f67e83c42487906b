use super::*;
use crate::world::{NOW, World};
use std::sync::Arc;

#[test]
fn the_feed_is_read_back_newest_first_with_ids_that_stay() {
    let world = World::new(500);
    let of = |slot| {
        let snapshot = Snapshot::new(Arc::new(world.status(slot)), Arc::new(world.definition.clone()));
        let site = Site::still(snapshot);
        text(&site, &site.snapshot().unwrap()).parse::<Feed>().unwrap()
    };
    let feed = of(NOW);
    assert!(feed.entries.len() > 20);
    assert!(feed.entries.is_sorted_by(|one, next| one.updated >= next.updated));
    assert_eq!(feed.updated, feed.entries[0].updated);
    let mut ids: Vec<&String> = feed.entries.iter().map(|entry| &entry.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), feed.entries.len(), "an id is one thing");
    let later = of(NOW.saturating_add(1));
    let kept = later.entries.iter().filter(|entry| ids.contains(&&entry.id)).count();
    assert!(kept + 5 >= ids.len(), "a slot changes little");
}
