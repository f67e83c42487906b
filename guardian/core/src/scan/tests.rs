use super::*;
use crate::event::Event;
use crate::guardian_set::NetworkDefinition;
use crate::message::{Decision, Message, RejectReason};
use crate::policy::Enforcement;
use crate::proposal::{ExitProposal, State};
use crate::registration::{JudgedEvent, Registered};
use crate::scene::operators::{
    EJECT_SLOT, POOR, READ_SLOT, RICH, SHORT_SINCE, ejection, exits_proposed, first_scan, info, registered,
    registration, scan, state_with, ticket_definition, too_little,
};
use crate::scene::{BOB, CAROL, Scene, block, faults, orders, pubkey, validator, written};
use crate::status::{Hold, Standing};
use crypto::execution::{BlockHash, Tickets};
use crypto::keys::KeySetId;
use crypto::registration::Verdict;
use crypto::spec::{Epoch, Slot};

const APPROVE: Decision = Decision::Approve;
const PLENTY: Tickets = Tickets(100 * Tickets::ONE.0);

fn hear(scene: &mut Scene, proposal: &ExitProposal) -> crate::proposal::ProposalId {
    scene.hear(BOB, Message::Proposal(proposal.clone()));
    proposal.id()
}

fn certify(scene: &mut Scene, proposal: &ExitProposal) -> crate::proposal::ProposalId {
    let id = hear(scene, proposal);
    let approval = |from: crate::guardian_set::GuardianIndex| {
        let vote = crate::message::Vote { proposal: id, revision: 0, decision: APPROVE };
        (from, vote, crate::scene::envelope(from, 1))
    };
    let approvals = [BOB, CAROL, crate::scene::DAVE].map(approval).to_vec();
    let envelope = crate::scene::envelope(BOB, 99);
    scene.feed(Event::CertificateReceived { from: BOB, proposal: proposal.clone(), approvals, envelope });
    id
}

fn standings(scene: &Scene) -> Vec<Standing> {
    scene.guardian.status().operators.iter().map(|operator| operator.standing).collect()
}

#[test]
fn both_validators_of_a_short_operator_are_proposed_and_the_others_stay() {
    let mut scene = Scene::short();
    assert_eq!(standings(&scene), [Standing::Due, Standing::Ok]);
    (0..4).for_each(|slot| scene.slot(EJECT_SLOT.0 + slot));
    let commands = scene.take();
    let mut proposed: Vec<_> = written(&commands)
        .into_iter()
        .filter_map(|record| {
            if let Record::Proposed { proposal, .. } = record { Some(proposal.clone()) } else { None }
        })
        .collect();
    proposed.sort_by_key(|proposal| proposal.exit.validator_index);
    assert_eq!(proposed, [0, 1].map(|index| ejection(index, SHORT_SINCE, EJECT_SLOT.0)));
    assert_eq!(proposed[0].exit.epoch, SHORT_SINCE);
}

#[test]
fn a_certified_ejection_is_signed() {
    let mut scene = Scene::short();
    scene.slot(EJECT_SLOT.0);
    let id = certify(&mut scene, &ejection(1, SHORT_SINCE, EJECT_SLOT.0));
    assert_eq!((scene.state(id), scene.hold(id)), (Some(State::Signed), None));
    assert_eq!(orders(&scene.take())[0].pubkey(), pubkey(1));
}

#[test]
fn validators_that_we_hold_no_share_of_use_tickets_too() {
    // We hold a share of validator 0 alone; with one validator the tickets would be twice the floor.
    let mut scene = Scene::short_with(ticket_definition(), 1);
    assert_eq!(scene.guardian.watched().len(), 3);
    scene.slot(EJECT_SLOT.0);
    let id = hear(&mut scene, &ejection(0, SHORT_SINCE, EJECT_SLOT.0));
    assert_eq!(scene.own(id), Some(APPROVE));
    let strange = hear(&mut scene, &ejection(1, SHORT_SINCE, EJECT_SLOT.0));
    assert_eq!(scene.state(strange), None, "not ours to vote on");
    assert_eq!(scene.guardian.status().validators.len(), 1);
}

#[test]
fn a_top_up_at_the_head_takes_the_approval_back_and_a_certified_exit_is_not_signed() {
    let mut scene = Scene::short();
    scene.slot(EJECT_SLOT.0);
    let id = hear(&mut scene, &ejection(0, SHORT_SINCE, EJECT_SLOT.0));
    scene.read_head(EJECT_SLOT.0, PLENTY);
    assert_eq!(scene.own(id), Some(Decision::Withdraw(RejectReason::Funded)));
    let other = certify(&mut scene, &ejection(1, SHORT_SINCE, EJECT_SLOT.0));
    assert_eq!(scene.hold(other), Some(Hold::Acquitted));
    // Once it is finalized, the cause is gone for good.
    let deposit = JudgedEvent::TicketsDeposited { operator: POOR, amount: PLENTY };
    scene.feed(Event::ContractsScanned(scan(READ_SLOT + 1, 26, vec![deposit])));
    scene.read(26, too_little().saturating_add(PLENTY));
    scene.finalized(6, &[]);
    assert_eq!(scene.state(other), Some(State::Moot));
    assert_eq!(standings(&scene), [Standing::Ok, Standing::Ok]);
    assert!(orders(&scene.take()).is_empty());
}

#[test]
fn an_old_reading_of_the_head_or_of_the_contracts_is_none() {
    let mut scene = Scene::short();
    let id = ejection(0, SHORT_SINCE, EJECT_SLOT.0).id();
    // The head was read at slot 27: eight slots later that is too long ago.
    for (slot, own) in [(EJECT_SLOT.0 + 8, None), (EJECT_SLOT.0 + 7, Some(APPROVE))] {
        let mut scene = scene_at(slot);
        let proposal = ejection(0, SHORT_SINCE, slot);
        let id = hear(&mut scene, &proposal);
        assert_eq!(scene.own(id), own, "slot {slot}");
    }
    // The contracts were read at slot 20, and 16 slots are four epochs.
    for (slot, own) in [(37, None), (36, Some(APPROVE))] {
        let mut scene = scene_at(slot);
        scene.read_head(slot, too_little());
        let id = hear(&mut scene, &ejection(0, SHORT_SINCE, slot));
        assert_eq!(scene.own(id), own, "slot {slot}");
    }
    scene.execution(2, true);
    scene.slot(EJECT_SLOT.0);
    hear(&mut scene, &ejection(0, SHORT_SINCE, EJECT_SLOT.0));
    assert_eq!(scene.own(id), None, "execution nodes disagree");
    assert_eq!(standings(&scene), [Standing::Unknown; 2]);
    scene.execution(0, false);
    assert_eq!(scene.own(id), None, "no execution node");
    scene.execution(1, false);
    assert_eq!(scene.own(id), Some(APPROVE), "judged again");
}

fn scene_at(slot: u64) -> Scene {
    let mut scene = Scene::short();
    scene.guardian.view.begin_slot(Slot(slot));
    scene
}

#[test]
fn a_settlement_under_way_at_the_head_is_waited_for() {
    let pending = NodeInfo { pending: 1, ..info(2, too_little()) };
    let less = info(2, too_little().saturating_sub(Tickets(1)));
    let funded = Some(Decision::Reject(RejectReason::Funded));
    let cases = [
        (info(1, Tickets(1)), None),
        (info(3, too_little()), None),
        (pending, None),
        (less, None),
        (info(2, too_little()), Some(APPROVE)),
        (info(1, PLENTY), funded),
        (NodeInfo { pending: 1, ..info(2, PLENTY) }, funded),
    ];
    for (at_head, own) in cases {
        let mut scene = Scene::short();
        let infos = vec![(POOR, at_head)];
        scene.feed(Event::OperatorsObserved { block: block(EJECT_SLOT.0), infos });
        scene.slot(EJECT_SLOT.0);
        let id = hear(&mut scene, &ejection(0, SHORT_SINCE, EJECT_SLOT.0));
        assert_eq!(scene.own(id), own, "{at_head:?}");
    }
}

/// The settlement of one validator takes tickets of the other: its ejection goes on.
#[test]
fn a_settlement_cancels_no_ejection() {
    let mut scene = Scene::short();
    scene.slot(EJECT_SLOT.0);
    let proposal = ejection(0, SHORT_SINCE, EJECT_SLOT.0);
    let id = hear(&mut scene, &proposal);
    let burned = Tickets::ONE.saturating_mul(8);
    let settled = JudgedEvent::Exited { id: registration(1), burned };
    scene.feed(Event::ContractsScanned(scan(READ_SLOT + 1, EJECT_SLOT.0, vec![settled])));
    // The tickets that were read are still those of two validators: they say nothing about the one.
    scene.finalized(6, &[]);
    assert_eq!(standings(&scene), [Standing::Unknown; 2]);
    let left = too_little().saturating_sub(burned);
    let mut state = state_with(&scene.guardian.definition, EJECT_SLOT.0, left);
    state.operators[0].1.active = 1;
    scene.feed(Event::ContractsObserved(state));
    let infos = vec![(POOR, info(1, left))];
    scene.feed(Event::OperatorsObserved { block: block(EJECT_SLOT.0), infos });
    assert_eq!(standings(&scene), [Standing::Short, Standing::Ok], "the grace period runs anew");
    assert_eq!((scene.state(id), scene.own(id)), (Some(State::Open), Some(APPROVE)));
    certify(&mut scene, &proposal);
    assert_eq!(scene.hold(id), Some(Hold::Unconfirmed));
    scene.finalized(7, &[]);
    assert_eq!(standings(&scene), [Standing::Due, Standing::Ok]);
    assert_eq!((scene.state(id), scene.hold(id)), (Some(State::Signed), None));
}

#[test]
fn an_account_that_the_logs_do_not_explain_accuses_nobody() {
    let mut scene = Scene::short();
    let mut state = state_with(&scene.guardian.definition, READ_SLOT, too_little());
    state.operators[0].1.active = 1;
    scene.feed(Event::ContractsObserved(state));
    scene.slot(EJECT_SLOT.0);
    let id = hear(&mut scene, &ejection(0, SHORT_SINCE, EJECT_SLOT.0));
    assert_eq!(scene.own(id), None);
    let status = &scene.guardian.status().operators[0];
    assert_eq!(status.standing, Standing::Unknown);
    assert_eq!(status.unexplained.map(|reading| (reading.active, reading.found.active)), Some((2, 1)));
}

#[test]
fn observe_and_warn_show_and_do_nothing() {
    for enforcement in [Enforcement::Observe, Enforcement::Warn] {
        let mut definition = ticket_definition();
        definition.policy.tickets.enforcement = enforcement;
        let mut scene = Scene::short_with(definition, 3);
        (0..4).for_each(|slot| scene.slot(EJECT_SLOT.0 + slot));
        assert!(scene.guardian.docket.iter().next().is_none());
        assert_eq!(standings(&scene)[0], Standing::Due);
        let id = certify(&mut scene, &ejection(0, SHORT_SINCE, EJECT_SLOT.0));
        assert_eq!((scene.own(id), scene.hold(id)), (None, Some(Hold::NotEnforced)));
    }
}

#[test]
fn another_split_is_neither_voted_nor_signed_and_nobody_is_blamed() {
    let mut scene = Scene::short();
    scene.slot(EJECT_SLOT.0);
    let split = ExitProposal { key_set: KeySetId([9; 32]), ..ejection(0, SHORT_SINCE, EJECT_SLOT.0) };
    let id = certify(&mut scene, &split);
    assert_eq!((scene.own(id), scene.state(id)), (None, None));
    let commands = scene.take();
    assert!(orders(&commands).is_empty() && faults(&commands).is_empty());
    // One that an older custody took in is held.
    scene.guardian.persist(Record::Proposed { proposal: split, at: Slot(0) }, &mut Vec::new());
    let approvals = [BOB, CAROL, crate::scene::DAVE].map(|g| (g, crate::scene::envelope(g, 0))).to_vec();
    let certified = Record::Certified { proposal: id, approvals, at: EJECT_SLOT };
    scene.guardian.persist(certified, &mut Vec::new());
    scene.slot(EJECT_SLOT.0 + 1);
    assert_eq!(scene.hold(id), Some(Hold::NoShare));
}

#[test]
fn two_rules_at_once_get_one_approval() {
    let mut definition = ticket_definition();
    definition.policy.balance.enforcement = Enforcement::Enforce;
    let mut scene = Scene::short_with(definition.clone(), 3);
    let poor = crypto::validator::Validator { balance: crypto::spec::Gwei(1), ..validator(0) };
    scene.finalized(5, &[poor]);
    scene.head(EJECT_SLOT.0, &[poor]);
    scene.slot(EJECT_SLOT.0);
    let subject = crate::scene::subject(0);
    let loss = ExitProposal::balance(&definition, subject, Epoch(5), EJECT_SLOT).unwrap();
    let ids = [hear(&mut scene, &loss), hear(&mut scene, &ejection(0, SHORT_SINCE, EJECT_SLOT.0))];
    let approved: Vec<_> = ids.iter().filter(|id| scene.own(**id) == Some(APPROVE)).collect();
    assert_eq!(approved, [ids.iter().min().unwrap()]);
}

#[test]
fn contracts_that_say_otherwise_hold_every_release() {
    let mut definition = ticket_definition();
    definition.policy.balance.enforcement = Enforcement::Enforce;
    let mut scene = Scene::short_with(definition.clone(), 3);
    let mut state = state_with(&definition, READ_SLOT, too_little());
    state.threshold = 2;
    scene.take();
    scene.feed(Event::ContractsObserved(state));
    assert!(scene.take().iter().any(|c| matches!(c, Command::PublishStatus(_))), "said at once");
    let poor = crypto::validator::Validator { balance: crypto::spec::Gwei(1), ..validator(2) };
    scene.finalized(5, &[poor]);
    scene.head(EJECT_SLOT.0, &[poor]);
    scene.slot(EJECT_SLOT.0);
    let loss = ExitProposal::balance(&definition, crate::scene::subject(2), Epoch(5), EJECT_SLOT).unwrap();
    let id = certify(&mut scene, &loss);
    assert_eq!(scene.hold(id), Some(Hold::ContractsMismatch));
    let execution = scene.guardian.status().execution.unwrap();
    assert_eq!(execution.mismatches[0].field, "guardian_set.threshold.t");
    scene.read(READ_SLOT, too_little());
    assert_eq!((scene.state(id), scene.hold(id)), (Some(State::Signed), None));
}

#[test]
fn nothing_is_released_before_the_contracts_are_read() {
    let mut scene = Scene::short();
    scene.slot(EJECT_SLOT.0);
    let id = certify(&mut scene, &ejection(0, SHORT_SINCE, EJECT_SLOT.0));
    assert_eq!(scene.state(id), Some(State::Signed));
    scene.restart(Slot(EJECT_SLOT.0 + 1));
    scene.execution(1, false);
    let other = certify(&mut scene, &ejection(1, SHORT_SINCE, EJECT_SLOT.0));
    assert_eq!(scene.hold(other), Some(Hold::ContractsUnknown));
    assert!(orders(&scene.take()).is_empty());
    scene.read(READ_SLOT, too_little());
    scene.read_head(EJECT_SLOT.0, too_little());
    assert_eq!(orders(&scene.take()).len(), 2, "the one released before the restart too");
}

#[test]
fn a_chain_that_diverged_holds_everything_and_is_scanned_no_more() {
    let mut scene = Scene::short();
    scene.slot(EJECT_SLOT.0);
    let (scanned, found) = (block(READ_SLOT), BlockHash([0xff; 32]));
    scene.feed(Event::ContractsDiverged { scanned, found });
    let id = certify(&mut scene, &ejection(0, SHORT_SINCE, EJECT_SLOT.0));
    assert_eq!(scene.hold(id), Some(Hold::ContractsDiverged));
    assert!(scene.guardian.status().execution.unwrap().diverged);
    scene.take();
    scene.feed(Event::ContractsScanned(scan(READ_SLOT + 1, READ_SLOT + 2, Vec::new())));
    assert!(written(&scene.take()).is_empty());
}

#[test]
fn a_scan_counts_once_and_in_order_only() {
    let mut scene = Scene::short();
    let before = scene.guardian.resume();
    assert_eq!(before.0, Some(block(READ_SLOT)));
    assert_eq!(before.1.values().copied().collect::<Vec<_>>(), [3]);
    assert_eq!(before.2, [POOR, RICH].into());
    let outside = {
        let mut report = scan(READ_SLOT + 1, READ_SLOT + 1, vec![JudgedEvent::Skipped(registration(0))]);
        report.logs[0].block.0 += 1;
        report
    };
    let backwards = scan(READ_SLOT + 1, READ_SLOT, Vec::new());
    let logged_at = |times: [u64; 2]| {
        let skipped = |index| JudgedEvent::Skipped(registration(index));
        let mut report = scan(READ_SLOT + 1, READ_SLOT + 2, vec![skipped(0), skipped(1)]);
        report.logs.iter_mut().zip(times).for_each(|(log, time)| log.timestamp = block(time).timestamp);
        report
    };
    let mut aged = scan(READ_SLOT + 1, READ_SLOT + 2, Vec::new());
    aged.to.timestamp = block(READ_SLOT - 1).timestamp;
    let future = logged_at([READ_SLOT + 1, READ_SLOT + 3]);
    let past = logged_at([READ_SLOT - 1, READ_SLOT + 1]);
    let mixed = logged_at([READ_SLOT + 2, READ_SLOT + 1]);
    let untimely = [future, past, mixed, aged];
    let misplaced = [first_scan(), scan(READ_SLOT + 2, 30, Vec::new()), outside, backwards];
    for report in misplaced.into_iter().chain(untimely) {
        scene.feed(Event::ContractsScanned(report));
    }
    assert!(written(&scene.take()).is_empty());
    assert_eq!(scene.guardian.resume(), before);
    assert_eq!(scene.guardian.status().execution.unwrap().out_of_order, 8);
    scene.feed(Event::ContractsScanned(scan(READ_SLOT + 1, 22, vec![])));
    assert_eq!(scene.guardian.resume().0, Some(block(22)));
    // A reading of another block than the last one scanned is not consistent with the scan.
    scene.read(READ_SLOT, PLENTY);
    assert_eq!(scene.guardian.status().operators[0].deposited, too_little());
}

#[test]
fn without_contracts_the_execution_layer_is_nothing() {
    let mut scene = Scene::due();
    scene.feed(Event::ContractsScanned(first_scan()));
    scene.feed(Event::ContractsObserved(state_with(&ticket_definition(), READ_SLOT, too_little())));
    scene.feed(Event::ContractsDiverged { scanned: block(1), found: BlockHash([0; 32]) });
    assert!(scene.take().is_empty());
    let status = scene.guardian.status();
    assert_eq!((status.execution, status.registrations.len()), (None, 0));
}

#[test]
fn whom_to_watch_is_said_when_it_changes() {
    let sets = |scene: &mut Scene| -> Vec<Vec<BlsPubkey>> {
        let watch = |c: Command| if let Command::WatchValidators(set) = c { Some(set) } else { None };
        scene.take().into_iter().filter_map(watch).collect()
    };
    let asked = |scene: &mut Scene| -> Vec<Vec<Address>> {
        let watch = |c: Command| if let Command::WatchOperators(set) = c { Some(set) } else { None };
        scene.take().into_iter().filter_map(watch).collect()
    };
    let sorted = |range: std::ops::Range<usize>| {
        let mut keys: Vec<_> = range.map(pubkey).collect();
        keys.sort();
        keys
    };
    let mut scene = Scene::with(ticket_definition(), 1);
    assert_eq!(sets(&mut scene), [sorted(0..1)]);
    scene.execution(1, false);
    scene.observe(EJECT_SLOT, &[]);
    scene.feed(Event::ContractsScanned(first_scan()));
    assert_eq!(sets(&mut scene), [sorted(0..3)]);
    scene.finalized(5, &[validator(1), validator(2)]);
    scene.read(READ_SLOT, too_little());
    assert_eq!(asked(&mut scene), [vec![POOR]]);
    // Nothing new, nothing said.
    scene.read(READ_SLOT, too_little());
    scene.slot(EJECT_SLOT.0);
    let commands = scene.take();
    assert!(!commands.iter().any(|c| matches!(c, Command::WatchOperators(_) | Command::WatchValidators(_))));
    // A settled validator uses no tickets any more and is not followed.
    let settled = JudgedEvent::Exited { id: registration(2), burned: Tickets(1) };
    scene.feed(Event::ContractsScanned(scan(READ_SLOT + 1, 22, vec![settled])));
    assert_eq!(sets(&mut scene), [sorted(0..2)]);
    scene.restart(Slot(EJECT_SLOT.0 + 1));
    assert_eq!(sets(&mut scene).last(), Some(&sorted(0..2)), "and after a restart");
}

/// What the journal must give back of the contracts.
fn folded(scene: &Scene) -> impl PartialEq + std::fmt::Debug {
    let status = scene.guardian.status();
    let since: Vec<_> = scene.guardian.protocol.ledger().operators().map(|(o, a)| (*o, a.since)).collect();
    (scene.guardian.resume(), scene.guardian.watched(), status.registrations, since)
}

#[test]
fn restored_is_as_it_was() {
    let mut scene = Scene::short();
    let withdrawn = JudgedEvent::TicketsWithdrawn { operator: RICH, amount: Tickets(5) };
    let skipped = JudgedEvent::Skipped(registration(9));
    let cancelled = JudgedEvent::ExitCancelled { number: 0, by: RICH };
    let events = vec![withdrawn, skipped, exits_proposed(0), cancelled];
    scene.feed(Event::ContractsScanned(scan(READ_SLOT + 1, 24, events)));
    assert_eq!(scene.guardian.resume().3, 1, "exits proposed, cancelled or not");
    let before = format!("{:?}", folded(&scene));
    scene.restart(Slot(EJECT_SLOT.0 + 1));
    assert_eq!(format!("{:?}", folded(&scene)), before);
    scene.execution(1, false);
    scene.read(24, too_little());
    scene.finalized(6, &[]);
    assert_eq!(standings(&scene), [Standing::Due, Standing::Ok]);
}

#[test]
fn a_journal_with_a_gap_between_scans_is_refused() {
    let definition: NetworkDefinition = ticket_definition();
    let records = [first_scan(), scan(READ_SLOT + 2, 30, Vec::new())].map(Record::Scanned);
    let problem = Guardian::restore(definition, crate::scene::ME, records).unwrap_err();
    assert!(matches!(problem, crate::Error::Journal { at: 1, .. }), "{problem}");
}

#[test]
fn proposals_of_liars_about_the_rich_are_refused() {
    let mut scene = Scene::short();
    scene.slot(EJECT_SLOT.0);
    let definition = ticket_definition();
    let accuse = |operator| {
        ExitProposal::tickets(&definition, crate::scene::subject(2), operator, SHORT_SINCE, EJECT_SLOT)
            .unwrap()
    };
    let rich = hear(&mut scene, &accuse(RICH));
    assert_eq!(scene.own(rich), Some(Decision::Reject(RejectReason::Funded)));
    let wrong = hear(&mut scene, &accuse(POOR));
    assert_eq!(scene.own(wrong), Some(Decision::Reject(RejectReason::Mismatch)));
}

/// Another guardian set may hold the key by now: who was never provisioned, or is settled, is not ours to eject.
#[test]
fn a_registered_key_is_ejected_only_while_its_registration_is_active() {
    let mut definition = ticket_definition();
    definition.policy.balance.enforcement = Enforcement::Enforce;
    let poor = crypto::validator::Validator { balance: crypto::spec::Gwei(1), ..validator(0) };
    let loss = ExitProposal::balance(&definition, crate::scene::subject(0), Epoch(5), EJECT_SLOT).unwrap();
    let sound = registered(0, POOR);
    let unsound = Registered { verdict: Verdict::InvalidDepositSignature, ..sound };
    let (unsound, sound) = (JudgedEvent::Registered(unsound), JudgedEvent::Registered(sound));
    let (provisioned, skipped) =
        (JudgedEvent::Provisioned(registration(0)), JudgedEvent::Skipped(registration(0)));
    let exited = JudgedEvent::Exited { id: registration(0), burned: Tickets(1) };
    let refused = Some(Decision::Reject(RejectReason::NotDue));
    let cases = [
        (vec![], Some(APPROVE)),
        (vec![&unsound], Some(APPROVE)),
        (vec![&sound], None),
        (vec![&sound, &skipped], refused),
        (vec![&sound, &provisioned], Some(APPROVE)),
        (vec![&sound, &provisioned, &exited], refused),
    ];
    for (events, own) in cases {
        let mut scene = Scene::with(definition.clone(), 1);
        scene.guardian.view.begin_slot(Slot(EJECT_SLOT.0 - 1));
        scene.execution(1, false);
        let scanned = scan(1, READ_SLOT, events.iter().copied().cloned().collect());
        scene.feed(Event::ContractsScanned(scanned));
        scene.read(READ_SLOT, too_little());
        scene.finalized(5, &[poor]);
        scene.head(EJECT_SLOT.0, &[poor]);
        scene.slot(EJECT_SLOT.0);
        let id = hear(&mut scene, &loss);
        assert_eq!(scene.own(id), own, "{events:?}");
    }
}
