//! The libp2p protocols a guardian speaks, and their settings.
//!
//! The order of the fields is law: libp2p asks them in turn whether a connection may stand. The allow-list comes
//! first and the connection limits second, so that a stranger is refused before anything is allocated for it.

use crate::catch_up::Codec;
use crate::config::{Config, SEEN_TIME};
use crate::link::Changes;
use crate::members::MembersOnly;
use crate::{Error, ceremony, topic};
use libp2p::allow_block_list::{self, AllowedPeers};
use libp2p::gossipsub::{
    self, ConfigBuilder, IdentityTransform, Message, MessageAuthenticity, MessageId, PeerScoreParams,
    PeerScoreThresholds, TopicScoreParams, ValidationMode, WhitelistSubscriptionFilter,
};
use libp2p::request_response::{self, ProtocolSupport};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{connection_limits, identify, ping};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::time::Duration;

/// Up to so many guardians everyone is in everyone's mesh.
const FULL_MESH: usize = 13;

/// Score below which a peer is not heard at all. Reached by ten invalid messages or four misdeeds in short order.
const GRAYLIST: f64 = -100.0;

/// Gossip frames waiting for one connection; at 64 KiB each at most 16 MiB.
const GOSSIP_QUEUE: usize = 256;

/// Catch-up streams of one connection, both directions.
const CATCH_UP_STREAMS: usize = 4;

pub(crate) type Gossip = gossipsub::Behaviour<IdentityTransform, WhitelistSubscriptionFilter>;

/// All protocols together.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    allowed: allow_block_list::Behaviour<AllowedPeers>,
    limits: connection_limits::Behaviour,
    pub(crate) gossip: MembersOnly<Gossip>,
    pub(crate) catch_up: MembersOnly<request_response::Behaviour<Codec>>,
    pub(crate) ceremony: request_response::Behaviour<ceremony::Codec>,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

impl Behaviour {
    /// The protocols of a checked configuration, subscribed to the network's topic.
    ///
    /// # Errors
    /// [`Error::Libp2p`] if libp2p refuses the gossip settings.
    pub(crate) fn new(config: &Config) -> Result<Behaviour, Error> {
        let mut allowed = allow_block_list::Behaviour::<AllowedPeers>::default();
        for peer in &config.peers {
            allowed.allow_peer(peer.peer_id);
        }
        let limits = &config.limits;
        let connection_limits = connection_limits::ConnectionLimits::default()
            .with_max_pending_incoming(Some(limits.pending_incoming))
            .with_max_established(Some(established(config.peers.len(), limits.connections_per_peer)))
            .with_max_established_per_peer(Some(limits.connections_per_peer));
        let members: HashSet<_> = config.peers.iter().map(|peer| peer.peer_id).collect();

        let catch_up = request_response::Behaviour::with_codec(
            Codec::new(limits.catch_up_envelopes, limits.catch_up_bytes),
            [(topic::catch_up_protocol(&config.network), ProtocolSupport::Full)],
            request_response::Config::default()
                .with_request_timeout(limits.catch_up_timeout)
                .with_max_concurrent_streams(CATCH_UP_STREAMS),
        );
        let ceremony = request_response::Behaviour::with_codec(
            ceremony::Codec::new(limits.max_request, limits.max_answer),
            [(ceremony::PROTOCOL, ProtocolSupport::Full)],
            request_response::Config::default()
                .with_request_timeout(limits.ask_timeout)
                .with_max_concurrent_streams(ceremony::STREAMS),
        );
        let identify =
            identify::Config::new(topic::identify_protocol(&config.network), config.keypair.public())
                .with_agent_version(format!("guardian/{}", env!("CARGO_PKG_VERSION")))
                .with_hide_listen_addrs(true)
                .with_cache_size(0);
        Ok(Behaviour {
            allowed,
            limits: connection_limits::Behaviour::new(connection_limits),
            gossip: MembersOnly::new(gossip(config)?, members.clone()),
            catch_up: MembersOnly::new(catch_up, members),
            ceremony,
            identify: identify::Behaviour::new(identify),
            ping: ping::Behaviour::new(
                ping::Config::new().with_interval(limits.ping).with_timeout(limits.ping),
            ),
        })
    }

    /// Lets admitted guests in, closes what dismissed ones have open, and makes room for `peers` peers.
    pub(crate) fn admit(&mut self, changes: &Changes, peers: usize, per_peer: u32) {
        for guest in &changes.dismissed {
            self.allowed.disallow_peer(*guest);
        }
        for guest in &changes.admitted {
            self.allowed.allow_peer(*guest);
        }
        let limits = self.limits.limits_mut();
        *limits = limits.clone().with_max_established(Some(established(peers, per_peer)));
    }
}

/// Connections that so many peers may have together.
fn established(peers: usize, per_peer: u32) -> u32 {
    // At most 128 members and 128 guests.
    u32::try_from(peers).unwrap_or(u32::MAX).saturating_mul(per_peer)
}

/// Gossip that forwards only what was validated. Gossip's own authorship is left out: the envelope is signed.
fn gossip(config: &Config) -> Result<Gossip, Error> {
    let refused = |reason: String| Error::Libp2p { part: "gossip settings", reason };
    let topic = topic::topic(&config.network);
    let mesh = Mesh::of(config.peers.len());
    let settings = ConfigBuilder::default()
        .validate_messages()
        .validation_mode(ValidationMode::Anonymous)
        .message_id_fn(message_id)
        .max_transmit_size(config.limits.max_transmit)
        .duplicate_cache_time(SEEN_TIME)
        .heartbeat_interval(Duration::from_millis(700))
        .flood_publish(true)
        .mesh_n(mesh.n)
        .mesh_n_low(mesh.low)
        .mesh_n_high(mesh.high)
        .mesh_outbound_min(mesh.outbound_min)
        .prune_backoff(Duration::from_secs(10))
        .connection_handler_queue_len(GOSSIP_QUEUE)
        .max_publish_messages(GOSSIP_QUEUE)
        .build()
        .map_err(|error| refused(error.to_string()))?;
    let filter = WhitelistSubscriptionFilter(HashSet::from([topic.hash()]));
    let mut gossip = Gossip::new_with_subscription_filter_and_transform(
        MessageAuthenticity::Anonymous,
        settings,
        filter,
        IdentityTransform,
    )
    .map_err(|error| refused(error.to_owned()))?;
    let (params, thresholds) = score(&topic);
    gossip.with_peer_score(params, thresholds).map_err(refused)?;
    gossip.subscribe(&topic).map_err(|error| refused(error.to_string()))?;
    Ok(gossip)
}

/// Messages are told apart by topic and content: publishing the same bytes twice sends them once.
fn message_id(message: &Message) -> MessageId {
    let digest = Sha256::new()
        .chain_update(message.topic.as_str())
        .chain_update([0])
        .chain_update(&message.data)
        .finalize();
    MessageId::new(digest.as_slice())
}

/// Sizes of the gossip mesh: low <= n <= high, outbound_min <= low, 2 * outbound_min <= n.
#[derive(Debug, PartialEq, Eq)]
struct Mesh {
    n: usize,
    low: usize,
    high: usize,
    outbound_min: usize,
}

impl Mesh {
    fn of(peers: usize) -> Mesh {
        if peers < FULL_MESH {
            let n = peers.max(1);
            Mesh { n, low: n, high: n, outbound_min: 0 }
        } else {
            Mesh { n: 8, low: 6, high: 12, outbound_min: 2 }
        }
    }
}

/// Only what a peer does wrong lowers its score: invalid messages, and misdeeds the consumer reports. There is no
/// credit to earn, and no penalty for being quiet, slow, or behind one address with others.
fn score(topic: &gossipsub::IdentTopic) -> (PeerScoreParams, PeerScoreThresholds) {
    let topic_params = TopicScoreParams {
        topic_weight: 1.0,
        time_in_mesh_weight: 0.0,
        first_message_deliveries_weight: 0.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        // The square of the count; a burst of ten reaches the graylist, one a second does not.
        invalid_message_deliveries_weight: -1.0,
        invalid_message_deliveries_decay: 0.9,
        ..TopicScoreParams::default()
    };
    let params = PeerScoreParams {
        topics: [(topic.hash(), topic_params)].into(),
        app_specific_weight: 1.0,
        ip_colocation_factor_weight: 0.0,
        // Breaches of the gossip protocol itself; a few come of restarts.
        behaviour_penalty_weight: -1.0,
        behaviour_penalty_threshold: 6.0,
        behaviour_penalty_decay: 0.9,
        slow_peer_weight: 0.0,
        retain_score: Duration::from_secs(600),
        ..PeerScoreParams::default()
    };
    let thresholds = PeerScoreThresholds {
        gossip_threshold: GRAYLIST / 2.0,
        publish_threshold: GRAYLIST,
        graylist_threshold: GRAYLIST,
        accept_px_threshold: 0.0,
        opportunistic_graft_threshold: 0.0,
    };
    (params, thresholds)
}

#[cfg(test)]
mod tests;
