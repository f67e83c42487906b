use super::*;
use crate::emergency::{Emergency, Proof, Raiser, Severity};
use crate::guardian_set::GuardianSetEpoch;
use crate::scene::emergencies::emergency;
use crate::scene::{BOB, proposal_at};
use crypto::execution::Address;
use crypto::spec::{Epoch, Root};
use crypto::typed_data::AccountSignature;
use proptest::prelude::*;

/// One line a message: name, space, hex. These bytes are what other versions speak; they never change.
const GOLDEN: &str = include_str!("golden.txt");

/// One of each kind, every decision and reason among them. Fixed keys, so that the bytes are fixed.
fn samples() -> Vec<(String, Message)> {
    let mut proposal = proposal_at(36);
    proposal.pubkey = crypto::spec::BlsPubkey([0xaa; 48]);
    proposal.key_set = crypto::keys::KeySetId([0xbb; 32]);
    let heartbeat = Heartbeat {
        guardian_set_epoch: GuardianSetEpoch(1),
        slot: Slot(0x0102_0304_0506_0708),
        head: Slot(3),
        finalized: Checkpoint { epoch: Epoch(4), root: Root([5; 32]) },
        version: "0.1.0".to_owned(),
        enforces: Enforces { offline: true, tickets: false, balance: true, emergency: false },
        shares: 6,
        clients: Clients { beacon: vec!["lighthouse".to_owned()], execution: vec!["geth".to_owned()] },
    };
    let wish = Wish { guardian_set_epoch: GuardianSetEpoch(1), revision: 2, paused: true };
    let certificate = Certificate {
        proposal: proposal.clone(),
        approvals: vec![Envelope(vec![1, 2, 3]), Envelope(vec![4])],
    };
    let partial = Partial {
        proposal: ProposalId([7; 32]),
        index: ShareIndex::new(8).unwrap(),
        signature: SignatureShare([9; 192]),
    };
    let raised = Raised {
        emergency: Emergency {
            raiser: Raiser::Account { proposer: Address([0xdd; 20]) },
            ..emergency(BOB, &[3, 1_000_000], Severity::Urgent)
        },
        proof: Proof::Signature(AccountSignature([9; 65])),
    };
    let mut samples = vec![
        ("heartbeat".to_owned(), Message::Heartbeat(heartbeat)),
        ("proposal".to_owned(), Message::Proposal(proposal)),
        ("certificate".to_owned(), Message::Certificate(certificate)),
        ("partial".to_owned(), Message::Partial(partial)),
        ("wish".to_owned(), Message::Wish(wish)),
        ("emergency".to_owned(), Message::Emergency(raised.clone())),
        ("emergency_certificate".to_owned(), {
            let approvals = vec![Envelope(vec![1, 2, 3]), Envelope(vec![4])];
            Message::EmergencyCertificate(EmergencyCertificate { raised, approvals })
        }),
        ("cancellation".to_owned(), {
            let proof = Proof::Signature(AccountSignature([8; 65]));
            Message::Cancellation(Cancellation { emergency: ProposalId([1; 32]), proof })
        }),
    ];
    let reasons = [
        RejectReason::AttestedWhileAccused,
        RejectReason::Attesting,
        RejectReason::NotDue,
        RejectReason::NotExitable,
        RejectReason::Mismatch,
        RejectReason::Superseded,
        RejectReason::Funded,
        RejectReason::Restored,
        RejectReason::Operator,
    ];
    let mut decisions = vec![("approve".to_owned(), Decision::Approve)];
    for reason in reasons {
        decisions.push((format!("reject_{reason:?}"), Decision::Reject(reason)));
        decisions.push((format!("withdraw_{reason:?}"), Decision::Withdraw(reason)));
    }
    for (name, decision) in decisions {
        let vote = Vote { proposal: ProposalId([1; 32]), revision: 2, decision };
        samples.push((format!("vote_{name}"), Message::Vote(vote)));
    }
    samples
}

#[test]
fn wire_bytes_are_golden_and_read_back() {
    let lines: Vec<_> = samples()
        .into_iter()
        .map(|(name, message)| {
            let bytes = WireMessage::V1(message.clone()).encode();
            assert_eq!(WireMessage::decode(&bytes), Some(message), "{name}");
            format!("{name} {}", hex::encode(bytes))
        })
        .collect();
    assert_eq!(lines, GOLDEN.lines().collect::<Vec<_>>());
}

#[test]
fn truncated_or_longer_bytes_are_no_message() {
    for (name, message) in samples() {
        let bytes = WireMessage::V1(message).encode();
        for length in 0..bytes.len() {
            assert_eq!(WireMessage::decode(&bytes[..length]), None, "{name} cut to {length}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(WireMessage::decode(&longer), None, "{name} and a byte more");
        let mut other_version = bytes;
        other_version[0] = 1;
        assert_eq!(WireMessage::decode(&other_version), None, "{name} of another version");
    }
}

#[test]
fn what_is_too_long_is_no_message() {
    let heartbeat = |length| {
        let Some((_, Message::Heartbeat(heartbeat))) = samples().into_iter().next() else { unreachable!() };
        WireMessage::V1(Message::Heartbeat(Heartbeat { version: "v".repeat(length), ..heartbeat })).encode()
    };
    assert!(WireMessage::decode(&heartbeat(MAX_VERSION)).is_some());
    assert!(WireMessage::decode(&heartbeat(MAX_VERSION + 1)).is_none());
    let certificate = |count, length| {
        let approvals = vec![Envelope(vec![0; length]); count];
        WireMessage::V1(Message::Certificate(Certificate { proposal: proposal_at(36), approvals })).encode()
    };
    assert!(WireMessage::decode(&certificate(3, MAX_SEALED_VOTE)).is_some());
    assert!(WireMessage::decode(&certificate(3, MAX_SEALED_VOTE + 1)).is_none());
    assert!(WireMessage::decode(&certificate(MAX_APPROVALS, 300)).is_some());
    assert!(WireMessage::decode(&certificate(MAX_APPROVALS + 1, 300)).is_none());
    assert!(WireMessage::decode(&certificate(MAX_APPROVALS, MAX_SEALED_VOTE)).is_none(), "over MAX_MESSAGE");
}

#[test]
fn envelopes_do_not_fill_the_log() {
    assert_eq!(format!("{:?}", Envelope(vec![0; 300])), "Envelope(300 bytes)");
}

proptest! {
    /// Whatever decodes is what would have been encoded: one message, one encoding.
    #[test]
    fn decoding_is_strict(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), pick: prop::sample::Index) {
        let samples = samples();
        let mut bytes = WireMessage::V1(pick.get(&samples).1.clone()).encode();
        for (place, value) in flips {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Some(message) = WireMessage::decode(&bytes) {
            prop_assert_eq!(WireMessage::V1(message).encode(), bytes);
        }
    }

    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Some(message) = WireMessage::decode(&bytes) {
            prop_assert_eq!(WireMessage::V1(message).encode(), bytes);
        }
    }
}
