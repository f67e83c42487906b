//! The node: starts what a guardian consists of, runs its one loop, and stops it in order.
//!
//! [`run`] is the wiring. Beacon nodes, execution nodes, peers and the clock put events into one bounded inbox; the loop hands each to
//! the core and performs what the core says, in order; own messages are handled before the next event from outside.
//! There is no state here beside the core's: what must survive is in the journal, and a restart is
//! `Guardian::restore` and the next slot.

mod connect;
mod directory;
mod startup;

pub use directory::Directory;

use crate::ceremonies::{self, Ending};
use crate::effects::{Effects, Tools};
use crate::epochs::{self, Epoch};
use crate::http::{Phase, View};
use crate::metrics::Metrics;
use crate::recording::Recorder;
use crate::webhook::Webhook;
use crate::{Config, Error, admin, custodian, http, inbound, keyfile, observe, press, ticker};
use chain_watcher::{BeaconNodes, SlotClock};
use crypto::password::Password;
use guardian_core::event::RequestId;
use guardian_core::request::{Answer, AskId};
use guardian_core::{Event, Guardian};
use p2p::RequestToken;
use startup::Opened;
use std::net::TcpListener;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

/// Events waiting to be handled. When full, whoever brings the next waits, and what waits longest is dropped at the
/// network layer.
const INBOX: usize = 1024;

/// Errands and questions of ceremonies waiting.
const ERRANDS: usize = 1024;

/// Between two tries at opening a store that the epoch before still holds.
const REOPEN: Duration = Duration::from_secs(1);

/// Tries, [`REOPEN`] apart, at destroying shares whose store is still held.
const RETIRE_TRIES: u32 = 60;

/// Longest time for an orderly stop.
const STOP_TIME: Duration = Duration::from_secs(10);

/// What arrives in the inbox.
#[derive(Debug)]
pub struct Arrival {
    /// What happened.
    pub event: Event,
    /// With what is a question: the right to answer it.
    pub reply: Option<Reply>,
}

/// The right to answer a question, until the core does.
#[derive(Debug)]
pub enum Reply {
    /// `Event::CatchUpRequested`, to a guardian.
    CatchUp(RequestId, RequestToken),
    /// `Event::OperatorAsked`, to our operator.
    Operator(AskId, oneshot::Sender<Box<Answer>>),
}

impl From<Event> for Arrival {
    fn from(event: Event) -> Self {
        Self { event, reply: None }
    }
}

/// Runs one guardian until `shutdown` is ready, then stops it in order: intake first, then the network, then the store.
///
/// # Errors
/// What is wrong with configuration, keys, store, network definition or addresses; a node of another chain; later, a store that fails, or a part of the node that ended by itself. Nodes that are merely away are waited for.
pub async fn run(
    config: Config,
    password: Password,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let mut shutdown = pin!(shutdown);
    let password = Arc::new(password);
    let mut began = false;
    // Once, and anew for each guardian set that comes into force.
    loop {
        let ended = run_epoch(&config, &password, shutdown.as_mut()).await;
        // What a job of the epoch before still works on holds its store for a while.
        if let (true, Err(Error::StoreLocked { .. })) = (began, &ended) {
            let waited = tokio::time::sleep(REOPEN);
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                () = waited => continue,
            }
        }
        began = true;
        let Some(ending) = ended? else { return Ok(()) };
        if ending == Ending::Retired {
            let (config, password) = (config.clone(), Arc::clone(&password));
            tokio::task::spawn_blocking(move || retire(&config, &password))
                .await
                .map_err(|e| Error::Task { problem: format!("destroying shares: {e}") })??;
        }
    }
}

/// Destroys the shares of a guardian that left the set, its store closed.
fn retire(config: &Config, password: &Password) -> Result<(), Error> {
    let Epoch { definition, home } = epochs::in_force(config)?;
    let keypair = keyfile::open_identity(&config.keys.identity, password)?;
    let me = Directory::new(&definition, keypair.public().to_peer_id())?.me();
    warn!(epoch = definition.guardian_set.epoch.0, "this guardian left the set; its shares are destroyed");
    // What a job of the epoch before still works on holds its store for a while.
    for _ in 0..RETIRE_TRIES {
        match epochs::forget_shares(&home, &definition, me) {
            Err(Error::StoreLocked { .. }) => std::thread::sleep(REOPEN),
            done => return done,
        }
    }
    epochs::forget_shares(&home, &definition, me)
}

/// Runs one guardian in the epoch in force. Says why it must start anew, if it must.
async fn run_epoch(
    config: &Config,
    password: &Arc<Password>,
    mut shutdown: Pin<&mut impl Future<Output = ()>>,
) -> Result<Option<Ending>, Error> {
    let opening = startup::open(config.clone(), Arc::clone(password));
    let opened = tokio::select! {
        () = &mut shutdown => return Ok(None),
        opened = opening => opened?,
    };
    let (metrics, page) = Metrics::new();
    let (view, viewed) = watch::channel(View::default());
    let chain = opened.definition.chain.clone();
    let listen = config.http.listen;
    let window = http::bind(listen)
        .and_then(|listener| http::start(listener, viewed, page, chain))
        .map_err(|source| Error::HttpListen { listen, source })?;
    info!(%listen, "serving /healthz, /readyz, /metrics, /v1/status, /v1/validators");
    // Who cannot be seen by the public still guards.
    let public = config.feed.listen.and_then(|listen| match feed_server::bind(listen) {
        Ok(listener) => Some(listener),
        Err(problem) => {
            error!(%listen, %problem, "feed.listen: the public feed is not served; choose another address or stop what has it");
            None
        }
    });

    let store = Arc::clone(&opened.store);
    let connected = tokio::select! {
        () = &mut shutdown => None,
        nodes = connect::beacon(config, &opened.definition.chain, &view) => Some(nodes?),
    };
    let result = match connected {
        // The whole node is in it: too large for the stack of whoever runs this.
        Some(nodes) => {
            Box::pin(live(config, password, opened, nodes, metrics, (&view, public), shutdown)).await
        }
        // Asked to stop before there was anything to stop.
        None => Ok(None),
    };
    if let Err(problem) = &result {
        error!(%problem, "stopping");
    }
    // The last sender: with it the HTTP thread ends. The store writes back what it holds when it is dropped.
    drop(view);
    let closed = tokio::task::spawn_blocking(move || {
        drop(store);
        window.join()
    });
    if tokio::time::timeout(STOP_TIME, closed).await.is_err() {
        warn!("the store or the HTTP server did not close in time");
    }
    info!("stopped");
    result
}

/// From the first event to the last.
async fn live(
    config: &Config,
    password: &Arc<Password>,
    opened: Opened,
    nodes: BeaconNodes,
    metrics: Metrics,
    (view, public): (&watch::Sender<View>, Option<TcpListener>),
    shutdown: Pin<&mut impl Future<Output = ()>>,
) -> Result<Option<Ending>, Error> {
    let Opened {
        definition,
        home,
        lapsed,
        keypair,
        directory,
        store,
        mut guardian,
        signer,
        custodian,
        keyring,
        custody_key,
        resume,
        recording,
    } = opened;
    let me = directory.me();
    // Who waits to come in, or has left, is nobody's member: it knows the others as guests, whatever set they are in.
    let waits = guardian.is_joining();
    let joining = waits || guardian.is_retired();
    let (network, arriving) = p2p::start(p2p::Config {
        keypair: keypair.clone(),
        network: definition.id().0,
        listen: startup::listen_addresses(config)?,
        peers: if joining { Vec::new() } else { directory.peers(&definition)? },
        limits: p2p::Limits::default(),
    })?;
    let socket = admin::Socket::bind(&config.admin_socket()).await?;
    let journal = Arc::downgrade(&store);
    let custody = signer.custody();
    // Until the core says more.
    let (validators, watched) = watch::channel(custody.iter().map(|custody| custody.pubkey).collect());
    let (operators, at_head) = watch::channel(Vec::new());
    let archive = nodes.archive();
    let past = archive.clone();
    let execution = definition.contracts.as_ref().map(|contracts| {
        (connect::execution_config(config, contracts, &definition.chain), contracts.protocol)
    });
    let (poster, observations) = chain_watcher::watch(nodes, watched);

    let (ceremonies, errands) = mpsc::channel(ERRANDS);
    let (asked, asking) = mpsc::channel(ERRANDS);
    let (quill, orders) = mpsc::channel(ERRANDS);
    let (prove, proving) = mpsc::channel(ERRANDS);
    let (inbox, mut arrivals) = mpsc::channel(INBOX);
    let mut parts = JoinSet::new();
    let tools = Tools {
        store,
        network: network.clone(),
        directory: directory.clone(),
        metrics: metrics.clone(),
        view: view.clone(),
        validators,
        operators,
        signer,
        poster,
        archive,
        ceremonies,
        quill,
        prove,
        webhook: Webhook::of(config, &definition, directory.me())?,
        inbox: inbox.clone(),
    };
    let mut effects = Effects::start(tools, &mut parts);
    let mut recorder = recording.map(|(archive, history)| {
        let dropped = metrics.recording_dropped.clone();
        let (recorder, intake) = Recorder::new(&definition.chain, me, history, dropped);
        parts.spawn_blocking(move || intake.run(archive));
        recorder
    });
    parts.spawn(ticker::run(SlotClock::of(&definition.chain), inbox.clone()));
    parts.spawn(observe::run(observations, inbox.clone()));
    let (failed, failure) = oneshot::channel();
    if let (Some(contracts), Some(custodian)) = (&definition.contracts, custodian) {
        // A part of its own: as long as no execution node answers, everything else goes on.
        let asked = connect::execution_config(config, contracts, &definition.chain);
        let (signer, inbox) = (effects.signer(), inbox.clone());
        parts.spawn(async move {
            let Some(nodes) = connect::execution(asked, &inbox).await else { return };
            let scans = chain_watcher::execution::watch(nodes, resume, at_head);
            custodian::run(custodian, scans, signer, inbox, failed).await;
        });
    }
    let group = match &keyring {
        Some(keyring) => keyring.group_key_set()?,
        None => None,
    };
    parts.spawn_blocking({
        let (keyring, inbox) = (keyring.clone(), inbox.clone());
        move || ceremonies::run_quill(keyring, orders, &inbox)
    });
    parts.spawn_blocking({
        let (keyring, inbox, network) = (keyring.clone(), inbox.clone(), definition.id());
        move || ceremonies::run_prover(keyring, network, proving, &inbox)
    });
    let (ending, ended_for) = oneshot::channel();
    let office = ceremonies::Tools {
        network: network.clone(),
        definition: definition.clone(),
        previous: guardian.previous().cloned(),
        joining,
        waits,
        keyring,
        custody: custody_key,
        data_dir: config.data_dir.clone(),
        password: Arc::clone(password),
        cost: keyfile::identity_cost(&config.keys.identity)?,
        every: Duration::from_secs(definition.chain.seconds_per_slot.get()),
        signer: effects.signer(),
        inbox: inbox.clone(),
    };
    parts.spawn(ceremonies::run(office, errands, asking, ending));
    parts.spawn(admin::serve(socket, journal.clone(), inbox.clone()));
    let needs = press::Needs {
        config,
        definition: &definition,
        directory: &directory,
        network: &network,
        identity: &keypair,
        home,
        store: journal,
        lapsed,
        nodes: press::Nodes { archive: past, execution },
        view: view.subscribe(),
        inbox: inbox.clone(),
        listener: public,
    };
    let press::Started { offers, server } = press::start(needs, &mut parts)?;
    parts.spawn(inbound::run(network.clone(), arriving, directory, metrics, (asked, offers), inbox));

    view.send_modify(|view| view.phase = Phase::Running);
    let mut first = vec![Event::SettingsLoaded(config.settings()), Event::CustodyLoaded(custody)];
    first.extend(group.map(Event::GroupKeyLoaded));
    let ends = Ends { parts: &mut parts, failure, ending: ended_for, shutdown };
    let result = work(&mut guardian, &mut effects, &mut recorder, &mut arrivals, first, ends).await;

    view.send_modify(|view| view.phase = Phase::Stopping);
    info!("stopping");
    // Without an inbox nothing comes in; without effects the workers have nobody to work for.
    drop((arrivals, effects));
    if let Some(recorder) = recorder {
        recorder.finish();
    }
    let ended = tokio::time::timeout(STOP_TIME, async {
        network.shutdown().await;
        while parts.join_next().await.is_some() {}
    });
    if ended.await.is_err() {
        warn!("not every part of the node stopped in time");
    }
    // The last of the parts has dropped what the feed's thread waits for.
    drop(parts);
    if let Some(server) = server {
        let closed = tokio::task::spawn_blocking(move || server.join());
        if tokio::time::timeout(STOP_TIME, closed).await.is_err() {
            warn!("the public feed did not close in time");
        }
    }
    result
}

/// What ends the loop.
struct Ends<'a, S> {
    parts: &'a mut JoinSet<()>,
    /// A store that failed away from the loop.
    failure: oneshot::Receiver<Error>,
    /// Another epoch, or none for us.
    ending: oneshot::Receiver<Ending>,
    shutdown: Pin<&'a mut S>,
}

/// The loop.
async fn work(
    guardian: &mut Guardian,
    effects: &mut Effects,
    recorder: &mut Option<Recorder>,
    arrivals: &mut mpsc::Receiver<Arrival>,
    first: Vec<Event>,
    ends: Ends<'_, impl Future<Output = ()>>,
) -> Result<Option<Ending>, Error> {
    let Ends { parts, mut failure, mut ending, mut shutdown } = ends;
    let mut may_end = true;
    // Its sender is dropped where there is no custodian, and when the custodian ends.
    let mut may_fail = true;
    for event in first {
        handle(guardian, effects, recorder, event).await?;
    }
    loop {
        let arrival = tokio::select! {
            biased;
            () = &mut shutdown => return Ok(None),
            ended = &mut ending, if may_end => {
                if let Ok(ending) = ended {
                    return Ok(Some(ending));
                }
                may_end = false;
                continue;
            }
            problem = &mut failure, if may_fail => {
                if let Ok(problem) = problem {
                    return Err(problem);
                }
                may_fail = false;
                continue;
            }
            Some(ended) = parts.join_next() => return Err(part_ended(ended.err())),
            arrival = arrivals.recv() => arrival,
        };
        // The inbox has senders as long as any part runs, and the end of a part ends the loop.
        let Some(Arrival { event, reply }) = arrival else { return Err(part_ended(None)) };
        if let Some(reply) = reply {
            effects.keep(reply);
        }
        let slot = if let Event::SlotStarted(slot) = &event { Some(*slot) } else { None };
        handle(guardian, effects, recorder, event).await?;
        if let Some(slot) = slot {
            effects.slot_processed(slot, arrivals.len());
        }
    }
}

/// One event, and then our own messages that came of it.
async fn handle(
    guardian: &mut Guardian,
    effects: &mut Effects,
    recorder: &mut Option<Recorder>,
    event: Event,
) -> Result<(), Error> {
    let mut next = Some(event);
    while let Some(event) = next {
        crate::logging::event(&event);
        if let Event::SlotStarted(slot) = &event {
            effects.begin(*slot);
        }
        if let Some(recorder) = recorder {
            recorder.note(&event);
        }
        for command in guardian.handle(event) {
            effects.execute(command).await?;
        }
        next = effects.next_own();
    }
    Ok(())
}

/// A node with a part missing must not look alive.
fn part_ended(panicked: Option<tokio::task::JoinError>) -> Error {
    let problem = panicked.map_or_else(|| "it ended by itself".to_owned(), |error| error.to_string());
    Error::Task { problem }
}

#[cfg(test)]
pub(crate) mod tests;
