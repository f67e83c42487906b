//! Who is who: the network layer knows PeerIds, the core knows guardian indices.

use crate::{Error, definition};
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use p2p::{Multiaddr, Peer, PeerId};
use std::collections::BTreeMap;

/// The guardian set by both names. At most 100 members, as the definition.
#[derive(Debug, Clone)]
pub struct Directory {
    me: GuardianIndex,
    by_peer: BTreeMap<PeerId, GuardianIndex>,
    by_index: BTreeMap<GuardianIndex, PeerId>,
}

impl Directory {
    /// Reads the members of a definition and finds `own` among them.
    ///
    /// # Errors
    /// [`Error::Identity`] when a PeerId cannot be read or `own` is no member.
    pub fn new(definition: &NetworkDefinition, own: PeerId) -> Result<Self, Error> {
        let mut members = Vec::new();
        for member in &definition.guardian_set.members {
            let peer: PeerId = member.peer_id.parse().map_err(|_| Error::Identity {
                problem: format!(
                    "guardian `{}`: `{}` is no PeerId; copy it again from that guardian's member.toml",
                    member.name, member.peer_id
                ),
            })?;
            members.push((peer, member.index));
        }
        let me = definition::member_by_peer_id(definition, own)?.index;
        Ok(Self::of(members, me))
    }

    /// From pairs of names, `me` among them.
    pub(crate) fn of(members: impl IntoIterator<Item = (PeerId, GuardianIndex)>, me: GuardianIndex) -> Self {
        let by_peer: BTreeMap<_, _> = members.into_iter().collect();
        let by_index = by_peer.iter().map(|(peer, index)| (*index, *peer)).collect();
        Self { me, by_peer, by_index }
    }

    /// Ourselves.
    pub fn me(&self) -> GuardianIndex {
        self.me
    }

    /// How many guardians there are, ourselves included.
    #[allow(clippy::len_without_is_empty, reason = "it has ourselves")]
    pub fn len(&self) -> usize {
        self.by_index.len()
    }

    /// The guardian with this identity.
    pub fn index(&self, peer: &PeerId) -> Option<GuardianIndex> {
        self.by_peer.get(peer).copied()
    }

    /// The identity of this guardian.
    pub fn peer(&self, index: GuardianIndex) -> Option<PeerId> {
        self.by_index.get(&index).copied()
    }

    /// The other guardians with their addresses, as the network layer wants them.
    ///
    /// # Errors
    /// [`Error::Identity`] naming the guardian whose address cannot be read.
    pub fn peers(&self, definition: &NetworkDefinition) -> Result<Vec<Peer>, Error> {
        let mut peers = Vec::new();
        for member in definition.guardian_set.members.iter().filter(|member| member.index != self.me) {
            let Some(peer_id) = self.peer(member.index) else { continue };
            let addresses = member.addresses.iter().map(|address| {
                address.parse::<Multiaddr>().map_err(|e| Error::Identity {
                    problem: format!("guardian `{}`: `{address}` is no multiaddr ({e})", member.name),
                })
            });
            peers.push(Peer { peer_id, addresses: addresses.collect::<Result<_, _>>()? });
        }
        Ok(peers)
    }
}
