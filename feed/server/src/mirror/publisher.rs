//! `Publisher`: makes one public state of what the sources' tasks tell.

use super::keeper::Keepsake;
use super::view::{Bindings, View};
use crate::log::{Log, Shelf};
use crate::role::Source as Shown;
use crypto::spec::Slot;
use futures::StreamExt;
use futures::stream::select_all;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::status::StatusSnapshot;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;

/// The ends of the channels that a mirror feeds.
#[derive(Debug)]
pub(super) struct Outlets {
    pub(super) status: watch::Sender<Option<Arc<StatusSnapshot>>>,
    pub(super) shelf: watch::Sender<Arc<Shelf>>,
    pub(super) bindings: watch::Sender<Arc<Bindings>>,
    pub(super) sources: watch::Sender<Arc<Vec<Shown>>>,
    pub(super) keepsake: watch::Sender<Keepsake>,
}

/// Publishes, and remembers what it chose.
#[derive(Debug)]
pub(super) struct Publisher {
    receivers: Vec<watch::Receiver<View>>,
    views: Vec<View>,
    /// The source whose view readers are shown.
    chosen: Option<usize>,
    /// How often each source had opened a log when the shelf was made.
    shelved: Vec<u64>,
    /// Bindings that an earlier run kept.
    kept: Bindings,
    /// Slots by which a status may be behind the newest and still be shown.
    behind: u64,
    outlets: Outlets,
}

impl Publisher {
    /// Publishes what there is at the start. A source whose status is more than `behind` slots old, beside the newest, is not
    /// shown: it may answer and have nothing new.
    pub(super) fn new(
        receivers: Vec<watch::Receiver<View>>,
        kept: Bindings,
        behind: u64,
        outlets: Outlets,
    ) -> Self {
        let views: Vec<View> = receivers.iter().map(|view| view.borrow().clone()).collect();
        // What was shown last is shown until somebody is followed.
        let chosen = views.iter().position(|view| view.status.is_some());
        let mut publisher = Self { receivers, views, chosen, shelved: Vec::new(), kept, behind, outlets };
        publisher.publish();
        publisher
    }

    /// Publishes whatever a source's task tells, until nobody wants it.
    pub(super) async fn run(mut self) {
        let views = self.receivers.drain(..).enumerate();
        let mut views = select_all(
            views.map(|(place, view)| WatchStream::new(view).map(move |view| (place, view)).boxed()),
        );
        loop {
            let told = tokio::select! {
                told = views.next() => told,
                () = self.outlets.status.closed() => return,
            };
            let Some((place, view)) = told else { return };
            if let Some(known) = self.views.get_mut(place) {
                *known = view;
            }
            self.publish();
        }
    }

    /// Shows what is known now.
    fn publish(&mut self) {
        let shown: Vec<Shown> = self.views.iter().filter_map(|view| view.shown.clone()).collect();
        let sources = shown.iter().filter_map(|shown| Some((shown.url.clone(), shown.guardian?)));
        let sources: BTreeMap<String, GuardianIndex> = sources.collect();
        self.outlets.sources.send_if_modified(|last| {
            let differs = **last != shown;
            if differs {
                *last = Arc::new(shown);
            }
            differs
        });
        // The later ones replace the earlier: of its own key a guardian's own source has the last word.
        let others = self.views.iter().flat_map(|view| view.others.clone());
        let own = self.views.iter().filter_map(|view| view.own.clone());
        let bindings: Bindings = self.kept.clone().into_iter().chain(others).chain(own).collect();
        self.outlets.bindings.send_if_modified(|last| {
            let differs = **last != bindings;
            if differs {
                *last = Arc::new(bindings);
            }
            differs
        });
        self.choose();
        if let Some(status) = self.chosen().and_then(|view| view.status.clone()) {
            self.outlets.status.send_if_modified(|last| {
                let is_new = last.as_ref().is_none_or(|last| !Arc::ptr_eq(last, &status));
                if is_new {
                    *last = Some(status);
                }
                is_new
            });
        }
        self.shelve();
        let (bindings, status) =
            (self.outlets.bindings.borrow().clone(), self.outlets.status.borrow().clone());
        self.outlets.keepsake.send_replace(Keepsake { bindings, sources, status });
    }

    /// Keeps the source that is shown while its status is followed and new enough; otherwise takes the first that is.
    fn choose(&mut self) {
        // What is shown counts too: nobody is shown next whose view is much older.
        let shown = self.chosen().and_then(|view| view.status.as_ref()).map(|status| status.slot);
        let newest = self.views.iter().filter_map(View::followed).chain(shown).max();
        let oldest = newest.map(|Slot(slot)| Slot(slot.saturating_sub(self.behind)));
        let is_fresh = |view: &View| view.followed().is_some_and(|slot| Some(slot) >= oldest);
        if !self.chosen().is_some_and(is_fresh) {
            self.chosen = self.views.iter().position(is_fresh).or(self.chosen);
        }
    }

    fn chosen(&self) -> Option<&View> {
        self.chosen.and_then(|place| self.views.get(place))
    }

    /// Shows the logs: those of the source that is shown are current, and the last. Before there is one, the first's.
    fn shelve(&mut self) {
        let last = self.chosen.or_else(|| self.views.iter().position(|view| !view.logs.is_empty()));
        let others = self.views.iter().enumerate().filter(|(place, _)| Some(*place) != last);
        let others = others.flat_map(|(_, view)| view.logs.iter());
        let chosen = last.and_then(|place| self.views.get(place)).into_iter().flat_map(|view| &view.logs);
        let logs: Vec<Log> = others.chain(chosen).cloned().collect();
        let opened: Vec<u64> = self.views.iter().map(|view| view.opened).collect();
        let ids = |logs: &[Log]| logs.iter().map(|log| log.id().to_owned()).collect::<Vec<_>>();
        if self.shelved != opened || ids(&self.outlets.shelf.borrow().logs) != ids(&logs) {
            self.outlets.shelf.send_replace(Arc::new(Shelf { logs }));
            self.shelved = opened;
        }
    }
}

#[cfg(test)]
mod tests;
