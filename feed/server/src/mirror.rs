//! A mirror: follows guardians' feeds over HTTP, verifies their logs, and serves them as a guardian would.
//!
//! ```text
//! source (a task each) --view--> publisher --> what readers are shown
//!     ^                              |
//!     +------- all bindings ---------+--keepsake--> keeper --> disk
//! ```
//! | part | does |
//! |---|---|
//! | `turn`, `allowance` | bound how long one look at a source may take, and what it may send |
//! | `fetch` | asks, with bounds on time and size |
//! | `meeting` | whose feed it is, or what it says of a network that moved on |
//! | `source` | follows one guardian: its key, its status, its logs |
//! | `sync` | takes in what a log has more, each tile and bundle verified first |
//! | `view`, `publisher` | what is known of one source; one public state of all of them |
//! | `kept`, `keeper` | what is known beside the logs, on disk |
//!
//! # Design decisions
//! - The network's id is all that is trusted. A definition that has another hash, a key that is not bound, a checkpoint that
//!   is not signed, a log that did not only grow: none of it is served, and the source is shown as lying.
//! - A network id stands for one guardian set. A source that serves the definition of a later one is shown as moved, in its
//!   own words: nothing here can verify them. Logs of other sets are not mirrored; a mirror with their id does that.
//! - Nothing is kept of a log before its checkpoint is verified, and of a checkpoint only the lines that are: those under
//!   keys that are not known here, the network's own among them, are left out.
//! - A status is signed by nobody: it is one guardian's word, and shown as that guardian's.
//! - Sources do not wait for each other. Each has its own turns, its own time and its own allowance; a watch channel holds
//!   the newest that is known of it, and no more.
//! - The source that is shown stays the same while its status is followed and no more than an epoch behind the newest, so
//!   that readers do not jump between views, and do not stay with one that has nothing new.
//! - A log that is not followed keeps neither the other logs nor the status back, unless its source lied.
//! - One status at a time is unpacked and read in the whole mirror: it may be large, and nobody vouches for who sent it.
//! - Whatever happens, the last good state is served, also after a restart; it says itself how old it is.

mod allowance;
mod fetch;
mod keeper;
mod kept;
mod meeting;
mod publisher;
mod source;
mod sync;
mod turn;
mod view;

use crate::error::Error;
use crate::role::Role;
use crate::site::Inputs;
use feed::KeyBinding;
use fetch::Client;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition, NetworkId};
use keeper::{Keeper, Keepsake};
use kept::Kept;
use meeting::Meeting;
use publisher::{Outlets, Publisher};
use source::{Known, Source};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use turn::Turn;
use url::Url;
use view::Bindings;

/// Most guardians that one mirror follows.
pub const MAX_SOURCES: usize = 16;

/// Longest look at one source. Whoever takes longer counts as unreachable until the next one.
pub const TURN: Duration = Duration::from_secs(180);

/// Shortest time between the beginnings of two looks at one source.
const SHORTEST: Duration = Duration::from_millis(100);

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
    /// How long one look at a source may take: [`TURN`] unless there is a reason. What it lacks then waits for the next.
    pub turn: Duration,
    /// How long to wait for the definition at the first start.
    pub patience: Duration,
}

/// Begins to mirror, on a thread of its own, and gives what is served. The first time it waits until a source has given the
/// definition; later it begins with what was kept. The mirror ends when what it gave is dropped.
///
/// # Errors
/// [`Error::Sources`], [`Error::Address`], [`Error::Client`]; [`Error::Definition`] when no source gave it in time;
/// [`Error::Disk`] when the system gives no thread.
pub fn open(settings: Settings) -> Result<Inputs, Error> {
    let found = settings.sources.len();
    if found == 0 || found > MAX_SOURCES {
        return Err(Error::Sources { found, most: MAX_SOURCES });
    }
    let clients: Vec<Client> = settings.sources.iter().map(Client::new).collect::<Result<_, _>>()?;
    let disk = |problem| Error::Disk { path: settings.home.clone(), problem };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        // Each source's log waits for tiles in one, and its names may be looked up in others: no source takes another's.
        .max_blocking_threads(found.saturating_mul(4).saturating_add(2))
        .thread_name("mirror")
        .enable_all()
        .build()
        .map_err(disk)?;
    let (running, runs) = watch::channel(());
    let kept = Kept::read(&settings.home, settings.network);
    let begun = kept.as_ref().and_then(|kept| Some((kept.definition.clone(), kept.binding()?)));
    let (definition, binding) = match begun {
        Some(begun) => begun,
        None => runtime.block_on(introduce(&clients, &settings, runs.clone()))?,
    };
    let written = kept.as_ref().map(|kept| Keepsake {
        bindings: Arc::new(kept.bindings.clone()),
        sources: kept.sources.clone(),
        status: kept.status.clone(),
    });
    let bindings =
        kept.as_ref().map_or_else(|| Bindings::from([binding.clone()]), |kept| kept.bindings.clone());
    let sources = sources(clients, &definition, &settings, kept.as_ref());
    let (status, statuses) = watch::channel(None);
    let (shelf, shelves) = watch::channel(Arc::default());
    let (all, known) = watch::channel(Arc::default());
    let (states, of) = watch::channel(Arc::default());
    let (keepsake, told) = watch::channel(Keepsake::default());
    let outlets = Outlets { status, shelf, bindings: all, sources: states, keepsake };
    let behind = definition.chain.slots_per_epoch.get();
    let publisher = Publisher::new(sources.iter().map(Source::view).collect(), bindings, behind, outlets);
    let (home, names) = (settings.home.clone(), definition.clone());
    let (turn, every) = (settings.turn, settings.every.max(SHORTEST));
    let all = Known { bindings: known.clone(), sources: of.clone() };
    let work = async move {
        let mut tasks = JoinSet::new();
        tasks.spawn(Keeper::new(home, names, written.unwrap_or_default()).run(told));
        for source in sources {
            tasks.spawn(source.follow(all.clone(), every, turn, runs.clone()));
        }
        tokio::select! {
            () = publisher.run() => {}
            Some(Err(problem)) = tasks.join_next() => tracing::error!(%problem, "a task of the mirror ended; the mirror ends"),
        }
        // Every source hears of it, ends its turn and lets go of its files.
        drop(running);
        while tasks.join_next().await.is_some() {}
    };
    std::thread::Builder::new()
        .name("mirror".to_owned())
        .spawn(move || runtime.block_on(work))
        .map_err(disk)?;
    Ok(Inputs {
        definition,
        status: statuses,
        shelf: shelves,
        binding: binding.1,
        bindings: known,
        home: Some(settings.home),
        role: Role::Mirror { of },
    })
}

/// The sources, each with what was kept of it. A guardian's copies have one writer, so the first source that is a guardian's
/// has them.
fn sources(
    clients: Vec<Client>,
    definition: &Arc<NetworkDefinition>,
    settings: &Settings,
    kept: Option<&Kept>,
) -> Vec<Source> {
    let mut taken = BTreeSet::new();
    let sources = clients.into_iter().map(|client| {
        let met = kept.and_then(|kept| kept.met(&client.url()));
        let met = met.filter(|met| taken.insert(met.guardian));
        let status = kept.and_then(|kept| kept.status.clone());
        let status = status.filter(|status| met.as_ref().is_some_and(|met| met.guardian == status.guardian));
        Source::new(client, definition.clone(), &settings.home, met, status)
    });
    sources.collect()
}

/// Asks all sources until one has given the definition.
async fn introduce(
    clients: &[Client],
    settings: &Settings,
    running: watch::Receiver<()>,
) -> Result<(Arc<NetworkDefinition>, (GuardianIndex, KeyBinding)), Error> {
    let problem = RefCell::new(String::new());
    let turn = Turn::begin(settings.patience, running);
    let ask = async |client: &Client| loop {
        match meeting::meet(client, &turn, settings.network, None).await {
            Ok(Meeting::Ours(definition, met)) => return (definition, met),
            Ok(Meeting::Moved(moved)) => *problem.borrow_mut() = moved.to_string(),
            Err(found) => *problem.borrow_mut() = found.to_string(),
        }
        tokio::time::sleep(settings.every.min(Duration::from_secs(2))).await;
    };
    let mut asked: FuturesUnordered<_> = clients.iter().map(ask).collect();
    let first = tokio::time::timeout(settings.patience, asked.next()).await.ok().flatten();
    let (definition, met) = first.ok_or_else(|| Error::Definition {
        network: settings.network.to_string(),
        seconds: settings.patience.as_secs(),
        problem: problem.borrow().clone(),
    })?;
    Ok((Arc::new(*definition), (met.guardian, met.binding)))
}
