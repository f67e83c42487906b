//! Names bound to the network: guardians of different networks never share a topic or a protocol.

use libp2p::StreamProtocol;
use libp2p::gossipsub::IdentTopic;

/// The one gossip topic, `guardian/<network id>/1`.
pub fn topic(network: &[u8; 32]) -> IdentTopic {
    IdentTopic::new(format!("guardian/{}/1", hex::encode(network)))
}

/// Name of the catch-up protocol, `/guardian/<network id>/catch-up/1`.
pub(crate) fn catch_up_protocol(network: &[u8; 32]) -> StreamProtocol {
    // The only way to fail is a name that does not start with a slash.
    StreamProtocol::try_from_owned(format!("/guardian/{}/catch-up/1", hex::encode(network)))
        .unwrap_or(StreamProtocol::new("/guardian/catch-up/1"))
}

/// What identify tells a peer about us, `guardian/<network id>/1`: how a misconfigured peer is told apart.
pub(crate) fn identify_protocol(network: &[u8; 32]) -> String {
    format!("guardian/{}/1", hex::encode(network))
}

#[cfg(test)]
mod tests;
