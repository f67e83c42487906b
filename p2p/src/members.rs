//! A protocol that only members speak. To a guest it does not exist: the guest's streams of it are turned down when
//! they are opened, and the protocol itself never hears of the guest. So there is nothing of a guest's to judge, to
//! forward or to punish, and no mesh that it could enter.
//!
//! Who is a member is settled at the start. That makes the role of a connection constant: whoever else is let in is a
//! guest for as long as the process runs.

use libp2p::core::Endpoint;
use libp2p::core::transport::PortUse;
use libp2p::swarm::derive_prelude::Either;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm, dummy,
};
use libp2p::{Multiaddr, PeerId};
use std::collections::HashSet;
use std::ops::{Deref, DerefMut};
use std::task::{Context, Poll};

/// A protocol, and those that may speak it.
pub(crate) struct MembersOnly<B> {
    protocol: B,
    members: HashSet<PeerId>,
}

impl<B> MembersOnly<B> {
    /// `protocol` for `members` only.
    pub(crate) fn new(protocol: B, members: HashSet<PeerId>) -> MembersOnly<B> {
        MembersOnly { protocol, members }
    }

    /// Whether the protocol may hear of `event`: all but what concerns a peer that is no member.
    fn concerns(&self, event: &FromSwarm<'_>) -> bool {
        let peer = match event {
            FromSwarm::ConnectionEstablished(event) => Some(event.peer_id),
            FromSwarm::ConnectionClosed(event) => Some(event.peer_id),
            FromSwarm::AddressChange(event) => Some(event.peer_id),
            FromSwarm::DialFailure(event) => event.peer_id,
            FromSwarm::ListenFailure(event) => event.peer_id,
            FromSwarm::NewExternalAddrOfPeer(event) => Some(event.peer_id),
            // The rest is about addresses of ours; the enum is not exhaustive.
            _ => None,
        };
        peer.is_none_or(|peer| self.members.contains(&peer))
    }
}

impl<B> Deref for MembersOnly<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.protocol
    }
}

impl<B> DerefMut for MembersOnly<B> {
    fn deref_mut(&mut self) -> &mut B {
        &mut self.protocol
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for MembersOnly<B> {
    type ConnectionHandler = Either<THandler<B>, dummy::ConnectionHandler>;
    type ToSwarm = B::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.protocol.handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if !self.members.contains(&peer) {
            return Ok(Either::Right(dummy::ConnectionHandler));
        }
        self.protocol.handle_established_inbound_connection(connection, peer, local, remote).map(Either::Left)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.protocol.handle_pending_outbound_connection(connection, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if !self.members.contains(&peer) {
            return Ok(Either::Right(dummy::ConnectionHandler));
        }
        self.protocol
            .handle_established_outbound_connection(connection, peer, address, role, port)
            .map(Either::Left)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if self.concerns(&event) {
            self.protocol.on_swarm_event(event);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {
            Either::Left(event) => self.protocol.on_connection_handler_event(peer, connection, event),
            Either::Right(never) => match never {},
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        // The protocol knows members only, so what it tells a handler is for a member's.
        self.protocol.poll(context).map(|order| order.map_in(Either::Left))
    }
}
