//! A mirror: follows guardians' feeds over HTTP, verifies their logs, and serves them as a guardian would.
//!
//! | part | does |
//! |---|---|
//! | `allowance` | bounds what one source may send in one turn |
//! | `fetch` | asks, with bounds on time and size |
//! | `source` | follows one guardian: its key, its status, its logs |
//! | `sync` | takes in what a log has more, each tile and bundle verified first |
//!
//! # Design decisions
//! - The network's id is all that is trusted. A definition that has another hash, a key that is not bound, a checkpoint that
//!   is not signed, a log that did not only grow: none of it is served, and the source is shown as lying.
//! - Nothing is kept of a log before its checkpoint is verified, and of a checkpoint only the lines that are: those under
//!   keys that are not known here, the network's own among them, are left out.
//! - A status is signed by nobody: it is one guardian's word, and shown as that guardian's.
//! - The source that is shown stays the same while it is followed, so that readers do not jump between views.
//! - Whatever happens, the last good state is served; it says itself how old it is.

mod allowance;
mod fetch;
mod source;
mod sync;

use crate::error::Error;
use crate::log::{Log, Shelf};
use crate::role::{Role, Source as Shown, SourceState};
use crate::site::Inputs;
use feed::KeyBinding;
use fetch::Client;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition, NetworkId};
use guardian_core::status::StatusSnapshot;
use source::Source;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use url::Url;

/// Most guardians that one mirror follows.
pub const MAX_SOURCES: usize = 16;

/// What a mirror follows, and where it keeps it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The network. Nothing else is taken on trust.
    pub network: NetworkId,
    /// The feeds of 1 to [`MAX_SOURCES`] guardians, or of other mirrors of one guardian each.
    pub sources: Vec<Url>,
    /// Where logs and what else is learned are kept.
    pub home: PathBuf,
    /// How often each source is asked.
    pub every: Duration,
    /// How long to wait for the definition at the start.
    pub patience: Duration,
}

/// The ends of the channels that a mirror feeds.
struct Outlets {
    status: watch::Sender<Option<Arc<StatusSnapshot>>>,
    shelf: watch::Sender<Arc<Shelf>>,
    bindings: watch::Sender<Arc<BTreeMap<GuardianIndex, KeyBinding>>>,
    sources: watch::Sender<Arc<Vec<Shown>>>,
}

/// Begins to mirror, on a thread of its own, and gives what is served. Waits until a source has given the definition. The
/// mirror ends when what it gave is dropped.
///
/// # Errors
/// [`Error::Sources`], [`Error::Address`], [`Error::Client`]; [`Error::Definition`] when no source gave it in time;
/// [`Error::Disk`] when the system gives no thread.
pub fn open(settings: Settings) -> Result<Inputs, Error> {
    let found = settings.sources.len();
    if found == 0 || found > MAX_SOURCES {
        return Err(Error::Sources { found, most: MAX_SOURCES });
    }
    let sources: Result<Vec<Source>, Error> = settings
        .sources
        .iter()
        .map(|url| Ok(Source::new(Client::new(url)?, settings.network, &settings.home)))
        .collect();
    let mut sources = sources?;
    let disk = |problem| Error::Disk { path: settings.home.clone(), problem };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(2)
        .thread_name("mirror")
        .enable_all()
        .build()
        .map_err(disk)?;
    let (definition, binding) = runtime.block_on(introduce(&mut sources, &settings))?;
    let (status, statuses) = watch::channel(None);
    let (shelf, shelves) = watch::channel(Arc::default());
    let (bindings, known) = watch::channel(Arc::default());
    let shown = sources.iter().map(Source::shown).collect::<Vec<_>>();
    let (states, of) = watch::channel(Arc::new(shown));
    let outlets = Outlets { status, shelf, bindings, sources: states };
    let every = settings.every;
    std::thread::Builder::new()
        .name("mirror".to_owned())
        .spawn(move || runtime.block_on(mirror(sources, outlets, every)))
        .map_err(disk)?;
    Ok(Inputs {
        definition,
        status: statuses,
        shelf: shelves,
        binding,
        bindings: known,
        home: Some(settings.home),
        role: Role::Mirror { of },
    })
}

/// Asks the sources until one has given the definition.
async fn introduce(
    sources: &mut [Source],
    settings: &Settings,
) -> Result<(Arc<NetworkDefinition>, KeyBinding), Error> {
    let mut problem = String::new();
    let asking = async {
        loop {
            for source in sources.iter_mut() {
                match source.meet().await {
                    Ok(known) => return known,
                    Err(found) => problem = found.to_string(),
                }
            }
            tokio::time::sleep(settings.every.min(Duration::from_secs(2))).await;
        }
    };
    tokio::time::timeout(settings.patience, asking).await.map_err(|_| Error::Definition {
        network: settings.network.to_string(),
        seconds: settings.patience.as_secs(),
        problem,
    })
}

/// Follows all sources, one after the other, until nobody wants what is found.
async fn mirror(mut sources: Vec<Source>, outlets: Outlets, every: Duration) {
    let mut shown: Option<usize> = None;
    let mut turns = tokio::time::interval(every.max(Duration::from_millis(100)));
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        for place in 0..sources.len() {
            if let Some(source) = sources.get_mut(place) {
                let known = outlets.bindings.borrow().clone();
                source.follow(&known).await;
            }
            publish(&sources, &mut shown, &outlets);
        }
        if outlets.status.is_closed() {
            return;
        }
    }
}

/// Shows what is known now.
fn publish(sources: &[Source], shown: &mut Option<usize>, outlets: &Outlets) {
    outlets.sources.send_replace(Arc::new(sources.iter().map(Source::shown).collect()));
    let bindings: BTreeMap<GuardianIndex, KeyBinding> = sources.iter().flat_map(Source::bindings).collect();
    if **outlets.bindings.borrow() != bindings {
        outlets.bindings.send_replace(Arc::new(bindings));
    }
    let follows = |place: usize| {
        sources
            .get(place)
            .is_some_and(|source| source.shown().state == SourceState::Following && source.status().is_some())
    };
    if !shown.is_some_and(follows) {
        *shown = (0..sources.len()).find(|place| follows(*place)).or(*shown);
    }
    let Some(chosen) = shown.and_then(|place| sources.get(place)) else { return };
    if let Some(status) = chosen.status() {
        let is_new = outlets.status.borrow().as_ref().is_none_or(|last| !Arc::ptr_eq(last, status));
        if is_new {
            outlets.status.send_replace(Some(status.clone()));
        }
    }
    // The one that is shown is current, and the last.
    let others = sources.iter().filter(|source| !std::ptr::eq(*source, chosen)).flat_map(Source::logs);
    let logs: Vec<Log> = others.chain(chosen.logs()).collect();
    let ids = |logs: &[Log]| logs.iter().map(|log| log.id().to_owned()).collect::<Vec<_>>();
    if ids(&outlets.shelf.borrow().logs) != ids(&logs) {
        outlets.shelf.send_replace(Arc::new(Shelf { logs }));
    }
}
