use super::*;
use crate::role::SourceState;
use crate::world::{NOW, World, bytes, identity};
use feed::{FeedKey, KeyBinding};

const EPOCH: u64 = 32;

struct Desk {
    publisher: Publisher,
    status: watch::Receiver<Option<Arc<StatusSnapshot>>>,
    bindings: watch::Receiver<Arc<Bindings>>,
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
    let is_followed = state == SourceState::Following;
    View { shown: Some(shown), status: status.cloned(), is_followed, ..View::default() }
}

impl Desk {
    fn of(views: Vec<View>) -> Self {
        Self::with(views, Bindings::new())
    }

    /// With bindings that an earlier run kept.
    fn with(views: Vec<View>, kept: Bindings) -> Self {
        let receivers = views.into_iter().map(|view| watch::channel(view).1).collect();
        let (status, statuses) = watch::channel(None);
        let (shelf, _) = watch::channel(Arc::default());
        let (bindings, all) = watch::channel(Arc::default());
        let (sources, _) = watch::channel(Arc::default());
        let (keepsake, _) = watch::channel(Keepsake::default());
        let outlets = Outlets { status, shelf, bindings, sources, keepsake };
        let publisher = Publisher::new(receivers, kept, EPOCH, outlets);
        Self { publisher, status: statuses, bindings: all }
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

#[test]
fn a_source_that_answers_and_has_nothing_new_is_not_shown() {
    use SourceState::{Following, Unreachable};
    let world = World::new(1);
    let [old, within, newer, newest] =
        [0, EPOCH, EPOCH + 1, EPOCH + 2].map(|slots| Arc::new(world.status(NOW.saturating_add(slots))));
    let mut desk = Desk::of(vec![view(Following, Some(&old)), view(Following, Some(&within))]);
    assert!(desk.shows(&old));
    desk.tell(1, view(Following, Some(&newer)));
    assert!(desk.shows(&newer));
    desk.tell(1, view(Unreachable, Some(&newer)));
    assert!(desk.shows(&newer), "the only one that is followed is too old");
    desk.tell(0, view(Following, Some(&newest)));
    desk.tell(1, view(Following, Some(&newest)));
    desk.tell(0, view(Following, Some(&newer)));
    assert!(desk.shows(&newer), "both are fresh: the one that was shown stays");
}

#[test]
fn a_status_is_shown_though_a_log_of_its_source_is_not_followed() {
    let world = World::new(1);
    let status = Arc::new(world.status(NOW));
    let partly = View { is_followed: true, ..view(SourceState::Unreachable, Some(&status)) };
    let desk = Desk::of(vec![view(SourceState::Waiting, None), partly]);
    assert!(desk.shows(&status));
}

#[test]
fn of_its_own_key_a_guardian_has_the_last_word() {
    let world = World::new(1);
    let binding = |guardian: u16, now| {
        let key = FeedKey::from_seed(bytes("feed key", guardian.into()));
        KeyBinding::seal(world.definition.id(), &identity(guardian), &key.public(), now)
    };
    let [first, second, third] = [1, 2, 3].map(GuardianIndex);
    let own = |guardian: GuardianIndex, others: &[(GuardianIndex, KeyBinding)]| View {
        own: Some((guardian, binding(guardian.0, 2))),
        others: others.iter().cloned().collect(),
        ..View::default()
    };
    let views = vec![
        own(first, &[(second, binding(2, 1))]),
        own(second, &[(first, binding(1, 1)), (third, binding(3, 1))]),
    ];
    let desk = Desk::with(views, [1, 2, 3].map(|of| (GuardianIndex(of), binding(of, 0))).into());
    let expected = [(first, binding(1, 2)), (second, binding(2, 2)), (third, binding(3, 1))];
    assert_eq!(**desk.bindings.borrow(), Bindings::from(expected));
}
