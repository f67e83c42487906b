//! The sealed envelope: bytes bound to a network, a sender and a time by the sender's identity key.
//!
//! Messages are relayed by others and kept as evidence, so the envelope is signed and not only the link. Layout, all
//! integers little-endian:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 1 | version, 1 |
//! | 1 | 32 | network id |
//! | 33 | 33 | sender: compressed secp256k1 key, the one inside its PeerId |
//! | 66 | 8 | sealed at, unix seconds |
//! | 74 | 4 | payload length n |
//! | 78 | n | payload |
//! | 78 + n | 64 | signature: ECDSA over secp256k1, r then s, big-endian |
//!
//! What is signed is [`DOMAIN`] followed by everything before the signature, hashed with SHA-256; nonces follow
//! RFC 6979, so sealing the same payload in the same second gives the same bytes. Only the low s is accepted: nobody
//! can make a second valid envelope from a first, and gossip, which tells messages apart by their hash, cannot be
//! flooded with variants.
//!
//! An envelope may be sealed for a domain other than a network, such as one ceremony. Then the domain, 32 bytes, stands
//! in place of the network id, and [`OTHER_DOMAIN`] in place of [`DOMAIN`]; nothing else differs.
//!
//! Opening checks the cheap things first and the signature last, and takes the time as an argument.

use crate::{Error, Rejection};
use k256::ecdsa::signature::{MultipartSigner, MultipartVerifier};
use k256::ecdsa::{Signature, SigningKey, VerifyingKey};
use libp2p::PeerId;
use libp2p::identity::{self, KeyType, PublicKey};
use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;
use zeroize::Zeroizing;

/// Format version: the first byte.
pub const VERSION: u8 = 1;

/// Goes before the signed bytes, so that the identity key's signatures for envelopes mean nothing elsewhere.
pub const DOMAIN: &[u8] = b"guardian-network/envelope/v1\0";

/// Goes before the signed bytes of an envelope sealed for another domain than a network: neither kind is ever taken for
/// the other, even if a domain equals a network id.
pub const OTHER_DOMAIN: &[u8] = b"guardian-network/envelope-in-domain/v1\0";

/// Bytes before the payload.
pub const HEADER: usize = 1 + 32 + 33 + 8 + 4;

/// Where in an envelope the sender's key stands.
const SENDER: Range<usize> = 33..66;

/// Bytes of the signature.
pub const SIGNATURE: usize = 64;

/// Bytes an envelope adds to its payload.
pub const OVERHEAD: usize = HEADER + SIGNATURE;

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
    key: SigningKey,
    public: [u8; 33],
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
        let key = SigningKey::from_slice(secret.as_slice()).map_err(|_| not_secp256k1())?;
        Ok(Sealer { key, public: keypair.public().to_bytes(), network })
    }

    /// Seals `payload` at `now`, unix seconds. A payload above the receivers' limit is theirs to refuse.
    pub fn seal(&self, payload: &[u8], now: u64) -> Vec<u8> {
        self.seal_as(DOMAIN, &self.network, payload, now)
    }

    /// Seals `payload` at `now`, unix seconds, for a domain other than a network.
    pub fn seal_in(&self, domain: &[u8; 32], payload: &[u8], now: u64) -> Vec<u8> {
        self.seal_as(OTHER_DOMAIN, domain, payload, now)
    }

    fn seal_as(&self, tag: &[u8], place: &[u8; 32], payload: &[u8], now: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(payload.len() + OVERHEAD);
        bytes.push(VERSION);
        bytes.extend_from_slice(place);
        bytes.extend_from_slice(&self.public);
        bytes.extend_from_slice(&now.to_le_bytes());
        // A length that does not fit cannot be opened by anyone, as `too_large`; no payload of ours comes near 4 GiB.
        bytes.extend_from_slice(&u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(payload);
        let signature: Signature = self.key.multipart_sign(&[tag, &bytes]);
        bytes.extend_from_slice(&signature.to_bytes());
        bytes
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
    tag: &'static [u8],
    /// The network or the domain.
    place: [u8; 32],
    members: HashMap<[u8; 33], (PeerId, VerifyingKey)>,
    max_payload: usize,
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
        Opener::of(DOMAIN, network, members, max_payload)
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
        Opener::of(OTHER_DOMAIN, domain, members, max_payload)
    }

    fn of(
        tag: &'static [u8],
        place: [u8; 32],
        members: impl IntoIterator<Item = PeerId>,
        max_payload: usize,
    ) -> Result<Opener, Error> {
        let members = members
            .into_iter()
            .map(|peer| {
                let public = public_key(peer).ok_or(Error::PeerKey { peer })?;
                let key = VerifyingKey::from_sec1_bytes(&public).map_err(|_| Error::PeerKey { peer })?;
                Ok((public, (peer, key)))
            })
            .collect::<Result<_, Error>>()?;
        Ok(Opener { tag, place, members, max_payload })
    }

    /// Opens an envelope that must also be fresh at `now`, unix seconds.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn open_fresh(&self, bytes: &[u8], now: u64, window: Window) -> Result<Opened, Rejection> {
        let envelope = self.parse(bytes)?;
        if envelope.sent_at > now.saturating_add(window.max_ahead.as_secs()) {
            return Err(Rejection::FromFuture);
        }
        if now > envelope.sent_at.saturating_add(window.max_age.as_secs()) {
            return Err(Rejection::Stale);
        }
        envelope.verify()
    }

    /// Opens an envelope of any age: an answer to catch-up, or evidence.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn open(&self, bytes: &[u8]) -> Result<Opened, Rejection> {
        self.parse(bytes)?.verify()
    }

    /// All checks but freshness and signature.
    fn parse<'a>(&'a self, bytes: &'a [u8]) -> Result<Unverified<'a>, Rejection> {
        if bytes.len() > self.max_payload.saturating_add(OVERHEAD) {
            return Err(Rejection::TooLarge);
        }
        let (version, rest) = bytes.split_first().ok_or(Rejection::Truncated)?;
        if *version != VERSION {
            return Err(Rejection::Version);
        }
        let (network, rest) = rest.split_first_chunk::<32>().ok_or(Rejection::Truncated)?;
        if *network != self.place {
            return Err(Rejection::WrongNetwork);
        }
        let (public, rest) = rest.split_first_chunk::<33>().ok_or(Rejection::Truncated)?;
        let (sender, key) = self.members.get(public).ok_or(Rejection::UnknownSender)?;
        let (sent_at, rest) = rest.split_first_chunk::<8>().ok_or(Rejection::Truncated)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(Rejection::Truncated)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| Rejection::TooLarge)?;
        if length > self.max_payload {
            return Err(Rejection::TooLarge);
        }
        let (payload, signature) = rest.split_at_checked(length).ok_or(Rejection::Truncated)?;
        let (signature, trailing) = signature.split_first_chunk::<SIGNATURE>().ok_or(Rejection::Truncated)?;
        if !trailing.is_empty() {
            return Err(Rejection::TrailingBytes);
        }
        let (signed, _) = bytes.split_at_checked(HEADER + length).ok_or(Rejection::Truncated)?;
        let sent_at = u64::from_le_bytes(*sent_at);
        Ok(Unverified { tag: self.tag, sender: *sender, key, sent_at, payload, signed, signature })
    }
}

/// A well-formed envelope of a known sender whose signature is still to be checked.
struct Unverified<'a> {
    tag: &'static [u8],
    sender: PeerId,
    key: &'a VerifyingKey,
    sent_at: u64,
    payload: &'a [u8],
    signed: &'a [u8],
    signature: &'a [u8; SIGNATURE],
}

impl Unverified<'_> {
    fn verify(self) -> Result<Opened, Rejection> {
        let signature = Signature::from_slice(self.signature).map_err(|_| Rejection::BadSignature)?;
        self.key
            .multipart_verify(&[self.tag, self.signed], &signature)
            .map_err(|_| Rejection::BadSignature)?;
        Ok(Opened { sender: self.sender, sent_at: self.sent_at, payload: self.payload.to_vec() })
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
    let claimed = bytes.get(SENDER);
    let is_sender = |peer: &PeerId| public_key(*peer).is_some_and(|key| claimed == Some(key.as_slice()));
    let sender = members.into_iter().find(is_sender);
    let opener = Opener::in_domain(domain, sender, max_payload).map_err(|_| Rejection::UnknownSender)?;
    opener.open(bytes)
}

/// The compressed secp256k1 key inside a PeerId; `None` if it carries another kind of key or only a hash.
pub(crate) fn public_key(peer: PeerId) -> Option<[u8; 33]> {
    let key = PublicKey::try_decode_protobuf(peer.as_ref().digest()).ok()?;
    if key.key_type() != KeyType::Secp256k1 || key.to_peer_id() != peer {
        return None;
    }
    Some(key.try_into_secp256k1().ok()?.to_bytes())
}

#[cfg(test)]
mod tests;
