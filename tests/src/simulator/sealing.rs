//! Sealing and opening, symbolically: an envelope names its author, and only [`seal`] makes one.
//!
//! The liar's code gets its own index to seal with and no other, so it can replay and hide but not forge; that is what
//! real signatures give.

use guardian_core::Event;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::{Envelope, Message, WireMessage};

/// Seals a message: two bytes of author, eight of nonce, then the real wire bytes.
pub fn seal(author: GuardianIndex, nonce: u64, message: Message) -> Envelope {
    seal_bytes(author, nonce, &WireMessage::V1(message).encode())
}

/// Seals anything, as a liar may.
pub fn seal_bytes(author: GuardianIndex, nonce: u64, payload: &[u8]) -> Envelope {
    let mut sealed = author.0.to_le_bytes().to_vec();
    sealed.extend(nonce.to_le_bytes());
    sealed.extend(payload);
    Envelope(sealed)
}

/// What the edge of a guardian makes of sealed bytes.
pub fn open(envelope: &Envelope) -> Event {
    let Some((from, payload)) = split(envelope) else {
        return Event::GarbageReceived { from: GuardianIndex(0) };
    };
    let Some(message) = WireMessage::decode(payload) else { return Event::GarbageReceived { from } };
    match message {
        Message::Certificate(certificate) => {
            let approvals: Option<Vec<_>> = certificate
                .approvals
                .into_iter()
                .map(|sealed| {
                    let (author, payload) = split(&sealed)?;
                    let Some(Message::Vote(vote)) = WireMessage::decode(payload) else { return None };
                    Some((author, vote, sealed))
                })
                .collect();
            match approvals {
                Some(approvals) => Event::CertificateReceived {
                    from,
                    proposal: certificate.proposal,
                    approvals,
                    envelope: envelope.clone(),
                },
                None => Event::GarbageReceived { from },
            }
        }
        message => Event::MessageReceived { from, message, envelope: envelope.clone() },
    }
}

fn split(envelope: &Envelope) -> Option<(GuardianIndex, &[u8])> {
    let (author, rest) = envelope.0.split_at_checked(2)?;
    let (_nonce, payload) = rest.split_at_checked(8)?;
    Some((GuardianIndex(u16::from_le_bytes(author.try_into().ok()?)), payload))
}
