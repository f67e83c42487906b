//! What we know of each peer's connection: when to dial it again, whether it listens to us, what it owes. Pure: time
//! and randomness are arguments.

use crate::config::{Limits, Peer};
use crate::rate::Bucket;
use libp2p::{Multiaddr, PeerId};
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

/// After this long a second connection means that the peer lost the first, or that its identity is used twice;
/// before, that both sides dialled at once.
const SIMULTANEOUS: Duration = Duration::from_secs(5);

/// A link that stood this long starts again with the shortest wait.
const STABLE: Duration = Duration::from_secs(10);

/// Penalty points for one misdeed, and the most a peer can owe. The graylist begins at 100 points, so four misdeeds in
/// short order silence a peer, and two half-lives later at most it is heard again.
const MISDEED: f64 = 25.0;
const MOST_PENALTY: f64 = 400.0;

/// One peer.
#[derive(Debug)]
pub(crate) struct Link {
    addresses: Vec<Multiaddr>,
    state: State,
    failures: u32,
    penalty: f64,
    slow: u32,
    relays: Bucket,
    authors: Bucket,
    catch_ups: Bucket,
    /// Asks of ours, and the peer's.
    asking: Bucket,
    asked: Bucket,
    guest: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting { until: Instant },
    Dialing,
    Connected { since: Instant, subscribed: bool },
}

/// All peers of the set, and the guests.
#[derive(Debug)]
pub(crate) struct Links {
    links: HashMap<PeerId, Link>,
    /// Messages a link may carry: burst, and a second.
    relays: (u32, u32),
    limits: Limits,
}

/// Who became a guest, and who is none any more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) admitted: Vec<PeerId>,
    pub(crate) dismissed: Vec<PeerId>,
}

impl Links {
    /// Every peer is due to be dialled now.
    pub(crate) fn new(peers: Vec<Peer>, limits: &Limits, now: Instant) -> Links {
        // A link carries what every guardian says, ourselves included; `check` bounds the number of peers by 128.
        let members = u32::try_from(peers.len()).unwrap_or(u32::MAX).saturating_add(1);
        let relays = (
            limits.message_burst.saturating_mul(members),
            limits.messages_per_second.saturating_mul(members),
        );
        let mut links = Links { links: HashMap::new(), relays, limits: limits.clone() };
        for peer in peers {
            links.insert(peer, false, now);
        }
        links
    }

    fn insert(&mut self, peer: Peer, guest: bool, now: Instant) {
        let limits = &self.limits;
        let link = Link {
            addresses: peer.addresses,
            state: State::Waiting { until: now },
            failures: 0,
            penalty: 0.0,
            slow: 0,
            relays: Bucket::per_second(self.relays.0, self.relays.1, now),
            authors: Bucket::per_second(limits.message_burst, limits.messages_per_second, now),
            catch_ups: Bucket::new(3, limits.catch_up_interval, now),
            // Half of the burst, so that what a slow line delivers at once is not too much for the peer.
            asking: Bucket::per_second(limits.ask_burst.div_ceil(2), limits.asks_per_second, now),
            asked: Bucket::per_second(limits.ask_burst, limits.asks_per_second, now),
            guest,
        };
        self.links.insert(peer.peer_id, link);
    }

    /// Replaces the guests; new ones are due to be dialled now. A member stays as it is.
    pub(crate) fn admit(&mut self, guests: Vec<Peer>, now: Instant) -> Changes {
        let listed: HashSet<_> = guests.iter().map(|guest| guest.peer_id).collect();
        let gone = |(peer, link): (&PeerId, &Link)| (link.guest && !listed.contains(peer)).then_some(*peer);
        let dismissed: Vec<_> = self.links.iter().filter_map(gone).collect();
        for peer in &dismissed {
            self.links.remove(peer);
        }
        let mut admitted = Vec::new();
        for guest in guests {
            match self.links.get_mut(&guest.peer_id) {
                Some(link) if link.guest => link.addresses = guest.addresses,
                Some(_) => {}
                None => {
                    admitted.push(guest.peer_id);
                    self.insert(guest, true, now);
                }
            }
        }
        Changes { admitted, dismissed }
    }

    /// Members and guests.
    pub(crate) fn len(&self) -> usize {
        self.links.len()
    }

    /// Whether the peer is a guest.
    pub(crate) fn is_guest(&self, peer: &PeerId) -> bool {
        self.links.get(peer).is_some_and(|link| link.guest)
    }

    /// Whether the peer is a member or a guest.
    pub(crate) fn is_known(&self, peer: &PeerId) -> bool {
        self.links.contains_key(peer)
    }

    /// How many guests are connected.
    pub(crate) fn guests_connected(&self) -> u64 {
        let connected = |link: &&Link| link.guest && matches!(link.state, State::Connected { .. });
        self.links.values().filter(connected).map(|_| 1).sum()
    }

    /// Peers to dial now, with their addresses; each counts as being dialled from here on.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<(PeerId, Vec<Multiaddr>)> {
        let waiting = |link: &Link| matches!(link.state, State::Waiting { until } if until <= now);
        self.links
            .iter_mut()
            .filter(|(_, link)| !link.addresses.is_empty() && waiting(link))
            .map(|(peer, link)| {
                link.state = State::Dialing;
                (*peer, link.addresses.clone())
            })
            .collect()
    }

    /// Connected members that did not subscribe in time. Guests have nothing to subscribe to.
    pub(crate) fn unsubscribed(&self, now: Instant) -> Vec<PeerId> {
        let overdue = |link: &Link| {
            !link.guest
                && matches!(link.state, State::Connected { since, subscribed: false }
                if now.saturating_duration_since(since) >= self.limits.subscribe_timeout)
        };
        self.links.iter().filter(|(_, link)| overdue(link)).map(|(peer, _)| *peer).collect()
    }

    /// A connection was established. Says whether it replaces an old one, which the peer must have lost.
    pub(crate) fn established(&mut self, peer: &PeerId, now: Instant) -> bool {
        let Some(link) = self.links.get_mut(peer) else { return false };
        match link.state {
            State::Connected { since, .. } => now.saturating_duration_since(since) >= SIMULTANEOUS,
            State::Waiting { .. } | State::Dialing => {
                link.state = State::Connected { since: now, subscribed: false };
                link.slow = 0;
                false
            }
        }
    }

    /// The peer subscribed to our topic. Says whether that is new.
    pub(crate) fn subscribed(&mut self, peer: &PeerId) -> bool {
        match self.links.get_mut(peer).map(|link| &mut link.state) {
            Some(State::Connected { subscribed, .. }) => !std::mem::replace(subscribed, true),
            Some(State::Waiting { .. } | State::Dialing) | None => false,
        }
    }

    /// The last connection is gone. Says whether the peer was subscribed. `jitter` is between 0 and 1.
    pub(crate) fn closed(&mut self, peer: &PeerId, now: Instant, jitter: f64) -> bool {
        let Some(link) = self.links.get_mut(peer) else { return false };
        let (stable, was_subscribed) = match link.state {
            State::Connected { since, subscribed } => {
                let useful = subscribed || link.guest;
                (useful && now.saturating_duration_since(since) >= STABLE, subscribed)
            }
            State::Waiting { .. } | State::Dialing => (false, false),
        };
        if stable {
            link.failures = 0;
        }
        self.wait(peer, now, jitter);
        was_subscribed
    }

    /// Dialling failed. A connection the other way round may stand nonetheless.
    pub(crate) fn dial_failed(&mut self, peer: &PeerId, now: Instant, jitter: f64) {
        if self.links.get(peer).is_some_and(|link| link.state == State::Dialing) {
            self.wait(peer, now, jitter);
        }
    }

    fn wait(&mut self, peer: &PeerId, now: Instant, jitter: f64) {
        let Some(link) = self.links.get_mut(peer) else { return };
        let delay = redial_delay(self.limits.redial_min, self.limits.redial_max, link.failures, jitter);
        link.state = State::Waiting { until: now + delay };
        link.failures = link.failures.saturating_add(1);
    }

    /// Whether the peer is connected and subscribed.
    pub(crate) fn is_subscribed(&self, peer: &PeerId) -> bool {
        self.links
            .get(peer)
            .is_some_and(|link| matches!(link.state, State::Connected { subscribed: true, .. }))
    }

    /// Whether the link may carry one more message, whoever is its author.
    pub(crate) fn may_relay(&mut self, peer: &PeerId, now: Instant) -> bool {
        self.links.get_mut(peer).is_some_and(|link| link.relays.take(now))
    }

    /// Whether the peer may author one more message.
    pub(crate) fn may_author(&mut self, peer: &PeerId, now: Instant) -> bool {
        self.links.get_mut(peer).is_some_and(|link| link.authors.take(now))
    }

    /// Whether the peer may ask for one more catch-up.
    pub(crate) fn may_catch_up(&mut self, peer: &PeerId, now: Instant) -> bool {
        self.links.get_mut(peer).is_some_and(|link| link.catch_ups.take(now))
    }

    /// Whether the pace allows to send the peer one more ask.
    pub(crate) fn may_send_ask(&mut self, peer: &PeerId, now: Instant) -> bool {
        self.links.get_mut(peer).is_some_and(|link| link.asking.take(now))
    }

    /// Whether the peer may send us one more ask.
    pub(crate) fn may_be_asked(&mut self, peer: &PeerId, now: Instant) -> bool {
        self.links.get_mut(peer).is_some_and(|link| link.asked.take(now))
    }

    /// Our queue to the peer was full for one more gossip heartbeat. Says whether that is so often (ten times in one
    /// connection) that only a new connection can help.
    pub(crate) fn slow(&mut self, peer: &PeerId) -> bool {
        let Some(link) = self.links.get_mut(peer) else { return false };
        link.slow += 1;
        link.slow.is_multiple_of(10)
    }

    /// Adds a misdeed. Returns what the peer owes now. A guest owes nothing: there is no gossip of it to silence.
    pub(crate) fn penalise(&mut self, peer: &PeerId) -> Option<f64> {
        let link = self.links.get_mut(peer).filter(|link| !link.guest)?;
        link.penalty = (link.penalty + MISDEED).min(MOST_PENALTY);
        Some(link.penalty)
    }

    /// Lets penalties decay over `passed`. Returns every peer that owed something, with what is left of it.
    pub(crate) fn forgive(&mut self, passed: Duration) -> Vec<(PeerId, f64)> {
        let kept = 0.5f64.powf(passed.as_secs_f64() / self.limits.penalty_half_life.as_secs_f64());
        self.links
            .iter_mut()
            .filter(|(_, link)| link.penalty > 0.0)
            .map(|(peer, link)| {
                link.penalty *= kept;
                if link.penalty < 1.0 {
                    link.penalty = 0.0;
                }
                (*peer, link.penalty)
            })
            .collect()
    }
}

/// Wait before the next dial: doubles with each failure up to `max`, then takes between half and all of it, so that
/// guardians that lost each other at the same moment do not dial in step.
fn redial_delay(min: Duration, max: Duration, failures: u32, jitter: f64) -> Duration {
    let doubled = min.saturating_mul(2u32.saturating_pow(failures.min(31))).min(max);
    doubled.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests;
