//! Sealing and opening, symbolically: an envelope names its author, and only [`seal`] makes one.
//!
//! The liar's code gets its own index to seal with and no other, so it can replay and hide but not forge; that is what
//! real signatures give.

use guardian_core::Event;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::{Envelope, Message, Vote, WireMessage};

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
    let envelope = envelope.clone();
    match message {
        Message::Certificate(certificate) => match opened(certificate.approvals) {
            Some(approvals) => {
                Event::CertificateReceived { from, proposal: certificate.proposal, approvals, envelope }
            }
            None => Event::GarbageReceived { from },
        },
        Message::EmergencyCertificate(certificate) => match opened(certificate.approvals) {
            Some(approvals) => {
                let raised = certificate.raised;
                Event::EmergencyCertificateReceived { from, raised, approvals, envelope }
            }
            None => Event::GarbageReceived { from },
        },
        message => Event::MessageReceived { from, message, envelope },
    }
}

/// The votes that are sealed in a certificate; None when something else is.
fn opened(approvals: Vec<Envelope>) -> Option<Vec<(GuardianIndex, Vote, Envelope)>> {
    let open = |sealed: Envelope| {
        let (author, vote) = vote(&sealed)?;
        Some((author, vote, sealed))
    };
    approvals.into_iter().map(open).collect()
}

/// A sealed vote with its author; None of anything else.
pub fn vote(sealed: &Envelope) -> Option<(GuardianIndex, Vote)> {
    let (author, payload) = split(sealed)?;
    let Some(Message::Vote(vote)) = WireMessage::decode(payload) else { return None };
    Some((author, vote))
}

fn split(envelope: &Envelope) -> Option<(GuardianIndex, &[u8])> {
    let (author, rest) = envelope.0.split_at_checked(2)?;
    let (_nonce, payload) = rest.split_at_checked(8)?;
    Some((GuardianIndex(u16::from_le_bytes(author.try_into().ok()?)), payload))
}
