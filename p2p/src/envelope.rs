//! The sealed envelope, by PeerId. Its format and its checks are [`crypto::envelope`]'s, so that evidence is verified
//! without a network; here keys are peers, and a flaw is a [`Rejection`].

use crate::{Error, Rejection};
use crypto::envelope::{self, Flaw};
use libp2p::PeerId;
use libp2p::identity::{self, KeyType, PublicKey};
use std::collections::HashMap;
use std::time::Duration;
use zeroize::Zeroizing;

pub use crypto::envelope::{DOMAIN, HEADER, OTHER_DOMAIN, OVERHEAD, SIGNATURE, VERSION};

/// A verified envelope's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The guardian that sealed it.
    pub sender: PeerId,
    /// When, unix seconds by its clock.
    pub sent_at: u64,
    /// What it said.
    pub payload: Vec<u8>,
}

/// Seals payloads with our identity. Holds the secret key, which is wiped on drop.
pub struct Sealer {
    sealer: envelope::Sealer,
    network: [u8; 32],
}

impl Sealer {
    /// A sealer for one network.
    ///
    /// # Errors
    /// [`Error::IdentityType`] unless the key is secp256k1.
    pub fn new(keypair: &identity::Keypair, network: [u8; 32]) -> Result<Sealer, Error> {
        let not_secp256k1 = || Error::IdentityType { found: keypair.key_type().to_string() };
        let keypair = keypair.clone().try_into_secp256k1().map_err(|_| not_secp256k1())?;
        let secret = Zeroizing::new(keypair.secret().to_bytes());
        let sealer = envelope::Sealer::new(&secret).map_err(|_| not_secp256k1())?;
        Ok(Sealer { sealer, network })
    }

    /// Seals `payload` at `now`, unix seconds. A payload above the receivers' limit is theirs to refuse.
    pub fn seal(&self, payload: &[u8], now: u64) -> Vec<u8> {
        self.sealer.seal(&self.network, payload, now)
    }

    /// Seals `payload` at `now`, unix seconds, for a domain other than a network.
    pub fn seal_in(&self, domain: &[u8; 32], payload: &[u8], now: u64) -> Vec<u8> {
        self.sealer.seal_in(domain, payload, now)
    }
}

/// When an envelope counts as fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Longest time since it was sealed.
    pub max_age: Duration,
    /// Furthest its time may lie in the future.
    pub max_ahead: Duration,
}

/// Opens envelopes of one network's guardians, or those sealed by certain guardians for another domain.
#[derive(Debug, Clone)]
pub struct Opener {
    opener: envelope::Opener,
    peers: HashMap<[u8; envelope::KEY], PeerId>,
}

impl Opener {
    /// An opener for envelopes of `members`, payloads of at most `max_payload` bytes.
    ///
    /// # Errors
    /// [`Error::PeerKey`] for a PeerId without a secp256k1 key.
    pub fn new(
        network: [u8; 32],
        members: impl IntoIterator<Item = PeerId>,
        max_payload: usize,
    ) -> Result<Opener, Error> {
        Opener::of(envelope::Opener::new(network, max_payload), members)
    }

    /// An opener for what `members` sealed for a domain other than a network, payloads of at most `max_payload` bytes.
    ///
    /// # Errors
    /// [`Error::PeerKey`] for a PeerId without a secp256k1 key.
    pub fn in_domain(
        domain: [u8; 32],
        members: impl IntoIterator<Item = PeerId>,
        max_payload: usize,
    ) -> Result<Opener, Error> {
        Opener::of(envelope::Opener::in_domain(domain, max_payload), members)
    }

    fn of(mut opener: envelope::Opener, members: impl IntoIterator<Item = PeerId>) -> Result<Opener, Error> {
        let mut peers = HashMap::new();
        for peer in members {
            let key = public_key(peer).ok_or(Error::PeerKey { peer })?;
            opener.admit(key).map_err(|_| Error::PeerKey { peer })?;
            peers.insert(key, peer);
        }
        Ok(Opener { opener, peers })
    }

    /// Opens an envelope that must also be fresh at `now`, unix seconds.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn open_fresh(&self, bytes: &[u8], now: u64, window: Window) -> Result<Opened, Rejection> {
        let Window { max_age, max_ahead } = window;
        let window = envelope::Window { max_age: max_age.as_secs(), max_ahead: max_ahead.as_secs() };
        self.by_peer(self.opener.open_fresh(bytes, now, window))
    }

    /// Opens an envelope of any age: an answer to catch-up, or evidence.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn open(&self, bytes: &[u8]) -> Result<Opened, Rejection> {
        self.by_peer(self.opener.open(bytes))
    }

    fn by_peer(&self, opened: Result<envelope::Opened, Flaw>) -> Result<Opened, Rejection> {
        let envelope::Opened { sender, sent_at, payload } = opened?;
        let sender = *self.peers.get(&sender).ok_or(Rejection::UnknownSender)?;
        Ok(Opened { sender, sent_at, payload })
    }
}

/// Opens one envelope that any of `members` sealed for a domain other than a network, whatever its age. For many, keep an
/// [`Opener::in_domain`].
///
/// # Errors
/// The first check that fails. A member without a secp256k1 key in its PeerId has sealed nothing.
pub fn open_in(
    domain: [u8; 32],
    members: impl IntoIterator<Item = PeerId>,
    bytes: &[u8],
    max_payload: usize,
) -> Result<Opened, Rejection> {
    // Only the key of the one that claims to be the sender is decompressed.
    let claimed = bytes.get(envelope::SENDER);
    let is_sender = |peer: &PeerId| public_key(*peer).is_some_and(|key| claimed == Some(key.as_slice()));
    let sender = members.into_iter().find(is_sender);
    let opener = Opener::in_domain(domain, sender, max_payload).map_err(|_| Rejection::UnknownSender)?;
    opener.open(bytes)
}

/// The compressed secp256k1 key inside a PeerId; `None` if it carries another kind of key or only a hash.
pub(crate) fn public_key(peer: PeerId) -> Option<[u8; envelope::KEY]> {
    let key = PublicKey::try_decode_protobuf(peer.as_ref().digest()).ok()?;
    if key.key_type() != KeyType::Secp256k1 || key.to_peer_id() != peer {
        return None;
    }
    Some(key.try_into_secp256k1().ok()?.to_bytes())
}

impl From<Flaw> for Rejection {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::Truncated => Self::Truncated,
            Flaw::TrailingBytes => Self::TrailingBytes,
            Flaw::TooLarge => Self::TooLarge,
            Flaw::Version => Self::Version,
            Flaw::WrongNetwork => Self::WrongNetwork,
            Flaw::UnknownSender => Self::UnknownSender,
            Flaw::BadSignature => Self::BadSignature,
            Flaw::Stale => Self::Stale,
            Flaw::FromFuture => Self::FromFuture,
        }
    }
}

#[cfg(test)]
mod tests;
