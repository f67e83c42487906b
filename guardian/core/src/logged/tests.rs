use super::*;
use crate::command::Command;
use crate::emergency::Proposer;
use crate::event::Event;
use crate::guardian_set::NetworkDefinition;
use crate::message::{Decision, Message};
use crate::request::{Answer, Request};
use crate::scene::emergencies::{NOW, roomy};
use crate::scene::{BOB, CAROL, Scene, block, said, with_contracts, written};
use crypto::execution::{Address, BlockNumber};
use crypto::spec::{Slot, ValidatorIndex};

const DAO: Address = Address([0xda; 20]);

fn definition() -> NetworkDefinition {
    let mut definition = with_contracts(roomy());
    definition.contracts.as_mut().unwrap().exit_proposals = Some(Address([0xee; 20]));
    definition.emergency.proposers = vec![Proposer {
        name: "dao".to_owned(),
        account: DAO,
        max_validators: 3,
        operators: Vec::new(),
        modules: Vec::new(),
    }];
    definition.validate().unwrap();
    definition
}

fn proposed(number: u64, severity: u8) -> ExitsProposed {
    ExitsProposed {
        number,
        proposer: DAO,
        network: definition().id().0,
        severity,
        expires: block(NOW.0 + 60).timestamp,
        validators: vec![ValidatorIndex(0), ValidatorIndex(2)],
        reason: "vote 17".to_owned(),
    }
}

fn report(from: u64, to: u64, events: Vec<JudgedEvent>) -> ScanReport {
    let logs = events.into_iter().zip(0..).map(|(event, index)| {
        let at = block(to);
        JudgedLog { block: at.number, index, timestamp: at.timestamp, event }
    });
    ScanReport { from: BlockNumber(from), to: block(to), logs: logs.collect() }
}

/// What the contract logged, scanned as final in [`NOW`].
fn scanned(events: Vec<JudgedEvent>) -> Scene {
    let mut scene = Scene::calm_with(definition());
    scene.feed(Event::ContractsScanned(report(1, 38, events)));
    scene
}

fn refusals(commands: &[Command]) -> Vec<(u64, Refusal)> {
    let refused = commands.iter().filter_map(|command| match command {
        Command::Notify(Notice::EmergencyRefused { number, refusal }) => Some((*number, *refusal)),
        _ => None,
    });
    refused.collect()
}

#[test]
fn an_authorised_accounts_proposal_is_taken_up_with_its_scan_in_one_append() {
    let mut scene = scanned(vec![
        JudgedEvent::ExitProposed(proposed(0, 1)),
        JudgedEvent::ExitProposed(ExitsProposed { reason: "vote 18".to_owned(), ..proposed(1, 0) }),
    ]);
    let commands = scene.take();
    let appends = commands.iter().filter_map(|c| if let Command::Persist(r) = c { Some(r) } else { None });
    let scan = appends.into_iter().find(|r| r.iter().any(|r| matches!(r, Record::Scanned(_)))).unwrap();
    assert_eq!(scan.iter().filter(|r| matches!(r, Record::Raised { .. })).count(), 2);
    assert!(said(&commands).is_empty(), "everybody reads it by itself");
    let shown = scene.guardian.status().emergencies;
    assert_eq!(shown.len(), 2);
    let urgent = shown.iter().find(|status| status.emergency.severity == Severity::Urgent).unwrap();
    assert_eq!(urgent.emergency.raiser, Raiser::Contract { proposer: DAO, number: 0 });
    assert_eq!((urgent.emergency.opened, urgent.emergency.expires), (Slot(38), Slot(100)));

    let id = urgent.id;
    let Answer::Voted { .. } = scene.approve(id) else { panic!("ours to vote on") };
    scene.approved_by(id, &[BOB, CAROL]);
    assert_eq!(scene.signed(), [0, 2]);
    assert!(!said(&scene.take()).iter().any(|m| matches!(m, Message::Emergency(_))));
}

#[test]
fn everything_else_is_refused_and_said_so() {
    let far = ExitsProposed { expires: u64::MAX, ..proposed(3, 0) };
    let many = ExitsProposed { validators: (0..4).map(ValidatorIndex).collect(), ..proposed(6, 0) };
    let scene = &mut scanned(vec![
        JudgedEvent::ExitProposed(ExitsProposed { proposer: Address([1; 20]), ..proposed(0, 0) }),
        JudgedEvent::ExitProposed(ExitsProposed { network: [0; 32], ..proposed(1, 0) }),
        JudgedEvent::ExitProposed(proposed(2, 2)),
        JudgedEvent::ExitProposed(far),
        JudgedEvent::ExitProposed(ExitsProposed { expires: block(39).timestamp, ..proposed(4, 1) }),
        JudgedEvent::ExitProposed(ExitsProposed { validators: Vec::new(), ..proposed(5, 0) }),
        JudgedEvent::ExitProposed(many),
        JudgedEvent::ExitProposed(ExitsProposed { reason: "\u{7}".to_owned(), ..proposed(7, 0) }),
    ]);
    let commands = scene.take();
    assert_eq!(
        refusals(&commands),
        [
            (0, Refusal::NotAuthorised),
            (1, Refusal::ForgedAuthority),
            (2, Refusal::UnknownSeverity),
            (3, Refusal::WrongLifetime),
            (4, Refusal::Expired),
            (5, Refusal::WrongNumber),
            (6, Refusal::OutOfScope),
            (7, Refusal::WrongReason),
        ]
    );
    assert!(!written(&commands).iter().any(|record| matches!(record, Record::Raised { .. })));
}

#[test]
fn a_normal_one_is_certified_only_when_its_window_is_final() {
    let mut scene = scanned(vec![JudgedEvent::ExitProposed(proposed(0, 0))]);
    let id = scene.guardian.status().emergencies[0].id;
    scene.approve(id);
    scene.approved_by(id, &[BOB, CAROL]);
    scene.slot(NOW.0 + 12);
    assert_eq!(scene.emergency_state(id), Some(EmergencyState::Open), "what was logged since is not final");
    // It was opened in slot 38 and may be taken back for 8 slots.
    scene.feed(Event::ContractsScanned(report(39, 45, Vec::new())));
    scene.slot(NOW.0 + 13);
    assert_eq!(scene.emergency_state(id), Some(EmergencyState::Open));
    scene.feed(Event::ContractsScanned(report(46, 46, Vec::new())));
    scene.slot(NOW.0 + 14);
    assert_eq!(scene.emergency_state(id), Some(EmergencyState::Certified));
}

#[test]
fn taken_back_in_time_it_is_over_and_afterwards_not() {
    let mut scene = scanned(vec![
        JudgedEvent::ExitProposed(proposed(0, 0)),
        JudgedEvent::ExitProposed(ExitsProposed { reason: "vote 18".to_owned(), ..proposed(1, 1) }),
    ]);
    let shown = scene.guardian.status().emergencies;
    let id_of = |number: u64| {
        let raiser = Raiser::Contract { proposer: DAO, number };
        shown.iter().find(|status| status.emergency.raiser == raiser).unwrap().id
    };
    for id in [id_of(0), id_of(1)] {
        scene.approve(id);
        scene.approved_by(id, &[BOB, CAROL]);
    }
    let back = [0, 1].map(|number| JudgedEvent::ExitCancelled { number, by: DAO }).to_vec();
    scene.feed(Event::ContractsScanned(report(39, 50, back)));
    scene.slot(NOW.0 + 14);
    assert_eq!(scene.emergency_state(id_of(0)), Some(EmergencyState::Cancelled));
    assert_eq!(scene.emergency_state(id_of(1)), Some(EmergencyState::Certified), "it was too late");
}

#[test]
fn nobody_brings_one_by_message_and_nobody_takes_it_back_by_message() {
    let mut scene = scanned(vec![JudgedEvent::ExitProposed(proposed(0, 0))]);
    let status = scene.guardian.status().emergencies.remove(0);
    let forged = Emergency { reason: "vote 19".to_owned(), ..status.emergency.clone() };
    scene.take();
    scene.hear(BOB, Message::Emergency(Raised { emergency: forged.clone(), proof: Proof::Logged }));
    assert_eq!(crate::scene::faults(&scene.take()), [(BOB, "forged_authority")]);
    scene.hear(BOB, Message::Cancellation(Cancellation { emergency: status.id, proof: Proof::Logged }));
    assert_eq!(crate::scene::faults(&scene.take()), [(BOB, "forged_authority")]);
    // Not even under a certificate: what is logged, we read.
    scene.hear_certificate(
        BOB,
        Raised { emergency: forged.clone(), proof: Proof::Logged },
        &[BOB, CAROL, crate::scene::DAVE],
    );
    assert_eq!(scene.emergency_state(forged.id()), None);
    let Answer::Refused { .. } = scene.ask(Request::Cancel { emergency: status.id, signature: None }) else {
        panic!("by the contract alone")
    };
    scene.hear_vote(BOB, status.id, 0, Decision::Approve);
    assert_eq!(scene.emergency_state(status.id), Some(EmergencyState::Open));
}
