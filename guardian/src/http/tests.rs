use super::{Moment, Phase, Readiness, View};
use crate::metrics::Metrics;
use crypto::execution::{Block, BlockHash, BlockNumber};
use crypto::spec::{
    ChainSpec, Checkpoint, Epoch, Fork, ForkName, ForkSchedule, ForkVersion, Root, Slot, ValidatorIndex,
};
use crypto::threshold::Threshold;
use guardian_core::JournalHead;
use guardian_core::contracts::Mismatch;
use guardian_core::emergency::{Emergency, Raiser, Severity};
use guardian_core::event::{ExecutionHealth, NodeHealth};
use guardian_core::guardian_set::{GuardianIndex, GuardianSetEpoch, NetworkId};
use guardian_core::message::Decision;
use guardian_core::pause::{LocalPause, PauseStatus};
use guardian_core::policy::Enforcement;
use guardian_core::request::OperatorName;
use guardian_core::status::{
    EmergencyState, EmergencyStatus, EnforcementStatus, ExecutionStatus, PeerStatus, StatusSnapshot,
};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

fn chain(genesis_time: u64) -> ChainSpec {
    let phase0 = Fork { name: ForkName::Phase0, version: ForkVersion([0; 4]), epoch: Epoch(0) };
    ChainSpec {
        name: "test".to_owned(),
        genesis_time,
        seconds_per_slot: NonZeroU64::new(12).unwrap(),
        slots_per_epoch: NonZeroU64::new(32).unwrap(),
        shard_committee_period: 256,
        forks: ForkSchedule::new(Root([1; 32]), vec![phase0]).unwrap(),
    }
}

pub(crate) fn snapshot(head: Option<u64>) -> StatusSnapshot {
    let peer = |index: u16| PeerStatus {
        guardian: GuardianIndex(index),
        name: format!("peer-{index}"),
        connected: true,
        heartbeat: None,
    };
    StatusSnapshot {
        network: "test".to_owned(),
        network_id: NetworkId([7; 32]),
        guardian_set_epoch: GuardianSetEpoch(0),
        threshold: Threshold::new(3, 4).unwrap(),
        guardian: GuardianIndex(1),
        name: "alice".to_owned(),
        joining: false,
        group_key: None,
        readiness: Vec::new(),
        signatures: Vec::new(),
        ceremonies: Vec::new(),
        version: "0.1.0".to_owned(),
        clients: Default::default(),
        logs: Vec::new(),
        slot: Slot(1000),
        head: head.map(Slot),
        finalized: Some(Checkpoint { epoch: Epoch(29), root: Root([2; 32]) }),
        nodes: NodeHealth { total: 2, healthy: 2, disagree: false },
        journal: JournalHead::default(),
        peers: vec![peer(2), peer(3), peer(4)],
        execution: None,
        validators: Vec::new(),
        operators: Vec::new(),
        registrations: Vec::new(),
        proposals: Vec::new(),
        emergencies: Vec::new(),
        lifecycles: Vec::new(),
        pauses: PauseStatus::default(),
        enforcement: BTreeMap::new(),
        faults: Vec::new(),
    }
}

fn running(status: StatusSnapshot, processed: Instant) -> View {
    View { phase: Phase::Running, status: Some(Arc::new(status)), slot_processed: Some(processed) }
}

fn codes(reasons: &[super::Reason]) -> Vec<&'static str> {
    reasons.iter().map(|reason| reason.code).collect()
}

fn judge(view: &View, instant: Instant, slot: Option<u64>) -> Readiness {
    Readiness::of(view, &chain(0), Moment { instant, slot: slot.map(Slot) })
}

#[test]
fn a_running_node_with_a_fresh_head_is_ready() {
    let now = Instant::now();
    let readiness = judge(&running(snapshot(Some(999)), now), now, Some(1000));
    assert_eq!(readiness, Readiness { ready: true, reasons: vec![], degraded: vec![] });
}

#[test]
fn ready_becomes_false_when_the_loop_stands_still() {
    let now = Instant::now();
    let view = running(snapshot(Some(1000)), now);
    assert!(judge(&view, now + Duration::from_secs(24), Some(1002)).ready, "two slots are in order");
    let later = judge(&view, now + Duration::from_secs(25), Some(1002));
    assert!(!later.ready);
    assert_eq!(codes(&later.reasons), ["slot_stale"]);
}

#[test]
fn a_head_that_stays_behind_is_not_ready_though_the_loop_runs() {
    let now = Instant::now();
    assert!(judge(&running(snapshot(Some(968)), now), now, Some(1000)).ready, "one epoch behind");
    assert_eq!(codes(&judge(&running(snapshot(Some(967)), now), now, Some(1000)).reasons), ["head_stale"]);
    assert_eq!(codes(&judge(&running(snapshot(None), now), now, Some(1000)).reasons), ["no_head"]);
}

#[test]
fn beacon_nodes_decide_readiness_peers_do_not() {
    let now = Instant::now();
    let mut status = snapshot(Some(1000));
    status.nodes.healthy = 0;
    assert_eq!(codes(&judge(&running(status, now), now, Some(1000)).reasons), ["no_healthy_beacon_node"]);

    let mut status = snapshot(Some(1000));
    status.nodes.disagree = true;
    assert_eq!(codes(&judge(&running(status, now), now, Some(1000)).reasons), ["beacon_nodes_disagree"]);

    let mut status = snapshot(Some(1000));
    status.nodes = NodeHealth { total: 2, healthy: 1, disagree: false };
    status.peers[0].connected = false;
    assert_eq!(judge(&running(status.clone(), now), now, Some(1000)).degraded.len(), 1, "3 of 4 are enough");
    status.peers[1].connected = false;
    let readiness = judge(&running(status, now), now, Some(1000));
    assert!(readiness.ready);
    assert_eq!(codes(&readiness.degraded), ["below_threshold", "beacon_node_down"]);
}

/// A snapshot of a network with contracts in which all is well.
fn with_contracts() -> StatusSnapshot {
    let block = Block { number: BlockNumber(90), hash: BlockHash([1; 32]), timestamp: 28 * 384 };
    let mut status = snapshot(Some(1000));
    status.execution = Some(ExecutionStatus {
        health: ExecutionHealth { total: 2, healthy: 2, disagree: false, problem: None },
        scanned: Some(block),
        target: None,
        state: Some(block),
        mismatches: Vec::new(),
        diverged: false,
        out_of_order: 0,
        verdicts: [("accepted".to_owned(), 3)].into(),
    });
    status
}

#[test]
fn contracts_decide_readiness_and_name_the_field() {
    let now = Instant::now();
    let judged = |change: &dyn Fn(&mut ExecutionStatus)| {
        let mut status = with_contracts();
        change(status.execution.as_mut().unwrap());
        judge(&running(status, now), now, Some(1000))
    };
    assert_eq!(judged(&|_| {}), Readiness { ready: true, reasons: vec![], degraded: vec![] });

    let unread = judged(&|execution| (execution.state, execution.target) = (None, Some(BlockNumber(120))));
    assert_eq!(codes(&unread.reasons), ["contracts_unknown"]);
    assert!(unread.reasons[0].detail.contains("scanned 90 of 120"), "{}", unread.reasons[0].detail);

    let mismatch =
        |field: &str| Mismatch { field: field.to_owned(), ours: "3".to_owned(), theirs: "2".to_owned() };
    let differs =
        judged(&|execution| execution.mismatches = vec![mismatch("guardian_set.threshold.t"), mismatch("x")]);
    assert_eq!(codes(&differs.reasons), ["contracts_mismatch"]);
    let detail = &differs.reasons[0].detail;
    assert!(detail.contains("guardian_set.threshold.t is 3") && detail.contains("(and 1 more)"), "{detail}");

    let diverged = judged(&|execution| execution.diverged = true);
    assert_eq!(codes(&diverged.reasons), ["contracts_diverged"]);
    assert!(diverged.reasons[0].detail.contains("90"), "{}", diverged.reasons[0].detail);

    let down = judged(&|execution| execution.health.healthy = 0);
    assert_eq!(codes(&down.reasons), ["no_healthy_execution_node"]);
    assert_eq!(
        codes(&judged(&|execution| execution.health.disagree = true).reasons),
        ["execution_nodes_disagree"]
    );

    let late = judged(&|execution| {
        let block = execution.state.unwrap();
        execution.state = Some(Block { timestamp: 24 * 384, ..block });
        execution.health.problem = Some("b drops logs".to_owned());
    });
    assert_eq!(codes(&late.reasons), ["contracts_stale"]);
    let detail = &late.reasons[0].detail;
    assert!(detail.contains("in epoch 24; epoch 29 is finalized: b drops logs"), "{detail}");

    let thin = judged(&|execution| execution.health.healthy = 1);
    assert!(thin.ready);
    assert_eq!(codes(&thin.degraded), ["execution_node_down"]);
    let told = judged(&|execution| execution.health.problem = Some("b drops logs".to_owned()));
    assert_eq!(codes(&told.degraded), ["execution_problem"]);
    assert!(told.ready && told.degraded[0].detail.contains("b drops logs"));
}

#[test]
fn a_head_ahead_of_the_clock_says_that_the_clock_is_behind() {
    let now = Instant::now();
    assert!(judge(&running(snapshot(Some(1002)), now), now, Some(1000)).ready, "clocks differ a little");
    assert_eq!(codes(&judge(&running(snapshot(Some(1003)), now), now, Some(1000)).reasons), ["clock_behind"]);
}

#[test]
fn a_chain_that_does_not_finalize_degrades() {
    let now = Instant::now();
    // Epoch 29 is finalized. Slot 1056 begins epoch 33, slot 1088 epoch 34.
    assert_eq!(judge(&running(snapshot(Some(1087)), now), now, Some(1087)).degraded, []);
    let later = judge(&running(snapshot(Some(1088)), now), now, Some(1088));
    assert!(later.ready, "no fault of this node");
    assert_eq!(codes(&later.degraded), ["finality_stale"]);
}

/// An emergency that nobody voted on.
pub(crate) fn emergency(expires: u64) -> EmergencyStatus {
    let emergency = Emergency {
        guardian_set_epoch: GuardianSetEpoch(0),
        raiser: Raiser::Guardian { guardian: GuardianIndex(2) },
        validators: vec![ValidatorIndex(3)],
        severity: Severity::Urgent,
        reason: "keys leaked".to_owned(),
        opened: Slot(900),
        expires: Slot(expires),
    };
    EmergencyStatus {
        id: emergency.id(),
        emergency,
        state: EmergencyState::Open,
        raised: Slot(900),
        certifiable_from: Slot(900),
        votes: Vec::new(),
        own: None,
        note: None,
        certified: None,
        exits: BTreeMap::new(),
    }
}

#[test]
fn what_people_decided_or_have_to_degrades_and_says_so() {
    let now = Instant::now();
    let judged = |change: &dyn Fn(&mut StatusSnapshot)| {
        let mut status = snapshot(Some(1000));
        change(&mut status);
        let readiness = judge(&running(status, now), now, Some(1000));
        assert!(readiness.ready, "no fault of this node");
        readiness.degraded
    };
    let paused = judged(&|status| {
        let by = OperatorName { uid: 1, name: "carol".to_owned() };
        status.pauses.local = Some(LocalPause { since: Slot(990), by, note: "odd proposals".to_owned() });
    });
    assert_eq!(codes(&paused), ["paused"]);
    let detail = &paused[0].detail;
    assert!(detail.contains("since slot 990 by carol: odd proposals; `guardian resume`"), "{detail}");

    let wished = judged(&|status| status.pauses.wished_by = vec![GuardianIndex(2)]);
    assert_eq!(codes(&wished), Vec::<&str>::new(), "a wish alone pauses nothing");
    let network = judged(&|status| {
        status.pauses.wished_by = [2, 3, 4].map(GuardianIndex).into();
        status.pauses.threshold = 3;
        status.pauses.network = true;
    });
    assert_eq!(codes(&network), ["network_paused"]);

    let waiting = judged(&|status| status.emergencies = vec![emergency(2_000), emergency(1_500)]);
    assert_eq!(codes(&waiting), ["decision_needed"]);
    let detail = &waiting[0].detail;
    assert!(detail.contains("2 emergencies") && detail.contains("until slot 1500"), "{detail}");
    let decided = judged(&|status| {
        status.emergencies = vec![emergency(2_000), emergency(1_500)];
        status.emergencies[0].own = Some(Decision::Approve);
        status.emergencies[1].state = EmergencyState::Certified;
    });
    assert_eq!(decided, []);
    let uninvolved = judged(&|status| {
        status.emergencies = vec![emergency(2_000)];
        let (definition, here) = (Enforcement::Enforce, Enforcement::Warn);
        let enforcement = EnforcementStatus { definition, here, enforcing: 3 };
        status.enforcement.insert("emergency".to_owned(), enforcement);
    });
    assert_eq!(uninvolved, []);
}

#[test]
fn every_phase_but_running_is_not_ready() {
    let now = Instant::now();
    for (phase, code) in [
        (Phase::Starting, "starting"),
        (Phase::Connecting("refused".to_owned()), "connecting"),
        (Phase::Stopping, "stopping"),
    ] {
        let view = View { phase, ..running(snapshot(Some(1000)), now) };
        assert_eq!(codes(&judge(&view, now, Some(1000)).reasons), [code]);
    }
    assert_eq!(codes(&judge(&running(snapshot(None), now), now, None).reasons), ["before_genesis"]);
    let view = View { phase: Phase::Running, status: None, slot_processed: None };
    assert_eq!(codes(&judge(&view, now, Some(1000)).reasons), ["slot_stale"]);
}

/// One request over a plain socket: status line's code, headers and body as text.
fn ask(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: guardian\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let code = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (code, answer)
}

#[test]
fn the_window_shows_what_the_loop_publishes_and_closes_with_it() {
    let seconds = chain_watcher::slot_clock::unix_now().as_secs();
    // Genesis 1000 slots ago, in the middle of a slot.
    let spec = chain(seconds - 12 * 1000 - 6);
    let (metrics, page) = Metrics::new();
    let (publish, view) = watch::channel(View::default());
    let listener = super::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let thread = super::start(listener, view, page, spec).unwrap();

    assert_eq!(ask(address, "/healthz").0, 200);
    let (code, text) = ask(address, "/readyz");
    assert_eq!(code, 503);
    assert!(text.contains("\"code\":\"starting\""), "{text}");
    assert_eq!(ask(address, "/v1/status").0, 503);

    metrics.slot_processed(Slot(1000));
    publish.send_replace(running(snapshot(Some(1000)), Instant::now()));
    assert_eq!(ask(address, "/readyz").0, 200);
    let (code, text) = ask(address, "/v1/status");
    let body = text.split("\r\n\r\n").nth(1).unwrap();
    assert_eq!(code, 200);
    assert_eq!(serde_json::from_str::<StatusSnapshot>(body).unwrap(), snapshot(Some(1000)));
    let (code, text) = ask(address, "/metrics");
    assert_eq!(code, 200);
    assert!(text.contains("\nguardian_slot 1000"), "{text}");
    assert!(text.contains("\nguardian_ready 1"), "{text}");
    assert!(text.contains("\nguardian_build_info{version=\""), "{text}");
    let (code, text) = ask(address, "/v1/validators?verdict=accepted");
    assert!(code == 200 && text.ends_with("[]"), "{text}");
    let (code, text) = ask(address, "/v1/validators?verdict=nice");
    assert!(code == 400 && text.contains("there are accepted"), "{text}");
    assert_eq!(ask(address, "/v1/nothing").0, 404);

    // The same view, an hour old: ready was true once and is not any more.
    let long_ago = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
    publish.send_replace(running(snapshot(Some(1000)), long_ago));
    let (code, text) = ask(address, "/readyz");
    assert_eq!(code, 503);
    assert!(text.contains("\"code\":\"slot_stale\""), "{text}");
    assert!(ask(address, "/metrics").1.contains("\nguardian_ready 0"));

    drop(publish);
    thread.join().unwrap();
    assert!(TcpStream::connect(address).is_err(), "the port is free again");
}

#[test]
fn silent_clients_do_not_keep_others_out() {
    let (_metrics, page) = Metrics::new();
    let (_publish, view) = watch::channel(View::default());
    let listener = super::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let _thread = super::start(listener, view, page, chain(0)).unwrap();
    let silent: Vec<_> = (0..super::MAX_CONNECTIONS).map(|_| TcpStream::connect(address).unwrap()).collect();
    // All places are taken; the answer comes when the silent ones are thrown out.
    assert_eq!(ask(address, "/healthz").0, 200);
    drop(silent);
}
