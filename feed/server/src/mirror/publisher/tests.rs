use super::*;
use crate::role::SourceState;
use crate::world::{NOW, World};

struct Desk {
    publisher: Publisher,
    status: watch::Receiver<Option<Arc<StatusSnapshot>>>,
}

fn view(state: SourceState, status: Option<&Arc<StatusSnapshot>>) -> View {
    let shown = Shown {
        url: "http://north".to_owned(),
        guardian: Some(GuardianIndex(1)),
        state,
        problem: None,
        entries: 0,
        verified_at: None,
    };
    View { shown: Some(shown), status: status.cloned(), ..View::default() }
}

impl Desk {
    fn of(views: Vec<View>) -> Self {
        let receivers = views.into_iter().map(|view| watch::channel(view).1).collect();
        let (status, statuses) = watch::channel(None);
        let (shelf, _) = watch::channel(Arc::default());
        let (bindings, _) = watch::channel(Arc::default());
        let (sources, _) = watch::channel(Arc::default());
        let (keepsake, _) = watch::channel(Keepsake::default());
        let outlets = Outlets { status, shelf, bindings, sources, keepsake };
        let publisher = Publisher::new(receivers, Bindings::new(), outlets);
        Self { publisher, status: statuses }
    }

    fn tell(&mut self, place: usize, view: View) {
        self.publisher.views[place] = view;
        self.publisher.publish();
    }

    fn shows(&self, status: &Arc<StatusSnapshot>) -> bool {
        self.status.borrow().as_ref().is_some_and(|shown| Arc::ptr_eq(shown, status))
    }
}

#[test]
fn the_source_that_is_shown_stays_while_it_is_followed() {
    use SourceState::{Following, Moved, Unreachable, Waiting};
    let world = World::new(1);
    let [first, second, newer] = [0, 0, 1].map(|slots| Arc::new(world.status(NOW.saturating_add(slots))));
    let mut desk = Desk::of(vec![view(Waiting, None), view(Waiting, None)]);
    assert!(desk.status.borrow().is_none());
    desk.tell(1, view(Following, Some(&second)));
    assert!(desk.shows(&second));
    desk.tell(0, view(Following, Some(&first)));
    assert!(desk.shows(&second), "the other one is followed still");
    desk.tell(1, view(Unreachable, Some(&second)));
    assert!(desk.shows(&first));
    desk.tell(1, view(Following, Some(&newer)));
    assert!(desk.shows(&first));
    desk.tell(0, view(Moved, Some(&first)));
    assert!(desk.shows(&newer));
    desk.tell(1, view(Moved, Some(&newer)));
    assert!(desk.shows(&newer), "nobody is followed: the last good one stays");
}

#[test]
fn what_was_kept_is_shown_until_somebody_is_followed() {
    use SourceState::{Following, Unreachable, Waiting};
    let world = World::new(1);
    let [kept, fresh] = [0, 1].map(|slots| Arc::new(world.status(NOW.saturating_add(slots))));
    let mut desk = Desk::of(vec![view(Waiting, None), view(Waiting, Some(&kept))]);
    assert!(desk.shows(&kept));
    desk.tell(1, view(Unreachable, Some(&kept)));
    assert!(desk.shows(&kept));
    desk.tell(0, view(Following, Some(&fresh)));
    assert!(desk.shows(&fresh));
}
