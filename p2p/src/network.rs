//! The network's handle, and its start. Everything happens in one task that owns the swarm; the handle sends it
//! commands over a bounded queue and never waits.

use crate::behaviour::Behaviour;
use crate::config::{Config, MAX_GUESTS, Peer, check_peers};
use crate::counters::{Counters, Tally};
use crate::envelope::{Opened, Opener, Sealer};
use crate::inbound::{AskToken, Inbound, Mailbox, RequestToken};
use crate::{Error, Rejection};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::Swarm;
use libp2p::{Multiaddr, PeerId, SwarmBuilder, noise, tcp, yamux};
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{mpsc, oneshot, watch};

mod task;

use task::{Command, Task};

/// Streams of one connection: gossip both ways, catch-up, ceremonies, identify and ping need less than half. Each may have 256 KiB
/// on the way to us unread.
const MAX_STREAMS: usize = 32;

/// Inbound streams of one connection that have not yet agreed on a protocol.
const MAX_NEGOTIATING_STREAMS: usize = 16;

/// A handle to the running network. Clones speak to the same task; when all are gone, or the receiver of
/// [`Inbound`] is, the task ends.
#[derive(Clone)]
pub struct Network {
    peer_id: PeerId,
    max_envelope: usize,
    max_request: usize,
    max_answer: usize,
    sealer: Arc<Sealer>,
    opener: Arc<Opener>,
    tally: Arc<Tally>,
    commands: mpsc::Sender<Command>,
    listening: watch::Receiver<Option<Vec<Multiaddr>>>,
}

/// Starts the network: listens, dials every peer until it is connected, and again whenever it is lost.
///
/// # Errors
/// [`Error`] for a configuration that cannot work or an address that cannot be bound; nothing runs then.
/// [`Error::NoRuntime`] outside a tokio runtime.
pub fn start(config: Config) -> Result<(Network, mpsc::Receiver<Inbound>), Error> {
    let runtime = tokio::runtime::Handle::try_current().map_err(|_| Error::NoRuntime)?;
    config.check()?;
    let limits = config.limits.clone();
    let peer_id = config.keypair.public().to_peer_id();
    let sealer = Arc::new(Sealer::new(&config.keypair, config.network)?);
    let members = config.peers.iter().map(|peer| peer.peer_id).chain([peer_id]);
    let opener = Arc::new(Opener::new(config.network, members, limits.max_payload)?);
    let tally = Arc::new(Tally::default());
    let mut swarm = swarm(&config)?;
    let mut listeners = Vec::new();
    for address in &config.listen {
        let failed = |reason: String| Error::Listen { address: address.clone(), reason };
        refuse_if_taken(address).map_err(|error| failed(reason(&error)))?;
        listeners.push(swarm.listen_on(address.clone()).map_err(|error| failed(reason(&error)))?);
    }

    let (commands, commands_receiver) = mpsc::channel(limits.command_queue);
    let (inbound, inbound_receiver) = mpsc::channel(limits.inbound_queue);
    let (listening_sender, listening) = watch::channel(listeners.is_empty().then(Vec::new));
    let mailbox = Mailbox::new(inbound, limits.refused_per_second, Instant::now());
    let network = Network {
        peer_id,
        max_envelope: limits.max_envelope(),
        max_request: limits.max_request,
        max_answer: limits.max_answer,
        sealer,
        opener: opener.clone(),
        tally: tally.clone(),
        commands,
        listening,
    };
    let task = Task::new(config, swarm, opener, tally, mailbox, listeners, listening_sender);
    runtime.spawn(task.run(commands_receiver));
    Ok((network, inbound_receiver))
}

impl Network {
    /// Our PeerId.
    pub fn peer_id(&self) -> PeerId {
        self.peer_id
    }

    /// Seals a payload now, by this machine's clock.
    pub fn seal(&self, payload: &[u8]) -> Vec<u8> {
        self.sealer.seal(payload, unix_now())
    }

    /// Opens an envelope of any guardian of this network, ourselves included, whatever its age.
    ///
    /// # Errors
    /// Why it is refused. Nothing is counted: the caller knows whom to blame.
    pub fn open_sealed(&self, bytes: &[u8]) -> Result<Opened, Rejection> {
        self.opener.open(bytes)
    }

    /// Seals a payload now for a domain other than this network, such as one ceremony. What is sealed so is never taken
    /// for an envelope of a network, whatever the domain; [`open_in`](crate::open_in) opens it.
    pub fn seal_in(&self, domain: [u8; 32], payload: &[u8]) -> Vec<u8> {
        self.sealer.seal_in(&domain, payload, unix_now())
    }

    /// Queues a sealed envelope for broadcast, without waiting. It may still be lost; see
    /// [`Counters::unsent`](crate::Counters::unsent). Broadcasting the same bytes again within five minutes sends
    /// nothing.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for an envelope that peers would refuse, [`Error::Busy`] when the queue is full,
    /// [`Error::Stopped`] after shutdown.
    pub fn try_broadcast(&self, sealed: Vec<u8>) -> Result<(), Error> {
        bounded(&sealed, self.max_envelope)?;
        self.command(Command::Broadcast(sealed))
    }

    /// Asks a connected peer for what we missed; each envelope of its answer arrives as [`Inbound::Message`], whatever
    /// its age. Does nothing while the peer is not connected, while an earlier answer of it is awaited, or when the
    /// command queue is full: ask again later.
    pub fn request_catch_up(&self, peer: PeerId) {
        let _ = self.command(Command::RequestCatchUp(peer));
    }

    /// Answers a peer's catch-up request with sealed envelopes, the most useful first: those beyond the limits on
    /// number and bytes are left out. A late answer is dropped.
    pub fn reply(&self, request: RequestToken, envelopes: Vec<Vec<u8>>) {
        let _ = self.command(Command::Reply(request, envelopes));
    }

    /// Asks a connected member or guest on the ceremony channel, at once: the future only waits, and dropping it takes
    /// nothing back but the interest in the answer. It is ready at the latest a moment after
    /// [`Limits::ask_timeout`](crate::Limits::ask_timeout). Asks of one peer leave in order, two at a time and no faster
    /// than the peer accepts. An answer is never empty. Nothing is asked again by itself.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for a request that peers would refuse, [`Error::Busy`] when the command queue is full or too
    /// many asks of this peer are outstanding, [`Error::NotConnected`] for a peer that is not connected or unknown.
    /// Afterwards [`Error::Declined`], [`Error::NoAnswer`], [`Error::BadAnswer`], [`Error::NoCeremonies`], or
    /// [`Error::Disconnected`] when the connection was lost. [`Error::Stopped`] after, or at, shutdown.
    pub fn ask(
        &self,
        peer: PeerId,
        request: Vec<u8>,
    ) -> impl Future<Output = Result<Vec<u8>, Error>> + Send + use<> {
        let (reply, outcome) = oneshot::channel();
        let sent = bounded(&request, self.max_request)
            .and_then(|()| self.command(Command::Ask(peer, request, reply)));
        async move {
            sent?;
            // The task ended and took the other half with it.
            outcome.await.map_err(|_| Error::Stopped)?
        }
    }

    /// Answers an ask; an empty answer declines it. A late answer is dropped.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for an answer that peers would refuse, [`Error::Busy`] when the command queue is full,
    /// [`Error::Stopped`] after shutdown. The ask is declined then.
    pub fn answer(&self, token: AskToken, answer: Vec<u8>) -> Result<(), Error> {
        bounded(&answer, self.max_answer)?;
        self.command(Command::Answer(token, answer))
    }

    /// Replaces the guests: peers beyond the members that may connect, and are dialled, for ceremonies only. Gossip and
    /// catch-up do not exist between them and us, no [`Inbound`] tells of their coming and going
    /// ([`Network::ask`] fails at once while they are away), and they may belong to another network. Whoever is no
    /// longer listed is disconnected. Members and ourselves are passed over: a member stays a member, and one that
    /// runs with another network's id is refused as ever.
    ///
    /// # Errors
    /// [`Error::TooManyPeers`] beyond [`MAX_GUESTS`], [`Error::DuplicatePeer`], [`Error::PeerKey`] or [`Error::Address`]
    /// for a guest that cannot work, [`Error::Busy`] when the command queue is full, [`Error::Stopped`] after
    /// shutdown. The guests stay as they were then.
    pub fn admit(&self, guests: Vec<Peer>) -> Result<(), Error> {
        check_peers(&guests, MAX_GUESTS)?;
        self.command(Command::Admit(guests))
    }

    /// Holds a misdeed against a member. Four in short order silence it for a while, which ends by itself.
    pub fn penalise(&self, peer: PeerId) {
        let _ = self.command(Command::Penalise(peer));
    }

    /// A reading of what passed and what was refused since start.
    pub fn counters(&self) -> Counters {
        self.tally.read()
    }

    /// Waits until every listener is up, and returns the addresses, free ports filled in.
    ///
    /// # Errors
    /// [`Error::Stopped`] if the network ends first.
    pub async fn listening(&self) -> Result<Vec<Multiaddr>, Error> {
        let mut listening = self.listening.clone();
        let addresses = listening.wait_for(Option::is_some).await.map_err(|_| Error::Stopped)?;
        Ok(addresses.clone().unwrap_or_default())
    }

    /// Stops listening, closes every connection and ends the task; done within two seconds. What was not yet
    /// written to a peer is lost.
    pub async fn shutdown(self) {
        let (done, ended) = oneshot::channel();
        // A full queue drains; a closed one means that the task has ended already. Either way waiting ends.
        if self.commands.send(Command::Shutdown(done)).await.is_ok() {
            let _ = ended.await;
        }
    }

    fn command(&self, command: Command) -> Result<(), Error> {
        self.commands.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Busy,
            mpsc::error::TrySendError::Closed(_) => Error::Stopped,
        })
    }
}

/// Refuses what peers would refuse.
fn bounded(bytes: &[u8], limit: usize) -> Result<(), Error> {
    if bytes.len() > limit { Err(Error::TooLarge { found: bytes.len(), limit }) } else { Ok(()) }
}

/// libp2p's listeners let several sockets of one user share a port, so that a second guardian on our address would start
/// and take away a part of our connections. An ordinary socket is refused there; it is closed again at once.
fn refuse_if_taken(address: &Multiaddr) -> std::io::Result<()> {
    let mut parts = address.iter();
    let ip: IpAddr = match parts.next() {
        Some(Protocol::Ip4(ip)) => ip.into(),
        Some(Protocol::Ip6(ip)) => ip.into(),
        // Refused by `Config::check`.
        _ => return Ok(()),
    };
    match parts.next() {
        Some(Protocol::Tcp(port)) if port != 0 => TcpListener::bind((ip, port)).map(drop),
        _ => Ok(()),
    }
}

/// Seconds since 1970 by this machine's clock; 0 before that.
fn unix_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |passed| passed.as_secs())
}

fn swarm(config: &Config) -> Result<Swarm<Behaviour>, Error> {
    let refused = |part| move |reason: String| Error::Libp2p { part, reason };
    let behaviour = Behaviour::new(config)?;
    let streams = || {
        let mut streams = yamux::Config::default();
        streams.set_max_num_streams(MAX_STREAMS);
        streams
    };
    let swarm = SwarmBuilder::with_existing_identity(config.keypair.clone())
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, streams)
        .map_err(|error| refused("transport")(error.to_string()))?
        .with_behaviour(|_| behaviour)
        .map_err(|error| refused("behaviour")(error.to_string()))?
        .with_swarm_config(|swarm| {
            swarm
                // Guardians stay connected; what is dead is found by pinging.
                .with_idle_connection_timeout(Duration::from_secs(365 * 24 * 3600))
                .with_max_negotiating_inbound_streams(MAX_NEGOTIATING_STREAMS)
        })
        .with_connection_timeout(config.limits.handshake_timeout)
        .build();
    Ok(swarm)
}

/// An error with its causes, which libp2p leaves to the reader.
fn reason(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
