use super::*;
use crate::world::{NOW, World};
use std::sync::Arc;

#[test]
fn the_guardian_that_speaks_tells_its_own_version() {
    let world = World::new(10);
    let mut status = world.status(NOW);
    let versions = |status: &guardian_core::status::StatusSnapshot| {
        let snapshot = Snapshot::new(Arc::new(status.clone()), Arc::new(world.definition.clone()));
        let members = snapshot.definition().guardian_set.members.iter();
        let views = members.map(|member| GuardianView::of(&snapshot, member));
        views.map(|view| (view.speaks, view.version)).collect::<Vec<_>>()
    };
    status.version = "0.1.7".to_owned();
    let told = versions(&status);
    assert_eq!(told.iter().find(|(speaks, _)| *speaks), Some(&(true, Some("0.1.7".to_owned()))));
    assert!(told.iter().filter(|(speaks, _)| !speaks).any(|(_, version)| version.is_some()));
    status.version.clear();
    assert!(versions(&status).contains(&(true, None)), "of a program that did not tell it");
}
