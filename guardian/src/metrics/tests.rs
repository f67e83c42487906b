use super::Metrics;
use crate::http::tests::{emergency, snapshot};
use crate::webhook::Outcome;
use crypto::execution::{Address, Block, BlockHash, BlockNumber, Tickets};
use guardian_core::contracts::Mismatch;
use guardian_core::event::ExecutionHealth;
use guardian_core::event::PostOutcome;
use guardian_core::fault::FaultKind;
use guardian_core::lifecycle::{LifecycleStatus, Step};
use guardian_core::message::{Decision, RejectReason};
use guardian_core::notice::Notice;
use guardian_core::status::{EmergencyState, ExecutionStatus, OperatorStatus, Standing};

#[test]
fn counts_appear_under_their_labels() {
    let (metrics, page) = Metrics::new();
    metrics.voted(Decision::Approve);
    metrics.voted(Decision::Approve);
    metrics.voted(Decision::Reject(RejectReason::NotDue));
    metrics.faulted(FaultKind::Equivocation);
    metrics.false_approval();
    let refused = [("stale", 3), ("a reason nobody registered", 1)].into();
    metrics.network(&p2p::Counters { refused, received: 12, ..p2p::Counters::default() });
    metrics.submitted(&PostOutcome::Rejected("no".to_owned()));
    metrics.slot_processed(crypto::spec::Slot(77));
    metrics.persist.record(0.003);
    let text = page.render();
    for line in [
        "guardian_votes_total{decision=\"approve\"} 2",
        "guardian_votes_total{decision=\"reject\"} 1",
        "guardian_votes_total{decision=\"withdraw\"} 0",
        "guardian_faults_total{code=\"equivocation\"} 1",
        "guardian_messages_refused_total{reason=\"stale\"} 3",
        "guardian_messages_refused_total{reason=\"bad_signature\"} 0",
        "guardian_messages_refused_total{reason=\"false_approval\"} 1",
        "guardian_messages_received_total 12",
        "guardian_submissions_total{outcome=\"rejected\"} 1",
        "guardian_slot 77",
        "guardian_persist_seconds_bucket{le=\"0.002\"} 0",
        "guardian_persist_seconds_bucket{le=\"0.005\"} 1",
        "guardian_persist_seconds_count 1",
    ] {
        assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
    }
    assert!(!text.contains("nobody"), "a reason from outside made a time series");
}

#[test]
fn every_metric_has_a_help_text() {
    let (metrics, page) = Metrics::new();
    // Histograms appear with their first sample.
    metrics.persist.record(1.0);
    metrics.sign.record(1.0);
    metrics.combine.record(1.0);
    let text = page.render();
    let typed: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert!(typed.len() >= 18, "{typed:?}");
    for line in typed {
        let name = line.split(' ').next().unwrap_or_default();
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has no help");
    }
}

#[test]
fn two_nodes_in_one_process_do_not_share_series() {
    let (one, _) = Metrics::new();
    let (_two, page) = Metrics::new();
    one.slot_processed(crypto::spec::Slot(5));
    assert!(page.render().lines().any(|line| line == "guardian_slot 0"));
}

#[test]
fn the_execution_side_is_counted_by_its_codes() {
    let (metrics, page) = Metrics::new();
    let block = Block { number: BlockNumber(90), hash: BlockHash([1; 32]), timestamp: 5 };
    let operator = |number: u8, standing| OperatorStatus {
        operator: Address([number; 20]),
        deposited: Tickets(1),
        present: Tickets(1),
        overdrawn: false,
        active: 1,
        pending: 0,
        standing,
        due: None,
        runway: None,
        unexplained: None,
    };
    let mut status = snapshot(Some(1));
    status.operators =
        vec![operator(1, Standing::Short), operator(2, Standing::Short), operator(3, Standing::Ok)];
    let mismatch = Mismatch { field: "a".to_owned(), ours: "b".to_owned(), theirs: "c".to_owned() };
    status.execution = Some(ExecutionStatus {
        health: ExecutionHealth { total: 3, healthy: 2, disagree: true, problem: None },
        scanned: Some(block),
        target: Some(BlockNumber(120)),
        state: None,
        mismatches: vec![mismatch],
        diverged: true,
        out_of_order: 0,
        verdicts: [("accepted".to_owned(), 5), ("needs_trace".to_owned(), 1), ("made_up".to_owned(), 9)]
            .into(),
    });
    metrics.snapshot(&status);
    let text = page.render();
    for line in [
        "guardian_execution_nodes 3",
        "guardian_execution_nodes_healthy 2",
        "guardian_execution_nodes_disagree 1",
        "guardian_scanned_block 90",
        "guardian_scan_target_block 120",
        "guardian_contract_mismatches 1",
        "guardian_contracts_known 0",
        "guardian_contracts_diverged 1",
        "guardian_registrations{verdict=\"accepted\"} 5",
        "guardian_registrations{verdict=\"needs_trace\"} 1",
        "guardian_registrations{verdict=\"duplicate_key\"} 0",
        "guardian_operators{standing=\"short\"} 2",
        "guardian_operators{standing=\"ok\"} 1",
        "guardian_operators{standing=\"due\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
    }
    assert!(!text.contains("made_up"));
}

#[test]
fn what_asks_for_attention_is_counted() {
    let (metrics, page) = Metrics::new();
    let mut status = snapshot(Some(1));
    status.emergencies = vec![emergency(2_000), emergency(1_500), emergency(1_200)];
    status.emergencies[0].state = EmergencyState::Certified;
    status.emergencies[1].own = Some(Decision::Approve);
    status.pauses.network = true;
    let late = |late| LifecycleStatus {
        pubkey: crypto::spec::BlsPubkey([1; 48]),
        proposal: None,
        steps: Vec::new(),
        accepted_by: None,
        included_in: None,
        withdrawable: None,
        late,
    };
    status.lifecycles = vec![late(None), late(Some((Step::Gossiped, crypto::spec::Slot(9))))];
    metrics.snapshot(&status);
    metrics.attention.noticed(&Notice::JournalIsOld);
    metrics.attention.delivered(Outcome::Dropped);
    let text = page.render();
    for line in [
        "guardian_emergencies{state=\"open\"} 2",
        "guardian_emergencies{state=\"certified\"} 1",
        "guardian_emergencies{state=\"done\"} 0",
        "guardian_decisions_needed 1",
        "guardian_paused{scope=\"local\"} 0",
        "guardian_paused{scope=\"network\"} 1",
        "guardian_steps_late 1",
        "guardian_exits_held{cause=\"day_cap\"} 0",
        "guardian_exits_held{cause=\"operator_undecided\"} 0",
        "guardian_notices_total{code=\"journal_is_old\"} 1",
        "guardian_webhook_total{outcome=\"dropped\"} 1",
        "guardian_webhook_total{outcome=\"sent\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
    }
}
