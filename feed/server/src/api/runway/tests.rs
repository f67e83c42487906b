use super::*;
use crate::world::{NOW, World, operator};
use std::sync::Arc;

#[test]
fn a_calendar_has_each_date_once_and_keeps_its_ids() {
    let world = World::new(100);
    let snapshot = Snapshot::new(Arc::new(world.status(NOW)), Arc::new(world.definition.clone()));
    let address = operator(3).to_string();
    let calendar = text(&snapshot, &address).unwrap();
    assert!(calendar.starts_with("BEGIN:VCALENDAR\r\n") && calendar.ends_with("END:VCALENDAR\r\n"));
    assert_eq!(calendar.matches("BEGIN:VEVENT").count(), 4);
    let view = snapshot.operator(&operator(3)).unwrap();
    let floor = Date::of(view.runway.unwrap().floor.unwrap().at).compact();
    assert!(calendar.contains(&format!("DTSTART:{floor}\r\n")), "{calendar}");
    assert!(calendar.lines().all(|line| line.len() <= 76), "long lines are folded");
    let later =
        Snapshot::new(Arc::new(world.status(NOW.saturating_add(1))), Arc::new(world.definition.clone()));
    let ids = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with("UID:")).map(str::to_owned).collect()
    };
    assert_eq!(ids(&calendar), ids(&text(&later, &address).unwrap()));
    assert!(text(&snapshot, "0x00").is_err());
    assert!(text(&snapshot, &operator(999).to_string()).is_err());
}
