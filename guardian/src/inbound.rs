//! What other guardians sent, as the core's events.
//!
//! The network layer has checked envelope, sender, network and freshness. Here PeerIds become guardian indices, bytes
//! become messages, and the sealed approvals inside a certificate are opened and checked one by one, so that the core
//! never sees a vote that its author did not seal.

use crate::ceremonies::Asked;
use crate::metrics::Metrics;
use crate::node::{Arrival, Directory, Reply};
use crate::press::{self, Offered};
use guardian_core::Event;
use guardian_core::event::RequestId;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::message::{Envelope, Message, Vote, WireMessage};
use p2p::{Inbound, Opened, Rejection};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tracing::{debug, warn};

/// Least time between two hints that clocks may differ.
const HINT_EVERY: Duration = Duration::from_secs(600);

/// Opens sealed envelopes of this network, whatever their age: [`p2p::Network::open_sealed`].
pub type Open<'a> = &'a dyn Fn(&[u8]) -> Result<Opened, Rejection>;

/// Carries what the network hands over into the inbox until either side is closed.
pub async fn run(
    network: p2p::Network,
    mut inbound: mpsc::Receiver<Inbound>,
    directory: Directory,
    metrics: Metrics,
    (asked, offers): (mpsc::Sender<Asked>, mpsc::Sender<Offered>),
    inbox: mpsc::Sender<Arrival>,
) {
    let mut requests = 0;
    let mut hints = ClockHints::default();
    while let Some(item) = inbound.recv().await {
        let item = match item {
            // What a full queue refuses is declined; whoever asked asks again.
            Inbound::Asked { from, request, token } if press::is_for_press(&request) => {
                let _ = offers.try_send(Offered { from, request, token });
                continue;
            }
            Inbound::Asked { from, request, token } => {
                let _ = asked.try_send(Asked { from, request, token });
                continue;
            }
            other => other,
        };
        // Opening a certificate of a hundred approvals takes milliseconds; the place comes first so that a full
        // inbox makes this task wait and the network's bounded queue drop, not pile up.
        let Ok(place) = inbox.reserve().await else { return };
        let open = |bytes: &[u8]| network.open_sealed(bytes);
        // Beside what is asked in ceremonies, the network layer speaks to members only: every PeerId is known.
        let arrival = match item {
            Inbound::Message { sender, payload, envelope } => {
                let Some(from) = directory.index(&sender) else { continue };
                said(from, &payload, envelope, &directory, &metrics, &open).into()
            }
            Inbound::CatchUpRequested { from, token } => {
                let Some(from) = directory.index(&from) else { continue };
                requests += 1;
                let request = RequestId(requests);
                Arrival {
                    event: Event::CatchUpRequested { from, request },
                    reply: Some(Reply::CatchUp(request, token)),
                }
            }
            // Taken above.
            Inbound::Asked { .. } => continue,
            Inbound::Connected(peer) => {
                let Some(peer) = directory.index(&peer) else { continue };
                Event::PeerConnected(peer).into()
            }
            Inbound::Disconnected(peer) => {
                let Some(peer) = directory.index(&peer) else { continue };
                Event::PeerDisconnected(peer).into()
            }
            Inbound::Refused { peer, reason } => {
                // Counted by the network layer already.
                let guardian = peer.as_ref().and_then(|peer| directory.index(peer));
                if let Some(guardian) = guardian.filter(|_| hints.is_due(reason, Instant::now())) {
                    warn!(
                        guardian = guardian.0,
                        code = reason.code(),
                        "messages refused for their time: check this machine's clock, then that guardian's"
                    );
                }
                let guardian = guardian.map(|index| index.0);
                debug!(guardian, peer = peer.map(tracing::field::display), code = reason.code(), "refused");
                continue;
            }
        };
        place.send(arrival);
    }
}

/// When the operator was last told that clocks may differ.
#[derive(Debug, Default)]
struct ClockHints(Option<Instant>);

impl ClockHints {
    /// Whether a refusal points to a clock and the last hint is long enough ago; remembers it as given then.
    fn is_due(&mut self, reason: Rejection, now: Instant) -> bool {
        let points = matches!(reason, Rejection::Stale | Rejection::FromFuture);
        let due = points && self.0.is_none_or(|last| now.saturating_duration_since(last) >= HINT_EVERY);
        if due {
            self.0 = Some(now);
        }
        due
    }
}

/// What `from` said with a payload that came in `envelope`. Own messages take this path too.
pub fn said(
    from: GuardianIndex,
    payload: &[u8],
    envelope: Vec<u8>,
    directory: &Directory,
    metrics: &Metrics,
    open: Open<'_>,
) -> Event {
    let envelope = Envelope(envelope);
    match WireMessage::decode(payload) {
        None => Event::GarbageReceived { from },
        Some(Message::Certificate(certificate)) => {
            let approvals = open_approvals(&certificate.approvals, directory, metrics, open);
            Event::CertificateReceived { from, proposal: certificate.proposal, approvals, envelope }
        }
        Some(Message::EmergencyCertificate(certificate)) => {
            let approvals = open_approvals(&certificate.approvals, directory, metrics, open);
            Event::EmergencyCertificateReceived { from, raised: certificate.raised, approvals, envelope }
        }
        Some(message) => Event::MessageReceived { from, message, envelope },
    }
}

/// The approvals that their authors did seal; the others are counted. Work is bounded: a certificate with more approvals
/// than the set has members is not opened beyond that number, the rest counts as refused.
fn open_approvals(
    sealed: &[Envelope],
    directory: &Directory,
    metrics: &Metrics,
    open: Open<'_>,
) -> Vec<(GuardianIndex, Vote, Envelope)> {
    let approvals: Vec<_> = sealed
        .iter()
        .take(directory.len())
        .filter_map(|sealed| {
            let opened = open(&sealed.0).ok()?;
            let author = directory.index(&opened.sender)?;
            match WireMessage::decode(&opened.payload)? {
                Message::Vote(vote) => Some((author, vote, sealed.clone())),
                Message::Heartbeat(_)
                | Message::Proposal(_)
                | Message::Certificate(_)
                | Message::Partial(_)
                | Message::Emergency(_)
                | Message::Cancellation(_)
                | Message::EmergencyCertificate(_)
                | Message::Wish(_)
                | Message::Signing(_)
                | Message::Readiness(_) => None,
            }
        })
        .collect();
    for _ in approvals.len()..sealed.len() {
        metrics.false_approval();
    }
    approvals
}

#[cfg(test)]
mod tests;
