use super::{ClockHints, HINT_EVERY, said};
use crate::metrics::Metrics;
use crate::node::Directory;
use crypto::exit::VoluntaryExit;
use crypto::spec::{BlsPubkey, Epoch, Slot, ValidatorIndex};
use guardian_core::Event;
use guardian_core::guardian_set::{GuardianIndex, GuardianSetEpoch};
use guardian_core::message::{Certificate, Decision, Envelope, Message, Vote, WireMessage};
use guardian_core::proposal::{ExitProposal, Origin, ProposalId};
use p2p::Rejection;
use p2p::envelope::{Opener, Sealer};
use p2p::identity::Keypair;
use std::time::{Duration, Instant};

const NETWORK: [u8; 32] = [5; 32];

/// Three guardians of one network, ourselves being the first.
struct Set {
    keys: Vec<Keypair>,
    directory: Directory,
    opener: Opener,
    metrics: Metrics,
}

impl Set {
    fn new() -> Self {
        let keys: Vec<_> = (0..3).map(|_| Keypair::generate_secp256k1()).collect();
        let peers: Vec<_> = keys.iter().map(|key| key.public().to_peer_id()).collect();
        let members = peers.iter().copied().zip((1..).map(GuardianIndex));
        let directory = Directory::of(members, GuardianIndex(1));
        let opener = Opener::new(NETWORK, peers, 48 * 1024).unwrap();
        Self { keys, directory, opener, metrics: Metrics::new().0 }
    }

    fn seal(&self, author: usize, message: Message) -> Vec<u8> {
        seal(&self.keys[author], NETWORK, message)
    }

    fn said(&self, from: u16, payload: &[u8]) -> Event {
        let open = |bytes: &[u8]| self.opener.open(bytes);
        said(GuardianIndex(from), payload, vec![1, 2, 3], &self.directory, &self.metrics, &open)
    }

    /// What becomes of a certificate with these approvals.
    fn certified(&self, approvals: Vec<Vec<u8>>) -> Vec<(GuardianIndex, Vote)> {
        let approvals = approvals.into_iter().map(Envelope).collect();
        let certificate = Message::Certificate(Certificate { proposal: proposal(), approvals });
        let event = self.said(2, &WireMessage::V1(certificate).encode());
        let Event::CertificateReceived { from, proposal: got, approvals, envelope } = event else {
            panic!("{event:?}")
        };
        assert_eq!((from, got, envelope), (GuardianIndex(2), proposal(), Envelope(vec![1, 2, 3])));
        approvals.into_iter().map(|(author, vote, _)| (author, vote)).collect()
    }
}

fn seal(key: &Keypair, network: [u8; 32], message: Message) -> Vec<u8> {
    Sealer::new(key, network).unwrap().seal(&WireMessage::V1(message).encode(), 1_700_000_000)
}

fn proposal() -> ExitProposal {
    ExitProposal {
        guardian_set_epoch: GuardianSetEpoch(0),
        pubkey: BlsPubkey([2; 48]),
        key_set: crypto::keys::KeySetId([3; 32]),
        origin: Origin::Offline { dark_from: Epoch(4), dark_to: Epoch(6) },
        exit: VoluntaryExit { epoch: Epoch(6), validator_index: ValidatorIndex(1) },
        opened: Slot(60),
        expires: Slot(90),
    }
}

fn vote() -> Vote {
    Vote { proposal: ProposalId([4; 32]), revision: 0, decision: Decision::Approve }
}

#[test]
fn a_message_arrives_with_its_author_and_its_envelope() {
    let set = Set::new();
    let payload = WireMessage::V1(Message::Vote(vote())).encode();
    let expected = Event::MessageReceived {
        from: GuardianIndex(3),
        message: Message::Vote(vote()),
        envelope: Envelope(vec![1, 2, 3]),
    };
    assert_eq!(set.said(3, &payload), expected);
}

#[test]
fn what_is_no_message_is_garbage_of_its_author() {
    let set = Set::new();
    let mut trailing = WireMessage::V1(Message::Vote(vote())).encode();
    trailing.push(0);
    let mut unknown_version = trailing.clone();
    unknown_version[0] = 0xff;
    for payload in [&[][..], &[0x00, 0xff], b"hello", &trailing, &unknown_version] {
        assert_eq!(set.said(3, payload), Event::GarbageReceived { from: GuardianIndex(3) }, "{payload:?}");
    }
}

#[test]
fn sealed_approvals_arrive_under_the_name_of_those_who_sealed_them() {
    let set = Set::new();
    let approvals = vec![set.seal(2, Message::Vote(vote())), set.seal(0, Message::Vote(vote()))];
    assert_eq!(set.certified(approvals), [(GuardianIndex(3), vote()), (GuardianIndex(1), vote())]);
}

#[test]
fn forged_approvals_do_not_arrive() {
    let set = Set::new();
    let good = set.seal(0, Message::Vote(vote()));
    let mut altered = good.clone();
    // In the payload: the signature no longer covers it.
    altered[p2p::envelope::HEADER + 5] ^= 1;
    let stranger = Keypair::generate_secp256k1();
    let forged = [
        altered,
        good[..good.len() - 1].to_vec(),
        Vec::new(),
        seal(&stranger, NETWORK, Message::Vote(vote())),
        seal(&set.keys[1], [6; 32], Message::Vote(vote())),
        set.seal(1, Message::Proposal(proposal())),
        Sealer::new(&set.keys[1], NETWORK).unwrap().seal(b"hello", 1_700_000_000),
    ];
    for (number, bytes) in forged.into_iter().enumerate() {
        let approvals = set.certified(vec![bytes, good.clone()]);
        assert_eq!(approvals, [(GuardianIndex(1), vote())], "forgery {number} got through");
    }
}

#[test]
fn no_more_approvals_are_opened_than_there_are_guardians() {
    let set = Set::new();
    let opened = std::cell::Cell::new(0);
    let open = |bytes: &[u8]| {
        opened.set(opened.get() + 1);
        set.opener.open(bytes)
    };
    let approvals = vec![Envelope(set.seal(1, Message::Vote(vote()))); 50];
    let payload =
        WireMessage::V1(Message::Certificate(Certificate { proposal: proposal(), approvals })).encode();
    let event = said(GuardianIndex(2), &payload, vec![1], &set.directory, &set.metrics, &open);
    assert!(matches!(event, Event::CertificateReceived { .. }));
    assert_eq!(opened.get(), 3);
}

#[test]
fn a_clock_that_is_off_is_hinted_at_but_not_with_every_message() {
    let (mut hints, start) = (ClockHints::default(), Instant::now());
    assert!(!hints.is_due(Rejection::BadSignature, start), "says nothing of clocks");
    assert!(hints.is_due(Rejection::Stale, start));
    assert!(!hints.is_due(Rejection::FromFuture, start + HINT_EVERY - Duration::from_secs(1)));
    assert!(hints.is_due(Rejection::FromFuture, start + HINT_EVERY));
}
