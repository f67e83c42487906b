use super::*;
use crate::event::{ExecutionHealth, Liveness, NodeHealth, PostOutcome, RequestId};
use crate::message::{Certificate, Decision, Partial, RejectReason, Vote};
use crate::message::{Clients, Enforces};
use crate::proposal::{Origin, State};
use crate::registration::{JudgedEvent, ScanReport};
use crate::scene::operators;
use crate::scene::{
    BOB, CAROL, DUE_SLOT, Scene, definition, envelope, faults, proposal_at, pubkey, said, validator,
};
use crypto::execution::Tickets;
use crypto::exit::VoluntaryExit;
use crypto::partial::SignatureShare;
use crypto::spec::{BlsSignature, Checkpoint, Epoch, Root, ValidatorIndex};
use crypto::threshold::ShareIndex;
use proptest::prelude::*;

#[test]
fn who_is_no_member_is_not_heard() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    scene.take();
    for from in [GuardianIndex(0), GuardianIndex(5), GuardianIndex(u16::MAX)] {
        scene.feed(Event::GarbageReceived { from });
        scene.hear(from, Message::Proposal(proposal_at(DUE_SLOT.0)));
        scene.feed(Event::PeerConnected(from));
        scene.feed(Event::PeerDisconnected(from));
        let approvals = Vec::new();
        let (proposal, envelope) = (proposal_at(DUE_SLOT.0), envelope(BOB, 0));
        scene.feed(Event::CertificateReceived { from, proposal, approvals, envelope });
    }
    assert!(scene.take().is_empty());
}

#[test]
fn garbage_is_counted_and_written_once() {
    let mut scene = Scene::new();
    (0..3).for_each(|_| scene.feed(Event::GarbageReceived { from: CAROL }));
    assert_eq!(faults(&scene.take()), [(CAROL, "garbage"); 3]);
    assert_eq!(scene.journal.len(), 1);
    assert_eq!(scene.guardian.status().faults.len(), 1);
}

/// Whoever makes up ids could otherwise fill the journal with faults.
#[test]
fn faults_about_made_up_proposals_are_written_once() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    let written = scene.journal.len();
    for salt in 0..50 {
        let mut malformed = proposal_at(DUE_SLOT.0);
        malformed.expires.0 += 1 + salt;
        scene.hear(BOB, Message::Proposal(malformed));
    }
    assert_eq!(faults(&scene.take()).len(), 50);
    assert_eq!(scene.journal.len(), written + 1);
}

#[test]
fn heartbeats_are_kept_with_our_slot_and_of_our_epoch_only() {
    let mut scene = Scene::new();
    scene.slot(9);
    let heartbeat = |epoch| Heartbeat {
        guardian_set_epoch: GuardianSetEpoch(epoch),
        slot: Slot(9),
        head: Slot(7),
        finalized: Checkpoint { epoch: Epoch(0), root: Root([0; 32]) },
        version: "1".to_owned(),
        enforces: Enforces::default(),
        shares: 3,
        clients: Clients::default(),
    };
    scene.hear(BOB, Message::Heartbeat(heartbeat(1)));
    assert_eq!(faults(&scene.take()), [(BOB, "wrong_epoch")]);
    scene.hear(BOB, Message::Heartbeat(heartbeat(0)));
    let peers = scene.guardian.status().peers;
    assert_eq!(peers.len(), 3);
    assert_eq!(peers[0].heartbeat, Some((Slot(9), heartbeat(0))));
    // A replay of what it said before changes nothing.
    scene.hear(BOB, Message::Heartbeat(Heartbeat { slot: Slot(8), ..heartbeat(0) }));
    let kept = scene.guardian.status().peers[0].heartbeat.clone();
    assert_eq!(kept.map(|(_, heartbeat)| heartbeat.slot), Some(Slot(9)));
}

#[test]
fn the_status_is_shown_each_slot_and_when_a_proposal_moves() {
    let shows =
        |scene: &mut Scene| scene.take().iter().filter(|c| matches!(c, Command::PublishStatus(_))).count();
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    assert!(shows(&mut scene) >= 1);
    scene.head(DUE_SLOT.0, &[validator(0)]);
    assert_eq!(shows(&mut scene), 0);
    scene.hear(BOB, Message::Proposal(proposal_at(DUE_SLOT.0)));
    assert!(shows(&mut scene) >= 1);
    let status = scene.guardian.status();
    assert_eq!((status.network.as_str(), status.name.as_str()), ("scene", "alice"));
    assert_eq!(status.network_id, definition().id());
    assert_eq!(status.proposals[0].state, State::Open);
    let json = serde_json(&status);
    assert!(json.contains("\"dark_epochs\":3"), "{json}");
}

/// The status as readers outside get it.
fn serde_json(status: &crate::status::StatusSnapshot) -> String {
    ::serde_json::to_string(status).unwrap()
}

#[test]
fn a_slot_that_is_over_does_nothing() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    scene.take();
    scene.slot(DUE_SLOT.0);
    scene.slot(3);
    let commands = scene.take();
    assert!(said(&commands).is_empty());
    assert_eq!(scene.guardian.status().slot, DUE_SLOT);
}

#[test]
fn a_certificate_that_was_not_opened_at_the_edge_is_nothing() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    scene.take();
    let certificate = Certificate { proposal: proposal_at(DUE_SLOT.0), approvals: Vec::new() };
    scene.hear(BOB, Message::Certificate(certificate));
    assert!(scene.take().is_empty());
}

fn guardian_index() -> impl Strategy<Value = GuardianIndex> {
    (0u16..6).prop_map(GuardianIndex)
}

/// Numbers near what the scene uses, and the extremes.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..60, Just(u64::MAX), Just(u64::MAX - 1), any::<u64>()]
}

fn any_proposal() -> impl Strategy<Value = ExitProposal> {
    let honest = (36u64..70).prop_map(proposal_at);
    let wild = (number(), number(), number(), number(), number(), number(), 0u64..4).prop_map(
        |(from, to, epoch, index, opened, expires, set)| ExitProposal {
            guardian_set_epoch: GuardianSetEpoch(u64::from(set == 3)),
            pubkey: pubkey(0),
            key_set: crate::scene::subject(0).key_set,
            origin: match set {
                0 => Origin::Offline { dark_from: Epoch(from), dark_to: Epoch(to) },
                1 => Origin::Tickets { operator: operators::POOR, due: Epoch(to) },
                _ => Origin::Balance { due: Epoch(to) },
            },
            exit: VoluntaryExit { epoch: Epoch(epoch), validator_index: ValidatorIndex(index) },
            opened: Slot(opened),
            expires: Slot(expires),
        },
    );
    let nearly = (honest.clone(), number()).prop_map(|(proposal, index)| ExitProposal {
        exit: VoluntaryExit { validator_index: ValidatorIndex(index), ..proposal.exit },
        ..proposal
    });
    let short = (28u64..40, 0usize..3, 0u64..9).prop_filter_map("before the window", |(slot, index, due)| {
        let definition = operators::ticket_definition();
        let subject = crate::scene::subject(index);
        ExitProposal::tickets(&definition, subject, operators::POOR, Epoch(due), Slot(slot))
    });
    prop_oneof![honest, wild, nearly, short]
}

fn any_vote() -> impl Strategy<Value = Vote> {
    let decision = prop_oneof![
        Just(Decision::Approve),
        Just(Decision::Reject(RejectReason::Attesting)),
        Just(Decision::Withdraw(RejectReason::NotDue)),
    ];
    let revision = prop_oneof![0u32..3, Just(u32::MAX)];
    (any_proposal(), revision, decision).prop_map(|(proposal, revision, decision)| Vote {
        proposal: proposal.id(),
        revision,
        decision,
    })
}

fn any_partial() -> impl Strategy<Value = Partial> {
    (any_proposal(), 1u16..6).prop_map(|(proposal, index)| Partial {
        proposal: proposal.id(),
        index: ShareIndex::new(index).unwrap(),
        signature: SignatureShare([1; 192]),
    })
}

fn any_tickets() -> impl Strategy<Value = Tickets> {
    prop_oneof![Just(operators::too_little()), Just(Tickets(u128::MAX)), any::<u128>().prop_map(Tickets)]
}

/// A scan that may or may not continue the first one, of events that may or may not make sense.
fn any_scan() -> impl Strategy<Value = ScanReport> {
    let event = (0usize..4, any::<bool>(), 0u8..8, any_tickets()).prop_map(|(index, rich, kind, amount)| {
        let operator = if rich { operators::RICH } else { operators::POOR };
        let id = operators::registration(index as u64);
        match kind {
            0 => JudgedEvent::Registered(operators::registered(index, operator)),
            1 => JudgedEvent::Provisioned(id),
            2 => JudgedEvent::Skipped(id),
            3 => JudgedEvent::Exited { id, burned: amount },
            4 => JudgedEvent::TicketsDeposited { operator, amount },
            5 => JudgedEvent::TicketsWithdrawn { operator, amount },
            6 => operators::exits_proposed(index as u64),
            _ => JudgedEvent::ExitCancelled { number: index as u64, by: operator },
        }
    });
    let range = prop_oneof![4 => (Just(21u64), 21u64..24), 1 => (20u64..24, 20u64..26)];
    (range, prop::collection::vec(event, 0..4))
        .prop_map(|((from, to), events)| operators::scan(from, to, events))
}

fn any_event() -> impl Strategy<Value = Event> {
    let heartbeat = (number(), number(), number()).prop_map(|(slot, head, epoch)| {
        Message::Heartbeat(Heartbeat {
            guardian_set_epoch: GuardianSetEpoch(0),
            slot: Slot(slot),
            head: Slot(head),
            finalized: Checkpoint { epoch: Epoch(epoch), root: Root([0; 32]) },
            version: String::new(),
            enforces: crate::scene::EVERYTHING,
            shares: u32::MAX,
            clients: Clients::default(),
        })
    });
    let message = prop_oneof![
        heartbeat,
        any_proposal().prop_map(Message::Proposal),
        any_vote().prop_map(Message::Vote),
        any_partial().prop_map(Message::Partial),
    ];
    let indices = prop::collection::vec(prop_oneof![Just(0u64), number()].prop_map(ValidatorIndex), 0..3);
    let approvals = prop::collection::vec((guardian_index(), any_vote()), 0..5);
    let culprits = prop::collection::vec((1u16..6).prop_map(|x| ShareIndex::new(x).unwrap()), 0..3);
    prop_oneof![
        8 => (guardian_index(), message).prop_map(|(from, message)| Event::MessageReceived {
            from, message, envelope: envelope(from, 1)
        }),
        3 => (guardian_index(), any_proposal(), approvals, any::<bool>()).prop_map(|(from, proposal, votes, honest)| {
            let id = proposal.id();
            let approvals = votes.into_iter().map(|(author, mut vote)| {
                if honest {
                    vote = Vote { proposal: id, revision: 0, decision: Decision::Approve };
                }
                (author, vote, envelope(author, 2))
            });
            Event::CertificateReceived { from, proposal, approvals: approvals.collect(), envelope: envelope(from, 3) }
        }),
        3 => number().prop_map(|slot| Event::SlotStarted(Slot(slot))),
        2 => (number(), indices.clone(), indices).prop_map(|(epoch, live, dark)| {
            Event::LivenessObserved(Liveness { epoch: Epoch(epoch), live, dark })
        }),
        2 => (number(), any::<bool>()).prop_map(|(slot, leaves)| {
            let validator = if leaves { crate::scene::exiting(0) } else { validator(0) };
            Event::HeadObserved { slot: Slot(slot), validators: vec![validator] }
        }),
        2 => (number(), number()).prop_map(|(epoch, activation)| Event::FinalizedObserved {
            checkpoint: Checkpoint { epoch: Epoch(epoch), root: Root([0; 32]) },
            validators: vec![crypto::validator::Validator { activation_epoch: Epoch(activation), ..validator(0) }],
        }),
        1 => (any::<bool>(), 0u16..3).prop_map(|(disagree, healthy)| {
            Event::NodesObserved(NodeHealth { total: 2, healthy, disagree })
        }),
        1 => guardian_index().prop_map(|from| Event::GarbageReceived { from }),
        1 => guardian_index().prop_map(Event::PeerConnected),
        1 => guardian_index().prop_map(|from| Event::CatchUpRequested { from, request: RequestId(0) }),
        1 => any_partial().prop_map(Event::ExitSigned),
        1 => (any_proposal(), culprits.clone()).prop_map(|(proposal, culprits)| Event::ExitCombined {
            proposal: proposal.id(), signature: BlsSignature([0; 96]), culprits
        }),
        1 => (any_proposal(), culprits).prop_map(|(proposal, culprits)| Event::CombineFailed {
            proposal: proposal.id(), culprits
        }),
        1 => any_proposal().prop_map(|proposal| Event::ExitSubmitted {
            proposal: proposal.id(),
            outcomes: vec![("node".to_owned(), PostOutcome::Accepted)],
        }),
        3 => any_scan().prop_map(Event::ContractsScanned),
        2 => (20u64..24, any_tickets()).prop_map(|(slot, tickets)| {
            Event::ContractsObserved(operators::state_with(&operators::ticket_definition(), slot, tickets))
        }),
        2 => (number(), any_tickets()).prop_map(|(timestamp, tickets)| Event::OperatorsObserved {
            block: crypto::execution::Block { timestamp, ..crate::scene::block(27) },
            infos: vec![(operators::POOR, operators::info(2, tickets))],
        }),
        1 => (0u16..2, any::<bool>()).prop_map(|(healthy, disagree)| {
            Event::ExecutionObserved(ExecutionHealth { total: 1, healthy, disagree, problem: None })
        }),
        1 => (number(), number()).prop_map(|(index, epoch)| Event::ExitGossiped {
            validator_index: ValidatorIndex(index), epoch: Epoch(epoch)
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Anything may be said and shown in any order: no panic, nothing signed without a journaled certificate and release,
    /// and the journal always makes the same guardian again.
    #[test]
    fn nothing_said_can_break_it(events in prop::collection::vec(any_event(), 1..60)) {
        let mut scene = Scene::due();
        scene.slot(DUE_SLOT.0);
        for event in events {
            scene.feed(event);
        }
        let mut written = Vec::new();
        for command in scene.take() {
            match command {
                Command::Persist(records) => written.extend(records),
                Command::SignExit(order) => {
                    let id = order.proposal();
                    let certified = |r: &Record| matches!(r, Record::Certified { proposal, .. } if *proposal == id);
                    let released = |r: &Record| matches!(r, Record::Released { proposal, .. } if *proposal == id);
                    prop_assert!(written.iter().any(certified) && written.iter().any(released));
                }
                _ => {}
            }
        }
        is_as_restored(&scene)?;
    }

    /// The same of a guardian that acts on contracts: scans fold to the same registrations and accounts.
    #[test]
    fn nothing_shown_of_contracts_can_break_it(events in prop::collection::vec(any_event(), 1..40)) {
        let mut scene = Scene::short();
        scene.slot(operators::EJECT_SLOT.0);
        for event in events {
            scene.feed(event);
        }
        is_as_restored(&scene)?;
    }
}

/// Whether the journal makes the guardian again.
fn is_as_restored(scene: &Scene) -> Result<(), TestCaseError> {
    let definition = scene.guardian.definition.clone();
    let restored = Guardian::restore(definition, scene.guardian.me, scene.journal.clone());
    let restored = restored.map_err(|error| TestCaseError::fail(error.to_string()))?;
    let lasting = |guardian: &Guardian| {
        let proposals = guardian.status().proposals.into_iter();
        proposals.map(|p| (p.id, p.state, p.votes, p.certified, p.released, p.partials)).collect::<Vec<_>>()
    };
    prop_assert_eq!(lasting(&restored), lasting(&scene.guardian));
    prop_assert_eq!(restored.resume(), scene.guardian.resume());
    prop_assert_eq!(restored.protocol.registry(), scene.guardian.protocol.registry());
    let since = |guardian: &Guardian| {
        guardian.protocol.ledger().operators().map(|(o, account)| (*o, account.since)).collect::<Vec<_>>()
    };
    prop_assert_eq!(since(&restored), since(&scene.guardian));
    let registered = |guardian: &Guardian| guardian.protocol.registry().live_keys();
    prop_assert!(registered(&restored).is_subset(&restored.watched().into_iter().collect()));
    Ok(())
}
