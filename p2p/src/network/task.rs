//! The task that owns the swarm: one loop, one event at a time.

use super::reason;
use crate::asks::{Asks, Reply};
use crate::behaviour::{Behaviour, BehaviourEvent};
use crate::config::{Config, Limits, Peer};
use crate::counters::{Tally, count};
use crate::envelope::Opener;
use crate::inbound::{AskToken, Mailbox, RequestToken};
use crate::link::Links;
use crate::{Rejection, topic};
use futures::StreamExt;
use libp2p::allow_block_list::NotAllowed;
use libp2p::core::transport::ListenerId;
use libp2p::gossipsub::IdentTopic;
use libp2p::request_response::OutboundRequestId;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{ConnectionDenied, DialError, ListenError, Swarm, SwarmEvent};
use libp2p::{Multiaddr, PeerId, identify, ping};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;

mod catch_up;
mod ceremony;
mod gossip;

/// How often dials, timeouts and penalties are looked at.
const TICK: Duration = Duration::from_millis(200);

/// How long shutdown waits for connections to close.
const FAREWELL: Duration = Duration::from_secs(2);

/// What the handle asks of the task.
pub(crate) enum Command {
    Broadcast(Vec<u8>),
    RequestCatchUp(PeerId),
    Reply(RequestToken, Vec<Vec<u8>>),
    Penalise(PeerId),
    Ask(PeerId, Vec<u8>, Reply),
    Answer(AskToken, Vec<u8>),
    Admit(Vec<Peer>),
    Shutdown(oneshot::Sender<()>),
}

/// The swarm and all that belongs to it.
pub(crate) struct Task {
    swarm: Swarm<Behaviour>,
    topic: IdentTopic,
    network: [u8; 32],
    own: PeerId,
    limits: Limits,
    opener: Arc<Opener>,
    tally: Arc<Tally>,
    mailbox: Mailbox,
    links: Links,
    /// Until when penalties have decayed.
    forgiven: Instant,
    /// Catch-up answers awaited: at most one a peer.
    awaited: HashMap<OutboundRequestId, PeerId>,
    /// Envelopes of answers, each with the peer that answered, verified one by one as the consumer has room for them.
    /// A peer is not asked again while any of its own wait, so there are at most `catch_up_envelopes` a peer.
    answers: VecDeque<(PeerId, Vec<u8>)>,
    asks: Asks,
    /// Listeners that have not yet told an address.
    starting: HashSet<ListenerId>,
    listening: watch::Sender<Option<Vec<Multiaddr>>>,
}

impl Task {
    pub(crate) fn new(
        config: Config,
        swarm: Swarm<Behaviour>,
        opener: Arc<Opener>,
        tally: Arc<Tally>,
        mailbox: Mailbox,
        listeners: Vec<ListenerId>,
        listening: watch::Sender<Option<Vec<Multiaddr>>>,
    ) -> Task {
        Task {
            topic: topic::topic(&config.network),
            network: config.network,
            own: *swarm.local_peer_id(),
            links: Links::new(config.peers, &config.limits, Instant::now()),
            forgiven: Instant::now(),
            asks: Asks::new(config.limits.asks_outstanding),
            limits: config.limits,
            swarm,
            opener,
            tally,
            mailbox,
            awaited: HashMap::new(),
            answers: VecDeque::new(),
            starting: listeners.into_iter().collect(),
            listening,
        }
    }

    /// Runs until shutdown, or until nobody holds the handle or the inbound receiver any more.
    pub(crate) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let done = loop {
            let waiting = self.mailbox.is_waiting() || !self.answers.is_empty();
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_event(event),
                command = commands.recv() => match command {
                    Some(Command::Shutdown(done)) => break Some(done),
                    Some(command) => self.on_command(command),
                    None => break None,
                },
                room = self.mailbox.room(), if waiting => match room {
                    Some(permit) => self.on_room(permit),
                    None => break None,
                },
                () = self.mailbox.closed() => break None,
                _ = tick.tick() => self.on_tick(Instant::now()),
            }
        };
        self.farewell().await;
        // Whoever waits for the end finds the handle closed.
        drop(commands);
        if let Some(done) = done {
            let _ = done.send(());
        }
    }

    /// Closes every connection properly, so that peers notice at once.
    async fn farewell(mut self) {
        // Whoever waits for an answer learns that none will come.
        self.asks = Asks::new(0);
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let closed = async {
            while self.swarm.connected_peers().next().is_some() {
                self.swarm.select_next_some().await;
            }
        };
        // Connections that do not close in time end with the swarm.
        let _ = tokio::time::timeout(FAREWELL, closed).await;
        self.tally.connected.store(0, Ordering::Relaxed);
        self.tally.guests.store(0, Ordering::Relaxed);
        tracing::debug!("network stopped");
    }

    fn on_tick(&mut self, now: Instant) {
        for (peer, addresses) in self.links.due(now) {
            tracing::trace!(%peer, "dialling");
            if let Err(error) = self.swarm.dial(DialOpts::peer_id(peer).addresses(addresses).build()) {
                self.on_dial_failure(peer, &error, now);
            }
        }
        for peer in self.links.unsubscribed(now) {
            tracing::info!(%peer, "peer is connected but does not listen to our topic; reconnecting");
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        self.asks.expire(now);
        for peer in self.asks.ready() {
            self.send_asks(&peer, now);
        }
        let passed = now.saturating_duration_since(self.forgiven);
        self.forgiven = now;
        for (peer, penalty) in self.links.forgive(passed) {
            self.swarm.behaviour_mut().gossip.set_application_score(&peer, -penalty);
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Broadcast(sealed) => self.broadcast(sealed),
            Command::RequestCatchUp(peer) => self.request_catch_up(peer),
            Command::Reply(token, envelopes) => self.reply(token, &envelopes),
            Command::Penalise(peer) => self.penalise(peer),
            Command::Ask(peer, request, reply) => self.ask(peer, request, reply),
            Command::Answer(token, answer) => self.answer(token, &answer),
            Command::Admit(guests) => self.admit(guests),
            // Handled where the loop ends.
            Command::Shutdown(_) => {}
        }
    }

    fn penalise(&mut self, peer: PeerId) {
        if let Some(penalty) = self.links.penalise(&peer) {
            tracing::debug!(%peer, penalty, "peer penalised");
            self.swarm.behaviour_mut().gossip.set_application_score(&peer, -penalty);
        }
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        let now = Instant::now();
        match event {
            SwarmEvent::Behaviour(event) => self.on_behaviour(event, now),
            SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                let replaces = self.links.established(&peer_id, now);
                self.tally.guests.store(self.links.guests_connected(), Ordering::Relaxed);
                if replaces {
                    tracing::warn!(peer = %peer_id, "second connection from a connected peer: it restarted, or its identity is used twice; reconnecting");
                    let _ = self.swarm.disconnect_peer_id(peer_id);
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, cause, .. } => {
                tracing::debug!(peer = %peer_id, cause = cause.map(|error| reason(&error)), "connection closed");
                self.asks.disconnected(&peer_id);
                let was_subscribed = self.links.closed(&peer_id, now, rand::random());
                self.tally.guests.store(self.links.guests_connected(), Ordering::Relaxed);
                if was_subscribed {
                    self.tally.connected.fetch_sub(1, Ordering::Relaxed);
                    self.mailbox.change(peer_id, false);
                }
            }
            SwarmEvent::IncomingConnectionError { error, peer_id, send_back_addr, .. } => {
                let reason = match &error {
                    ListenError::Denied { cause } => denial(cause),
                    ListenError::LocalPeerId { .. } => Rejection::OwnIdentity,
                    ListenError::Aborted | ListenError::WrongPeerId { .. } | ListenError::Transport(_) => {
                        Rejection::Handshake
                    }
                };
                tracing::debug!(peer = ?peer_id, address = %send_back_addr, %reason, "connection refused");
                self.refuse(peer_id, reason);
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                self.on_dial_failure(peer, &error, now);
            }
            SwarmEvent::NewListenAddr { listener_id, .. } => {
                self.starting.remove(&listener_id);
                let addresses = self.swarm.listeners().cloned().collect();
                if self.starting.is_empty() {
                    self.listening.send_replace(Some(addresses));
                }
            }
            SwarmEvent::ListenerClosed { addresses, reason, .. } => {
                tracing::error!(?addresses, ?reason, "a listener closed; peers can no longer dial us there");
            }
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "a listener failed to accept"),
            // Everything else is told by the events above, or no concern of ours; the enum is not exhaustive.
            _ => {}
        }
    }

    fn on_dial_failure(&mut self, peer: PeerId, error: &DialError, now: Instant) {
        count(&self.tally.dial_failures);
        match error {
            DialError::LocalPeerId { address } => self.on_own_identity(peer, address),
            DialError::WrongPeerId { obtained, address } if *obtained == self.own => {
                self.on_own_identity(peer, address);
            }
            DialError::WrongPeerId { obtained, address } => {
                tracing::warn!(%peer, %address, %obtained, "another peer answers at a guardian's address");
                self.refuse(Some(*obtained), Rejection::UnknownPeer);
            }
            _ => tracing::debug!(%peer, error = reason(error), "dialling failed"),
        }
        self.links.dial_failed(&peer, now, rand::random());
    }

    fn on_own_identity(&mut self, peer: PeerId, address: &Multiaddr) {
        tracing::warn!(%peer, %address, "our own identity answers at a peer's address: the address is ours, or a second process runs with our identity");
        self.refuse(Some(self.own), Rejection::OwnIdentity);
    }

    fn on_behaviour(&mut self, event: BehaviourEvent, now: Instant) {
        match event {
            BehaviourEvent::Gossip(event) => self.on_gossip(event, now),
            BehaviourEvent::CatchUp(event) => self.on_catch_up(event, now),
            BehaviourEvent::Ceremony(event) => self.on_ceremony(event, now),
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                // A guest may well belong to another network: it comes for a ceremony between the two.
                let elsewhere = info.protocol_version != topic::identify_protocol(&self.network);
                if elsewhere && !self.links.is_guest(&peer_id) {
                    let theirs: String = info.protocol_version.chars().take(90).collect();
                    tracing::warn!(peer = %peer_id, theirs, "peer serves another network; compare the network definitions");
                    self.refuse(Some(peer_id), Rejection::WrongNetwork);
                    let _ = self.swarm.disconnect_peer_id(peer_id);
                }
            }
            BehaviourEvent::Ping(ping::Event { peer, connection, result: Err(error) }) => {
                tracing::debug!(%peer, error = reason(&error), "no answer to ping; closing the connection");
                self.swarm.close_connection(connection);
            }
            BehaviourEvent::Identify(_) | BehaviourEvent::Ping(_) => {}
            BehaviourEvent::Allowed(never) | BehaviourEvent::Limits(never) => match never {},
        }
    }

    /// Counts and tells a refusal.
    fn note(&mut self, peer: Option<PeerId>, reason: Rejection) {
        self.tally.refuse(reason);
        self.mailbox.refuse(peer, reason, Instant::now());
    }

    /// Counts and tells a refusal outside gossip, and holds it against the peer if it is to blame.
    fn refuse(&mut self, peer: Option<PeerId>, reason: Rejection) {
        self.note(peer, reason);
        if let Some(peer) = peer.filter(|_| reason.blames_peer()) {
            self.penalise(peer);
        }
    }
}

/// Why a connection was denied.
fn denial(cause: &ConnectionDenied) -> Rejection {
    if cause.downcast_ref::<NotAllowed>().is_some() {
        Rejection::UnknownPeer
    } else {
        Rejection::TooManyConnections
    }
}
