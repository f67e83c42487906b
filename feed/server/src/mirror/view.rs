//! `View`: what is known of one source, handed from its task to the one that publishes.

use crate::log::Log;
use crate::role::{Source as Shown, SourceState};
use feed::KeyBinding;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::status::StatusSnapshot;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which key each guardian bound.
pub(super) type Bindings = BTreeMap<GuardianIndex, KeyBinding>;

/// One source as its task last told of it. Replaced whole.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    /// How it goes. None only before the task has begun.
    pub(super) shown: Option<Shown>,
    /// The newest status that was taken.
    pub(super) status: Option<Arc<StatusSnapshot>>,
    /// The logs that are here, the one that is written last.
    pub(super) logs: Vec<Log>,
    /// How often one of them was opened.
    pub(super) opened: u64,
    /// The bindings that it gave and that hold.
    pub(super) bindings: Bindings,
}

impl View {
    /// Whether it is one that readers are shown.
    pub(super) fn is_followed(&self) -> bool {
        let state = self.shown.as_ref().map(|shown| shown.state);
        state == Some(SourceState::Following) && self.status.is_some()
    }
}
