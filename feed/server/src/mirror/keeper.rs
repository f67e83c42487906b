//! `Keeper`: writes down what the mirror knows beside the logs, in a task of its own: nothing that is published waits for it.

use super::kept::{write_network, write_status};
use super::view::Bindings;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::status::StatusSnapshot;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Shortest time between two writes of a status. It may have many megabytes, and a restart may cost its last minute.
const PAUSE: Duration = Duration::from_secs(60);

/// How many times as long as a write took is waited for the next one.
const EASE: u32 = 50;

/// What is worth keeping. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Keepsake {
    pub(super) bindings: Arc<Bindings>,
    /// Which source is whose, by its address.
    pub(super) sources: BTreeMap<String, GuardianIndex>,
    /// The status that is shown.
    pub(super) status: Option<Arc<StatusSnapshot>>,
}

/// Writes what changed.
#[derive(Debug)]
pub(super) struct Keeper {
    home: PathBuf,
    definition: Arc<NetworkDefinition>,
    /// What is on disk.
    written: Keepsake,
    status_due: Instant,
}

impl Keeper {
    /// `written` is what is on disk.
    pub(super) fn new(home: PathBuf, definition: Arc<NetworkDefinition>, written: Keepsake) -> Self {
        Self { home, definition, written, status_due: Instant::now() }
    }

    /// Keeps what is told until whoever tells is gone.
    pub(super) async fn run(mut self, mut told: watch::Receiver<Keepsake>) {
        loop {
            let now = told.borrow_and_update().clone();
            let is_late = self.keep(now).await;
            let due = self.status_due;
            tokio::select! {
                changed = told.changed() => if changed.is_err() { return },
                () = sleep_until(due), if is_late => {}
            }
        }
    }

    /// Writes what changed. Whether a status waits until its time comes.
    async fn keep(&mut self, now: Keepsake) -> bool {
        if !now.bindings.is_empty()
            && (now.bindings != self.written.bindings || now.sources != self.written.sources)
        {
            let (home, definition, fresh) = (self.home.clone(), self.definition.clone(), now.clone());
            let write = move || write_network(&home, &definition, &fresh.bindings, &fresh.sources);
            done("network", tokio::task::spawn_blocking(write).await);
            // What failed is tried again with the next change: a full disk is not asked every slot.
            (self.written.bindings, self.written.sources) = (now.bindings, now.sources);
        }
        let same = |status: &Arc<StatusSnapshot>| {
            self.written.status.as_ref().is_some_and(|last| Arc::ptr_eq(last, status))
        };
        let Some(status) = now.status.filter(|status| !same(status)) else { return false };
        if Instant::now() < self.status_due {
            return true;
        }
        let (home, fresh, begun) = (self.home.clone(), status.clone(), Instant::now());
        done("status", tokio::task::spawn_blocking(move || write_status(&home, &fresh)).await);
        self.written.status = Some(status);
        self.status_due = Instant::now() + PAUSE.max(begun.elapsed().saturating_mul(EASE));
        false
    }
}

fn done(what: &str, written: Result<std::io::Result<()>, tokio::task::JoinError>) {
    let problem = match written {
        Ok(Ok(())) => return,
        Ok(Err(problem)) => problem.to_string(),
        Err(problem) => problem.to_string(),
    };
    tracing::warn!(what, problem, "not kept; a restart without sources would show less. Check the disk");
}
