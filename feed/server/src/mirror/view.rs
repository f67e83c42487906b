//! `View`: what is known of one source, handed from its task to the one that publishes.

use crate::log::Log;
use crate::role::Source as Shown;
use crypto::spec::Slot;
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
    /// Whether the last look followed the status, whatever came of the logs.
    pub(super) is_followed: bool,
    /// The logs that are here, the one that is written last.
    pub(super) logs: Vec<Log>,
    /// How often one of them was opened.
    pub(super) opened: u64,
    /// What binds its own key.
    pub(super) own: Option<(GuardianIndex, KeyBinding)>,
    /// The bindings of others that it gave and that hold.
    pub(super) others: Bindings,
}

impl View {
    /// The slot of its status, as long as that is followed.
    pub(super) fn followed(&self) -> Option<Slot> {
        self.status.as_ref().filter(|_| self.is_followed).map(|status| status.slot)
    }
}
