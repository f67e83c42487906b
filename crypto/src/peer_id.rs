//! PeerIds as the definition spells them, and the identity key inside: base58 of a multihash whose digest is the key
//! itself ("identity", for keys of at most 42 bytes).
//!
//! Source: libp2p specs, `peer-ids/peer-ids.md`.

use crate::Error;
use crate::envelope::KEY;

/// Before the key: multihash "identity" of 37 bytes, then the protobuf of a public key: its type (2, secp256k1) and its
/// 33 bytes.
const PREFIX: [u8; 6] = [0x00, 0x25, 0x08, 0x02, 0x12, 0x21];

/// Characters of the longest base58 text of 39 bytes.
const MAX_TEXT: usize = 54;

/// The secp256k1 key inside a PeerId, 33 bytes compressed. Whether it is a point of the curve is not checked.
///
/// # Errors
/// [`Error::PeerId`] for anything but the base58 text of such a PeerId.
pub fn identity_key(peer_id: &str) -> Result<[u8; KEY], Error> {
    let wrong = || Error::PeerId { text: peer_id.chars().take(MAX_TEXT).collect() };
    if peer_id.len() > MAX_TEXT {
        return Err(wrong());
    }
    let bytes = bs58::decode(peer_id).into_vec().map_err(|_| wrong())?;
    let key = bytes.strip_prefix(&PREFIX).ok_or_else(wrong)?;
    key.try_into().map_err(|_| wrong())
}

/// The PeerId of an identity key.
pub fn peer_id(key: &[u8; KEY]) -> String {
    bs58::encode([PREFIX.as_slice(), key].concat()).into_string()
}

#[cfg(test)]
mod tests;
