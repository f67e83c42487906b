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
//! Opening checks the cheap things first and the signature last, and takes the time as an argument. Whoever reads an
//! envelope later, as evidence, needs the members' keys and this file; no network.

use crate::Error;
use k256::ecdsa::signature::{MultipartSigner, MultipartVerifier};
use k256::ecdsa::{Signature, SigningKey, VerifyingKey};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

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
pub const SENDER: Range<usize> = 33..66;

/// Bytes of the signature.
pub const SIGNATURE: usize = 64;

/// Bytes an envelope adds to its payload.
pub const OVERHEAD: usize = HEADER + SIGNATURE;

/// Bytes of an identity key: a compressed point of secp256k1.
pub const KEY: usize = 33;

/// A verified envelope's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The identity key that sealed it.
    pub sender: [u8; KEY],
    /// When, unix seconds by the sender's clock.
    pub sent_at: u64,
    /// What it said.
    pub payload: Vec<u8>,
}

/// Why an envelope does not open. Data, not an error: whoever reads envelopes counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// The bytes end before the envelope does.
    Truncated,
    /// Bytes follow its end.
    TrailingBytes,
    /// The payload is larger than the limit.
    TooLarge,
    /// It has a version this software does not speak.
    Version,
    /// It belongs to another network or domain.
    WrongNetwork,
    /// The key that claims to have sealed it is no member's.
    UnknownSender,
    /// The signature is not the claimed sender's over these bytes.
    BadSignature,
    /// It was sealed longer ago than the window allows.
    Stale,
    /// It was sealed further in the future than the window allows.
    FromFuture,
}

impl Flaw {
    /// The stable code, in snake case.
    pub fn code(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::TrailingBytes => "trailing_bytes",
            Self::TooLarge => "too_large",
            Self::Version => "version",
            Self::WrongNetwork => "wrong_network",
            Self::UnknownSender => "unknown_sender",
            Self::BadSignature => "bad_signature",
            Self::Stale => "stale",
            Self::FromFuture => "from_future",
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Seals payloads with an identity. Holds the secret key, which is wiped on drop.
pub struct Sealer {
    key: SigningKey,
    public: [u8; KEY],
}

impl Sealer {
    /// A sealer with this secret key, 32 bytes big-endian.
    ///
    /// # Errors
    /// [`Error::Secp256k1Scalar`] for zero or a value not below the group order.
    pub fn new(secret: &[u8; 32]) -> Result<Sealer, Error> {
        let wrong = || Error::Secp256k1Scalar { what: "identity key" };
        let key = SigningKey::from_slice(secret).map_err(|_| wrong())?;
        let public = key.verifying_key().to_sec1_point(true).as_bytes().try_into().map_err(|_| wrong())?;
        Ok(Sealer { key, public })
    }

    /// The public key, as it stands in what is sealed.
    pub fn public(&self) -> [u8; KEY] {
        self.public
    }

    /// Seals `payload` for a network at `now`, unix seconds. A payload above the receivers' limit is theirs to refuse.
    pub fn seal(&self, network: &[u8; 32], payload: &[u8], now: u64) -> Vec<u8> {
        self.seal_as(DOMAIN, network, payload, now)
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
    /// Longest time since it was sealed, seconds.
    pub max_age: u64,
    /// Furthest its time may lie in the future, seconds.
    pub max_ahead: u64,
}

/// Opens envelopes of one network's members, or those sealed by certain members for another domain.
#[derive(Debug, Clone)]
pub struct Opener {
    tag: &'static [u8],
    /// The network or the domain.
    place: [u8; 32],
    members: HashMap<[u8; KEY], VerifyingKey>,
    max_payload: usize,
}

impl Opener {
    /// An opener for envelopes of a network, payloads of at most `max_payload` bytes. It has no members yet.
    pub fn new(network: [u8; 32], max_payload: usize) -> Opener {
        Opener { tag: DOMAIN, place: network, members: HashMap::new(), max_payload }
    }

    /// An opener for what is sealed for a domain other than a network, payloads of at most `max_payload` bytes. It has no
    /// members yet.
    pub fn in_domain(domain: [u8; 32], max_payload: usize) -> Opener {
        Opener { tag: OTHER_DOMAIN, place: domain, members: HashMap::new(), max_payload }
    }

    /// One more whose envelopes open.
    ///
    /// # Errors
    /// [`Error::Secp256k1Point`] for a key that is none.
    pub fn admit(&mut self, public: [u8; KEY]) -> Result<(), Error> {
        let key = VerifyingKey::from_sec1_bytes(&public);
        self.members.insert(public, key.map_err(|_| Error::Secp256k1Point { what: "identity key" })?);
        Ok(())
    }

    /// Opens an envelope that must also be fresh at `now`, unix seconds.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn open_fresh(&self, bytes: &[u8], now: u64, window: Window) -> Result<Opened, Flaw> {
        let envelope = self.parse(bytes)?;
        if envelope.sent_at > now.saturating_add(window.max_ahead) {
            return Err(Flaw::FromFuture);
        }
        if now > envelope.sent_at.saturating_add(window.max_age) {
            return Err(Flaw::Stale);
        }
        envelope.verify()
    }

    /// Opens an envelope of any age: an answer to catch-up, or evidence.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn open(&self, bytes: &[u8]) -> Result<Opened, Flaw> {
        self.parse(bytes)?.verify()
    }

    /// All checks but freshness and signature.
    fn parse<'a>(&'a self, bytes: &'a [u8]) -> Result<Unverified<'a>, Flaw> {
        if bytes.len() > self.max_payload.saturating_add(OVERHEAD) {
            return Err(Flaw::TooLarge);
        }
        let (version, rest) = bytes.split_first().ok_or(Flaw::Truncated)?;
        if *version != VERSION {
            return Err(Flaw::Version);
        }
        let (network, rest) = rest.split_first_chunk::<32>().ok_or(Flaw::Truncated)?;
        if *network != self.place {
            return Err(Flaw::WrongNetwork);
        }
        let (sender, rest) = rest.split_first_chunk::<KEY>().ok_or(Flaw::Truncated)?;
        let key = self.members.get(sender).ok_or(Flaw::UnknownSender)?;
        let (sent_at, rest) = rest.split_first_chunk::<8>().ok_or(Flaw::Truncated)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(Flaw::Truncated)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| Flaw::TooLarge)?;
        if length > self.max_payload {
            return Err(Flaw::TooLarge);
        }
        let (payload, signature) = rest.split_at_checked(length).ok_or(Flaw::Truncated)?;
        let (signature, trailing) = signature.split_first_chunk::<SIGNATURE>().ok_or(Flaw::Truncated)?;
        if !trailing.is_empty() {
            return Err(Flaw::TrailingBytes);
        }
        let (signed, _) = bytes.split_at_checked(HEADER + length).ok_or(Flaw::Truncated)?;
        let sent_at = u64::from_le_bytes(*sent_at);
        Ok(Unverified { tag: self.tag, sender: *sender, key, sent_at, payload, signed, signature })
    }
}

/// A well-formed envelope of a known sender whose signature is still to be checked.
struct Unverified<'a> {
    tag: &'static [u8],
    sender: [u8; KEY],
    key: &'a VerifyingKey,
    sent_at: u64,
    payload: &'a [u8],
    signed: &'a [u8],
    signature: &'a [u8; SIGNATURE],
}

impl Unverified<'_> {
    fn verify(self) -> Result<Opened, Flaw> {
        let signature = Signature::from_slice(self.signature).map_err(|_| Flaw::BadSignature)?;
        self.key.multipart_verify(&[self.tag, self.signed], &signature).map_err(|_| Flaw::BadSignature)?;
        Ok(Opened { sender: self.sender, sent_at: self.sent_at, payload: self.payload.to_vec() })
    }
}

/// Opens one envelope that any of `members` sealed for a domain other than a network, whatever its age. For many, keep an
/// [`Opener::in_domain`].
///
/// # Errors
/// The first check that fails. A key that is no point has sealed nothing.
pub fn open_in(
    domain: [u8; 32],
    members: impl IntoIterator<Item = [u8; KEY]>,
    bytes: &[u8],
    max_payload: usize,
) -> Result<Opened, Flaw> {
    // Only the key of the one that claims to be the sender is decompressed.
    let claimed = bytes.get(SENDER);
    let sender = members.into_iter().find(|key| claimed == Some(key.as_slice()));
    let mut opener = Opener::in_domain(domain, max_payload);
    if let Some(sender) = sender {
        opener.admit(sender).map_err(|_| Flaw::UnknownSender)?;
    }
    opener.open(bytes)
}

#[cfg(test)]
mod tests;
