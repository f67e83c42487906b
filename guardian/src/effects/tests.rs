use super::{Effects, Tools};
use crate::metrics::{Metrics, Page};
use crate::node::tests::{free_address, serve_chain, young_chain};
use crate::node::{Arrival, Directory, Reply};
use crate::signer::Signer;
use crate::webhook::{MAX_DELIVERIES, Webhook};
use crate::{Error, Store, http, logging};
use crypto::execution::Address;
use crypto::exit::VoluntaryExit;
use crypto::keys::SecretKey;
use crypto::spec::{BlsPubkey, Epoch, Root, Slot, ValidatorIndex};
use crypto::threshold::Threshold;
use guardian_core::command::CombineOrder;
use guardian_core::emergency::Refusal;
use guardian_core::event::PostOutcome;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};
use guardian_core::lifecycle::Step;
use guardian_core::message::{Decision, Message, Vote, WireMessage};
use guardian_core::notice::Notice;
use guardian_core::pause::PauseStatus;
use guardian_core::proposal::ProposalId;
use guardian_core::record::Record;
use guardian_core::request::{Answer, AskId};
use guardian_core::status::{EmergencyState, Hold};
use guardian_core::{Command, Event};
use p2p::identity::Keypair;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

const ME: GuardianIndex = GuardianIndex(1);

/// Long for this machine on a bad day; nothing waits for it unless it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Real hands over a real store and a network without peers.
struct Bench {
    effects: Effects,
    arrivals: mpsc::Receiver<Arrival>,
    store: Arc<Store>,
    network: p2p::Network,
    validators: watch::Receiver<Vec<BlsPubkey>>,
    operators: watch::Receiver<Vec<Address>>,
    page: Page,
    _parts: JoinSet<()>,
    _inbound: mpsc::Receiver<p2p::Inbound>,
    _directory: tempfile::TempDir,
}

impl Bench {
    async fn new(inbox: usize) -> Self {
        Self::with(inbox, None).await
    }

    async fn with(inbox: usize, webhook: Option<Webhook>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let keypair = Keypair::generate_secp256k1();
        let members = [(keypair.public().to_peer_id(), ME)];
        let config = p2p::Config {
            keypair,
            network: [5; 32],
            listen: Vec::new(),
            peers: Vec::new(),
            limits: p2p::Limits::default(),
        };
        let (network, inbound) = p2p::start(config).unwrap();
        let (address, chain) = (free_address(), young_chain());
        serve_chain(address, chain.clone()).await;
        let node = chain_watcher::NodeConfig {
            name: "fake".to_owned(),
            url: format!("http://{address}").parse().unwrap(),
        };
        let timeouts = chain_watcher::Timeouts::default();
        let forks = chain.forks.clone();
        let config = chain_watcher::Config { nodes: vec![node], expected: chain, timeouts };
        let nodes = chain_watcher::connect(config).await.unwrap();
        let archive = nodes.archive();
        let (poster, _) = chain_watcher::watch(nodes, watch::channel(Vec::new()).1);
        let store = Arc::new(Store::open(directory.path(), NetworkId([5; 32]), ME).unwrap());
        let (inbox, arrivals) = mpsc::channel(inbox);
        let mut parts = JoinSet::new();
        let (metrics, page) = Metrics::new();
        let (watch_validators, validators) = watch::channel(Vec::new());
        let (watch_operators, operators) = watch::channel(Vec::new());
        let tools = Tools {
            store: Arc::clone(&store),
            network: network.clone(),
            directory: Directory::of(members, ME),
            metrics,
            view: watch::channel(http::View::default()).0,
            validators: watch_validators,
            operators: watch_operators,
            signer: Signer::new([], forks).unwrap(),
            poster,
            archive,
            ceremonies: mpsc::channel(64).0,
            webhook,
            inbox,
        };
        let effects = Effects::start(tools, &mut parts);
        Self {
            effects,
            arrivals,
            store,
            network,
            validators,
            operators,
            page,
            _parts: parts,
            _inbound: inbound,
            _directory: directory,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_watched_is_what_the_core_said_last() {
    let mut bench = Bench::new(8).await;
    for keys in [vec![BlsPubkey([1; 48])], vec![BlsPubkey([2; 48]), BlsPubkey([3; 48])]] {
        bench.effects.execute(Command::WatchValidators(keys.clone())).await.unwrap();
        assert_eq!(*bench.validators.borrow_and_update(), keys);
    }
    let short = vec![Address([4; 20])];
    bench.effects.execute(Command::WatchOperators(short.clone())).await.unwrap();
    assert_eq!(*bench.operators.borrow_and_update(), short);
}

fn vote() -> Vote {
    Vote { proposal: ProposalId([4; 32]), revision: 0, decision: Decision::Approve }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_in_the_store_when_persist_is_done() {
    let mut bench = Bench::new(8).await;
    let record = Record::VoteCast(vote());
    bench.effects.execute(Command::Persist(vec![record.clone()])).await.unwrap();
    assert_eq!(bench.store.records().unwrap(), [record]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_keep_a_record_stops_the_node() {
    let mut bench = Bench::new(8).await;
    let words = "x".repeat(crate::store::MAX_RECORD);
    let outcomes = vec![("fake".to_owned(), PostOutcome::Rejected(words))];
    let record = Record::Submitted { proposal: ProposalId([4; 32]), at: Slot(1), outcomes };
    let problem = bench.effects.execute(Command::Persist(vec![record])).await.unwrap_err();
    assert!(matches!(problem, Error::RecordTooLarge { .. }), "{problem}");
    assert!(bench.store.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn own_messages_come_back_as_everybody_elses_though_nobody_is_connected() {
    let mut bench = Bench::new(8).await;
    bench.effects.execute(Command::Broadcast(Message::Vote(vote()))).await.unwrap();
    let Some(Event::MessageReceived { from, message, envelope }) = bench.effects.next_own() else {
        panic!("the own message did not come back")
    };
    assert_eq!((from, message), (ME, Message::Vote(vote())));
    let opened = bench.network.open_sealed(&envelope.0).unwrap();
    assert_eq!(WireMessage::decode(&opened.payload), Some(Message::Vote(vote())));
    assert!(bench.effects.next_own().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_inbox_holds_up_the_workers_and_never_the_loop() {
    let mut bench = Bench::new(1).await;
    let (key_set, shares) =
        SecretKey::generate(&mut rand::rng()).split(Threshold::new(2, 3).unwrap(), &mut rand::rng());
    let root = Root([6; 32]);
    let partials: Vec<_> = shares.iter().map(|share| (share.index(), share.sign(root).signature)).collect();
    const ORDERS: u8 = 20;
    let orders = async {
        for number in 0..ORDERS {
            let order = CombineOrder {
                proposal: ProposalId([number; 32]),
                key_set: key_set.clone(),
                signing_root: root,
                partials: partials.clone(),
            };
            bench.effects.execute(Command::CombineExit(order)).await.unwrap();
        }
        // The loop goes on, with an inbox that nobody empties.
        let record = Record::NotFinalizing(Epoch(1));
        bench.effects.execute(Command::Persist(vec![record])).await.unwrap();
    };
    tokio::time::timeout(PATIENCE, orders).await.expect("no command waits for the inbox");
    for number in 0..ORDERS {
        let arrival = tokio::time::timeout(PATIENCE, bench.arrivals.recv()).await.unwrap().unwrap();
        let Event::ExitCombined { proposal, .. } = arrival.event else { panic!("{arrival:?}") };
        assert_eq!(proposal, ProposalId([number; 32]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_request_gets_the_answer_that_is_meant_for_it() {
    let mut bench = Bench::new(8).await;
    let asked: Vec<_> = (0..3)
        .map(|number| {
            let (answer, answered) = oneshot::channel();
            bench.effects.keep(Reply::Operator(AskId(number), answer));
            answered
        })
        .collect();
    for number in [2, 0, 1] {
        let pauses = PauseStatus { threshold: u16::try_from(number).unwrap(), ..PauseStatus::default() };
        let answer = Box::new(Answer::Pauses(pauses));
        bench.effects.execute(Command::Answer { ask: AskId(number), answer }).await.unwrap();
    }
    for (number, answered) in (0..).zip(asked) {
        let answer = answered.await.unwrap();
        assert!(
            matches!(*answer, Answer::Pauses(PauseStatus { threshold, .. }) if threshold == number),
            "{answer:?}"
        );
    }
    // Nobody waits for this one, and that is no failure.
    let answer = Box::new(Answer::Inspection(Vec::new()));
    bench.effects.execute(Command::Answer { ask: AskId(9), answer }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_wait_are_bounded_and_the_oldest_is_declined() {
    let mut bench = Bench::new(8).await;
    let mut asked: VecDeque<_> = (0..40)
        .map(|number| {
            let (answer, answered) = oneshot::channel();
            bench.effects.keep(Reply::Operator(AskId(number), answer));
            answered
        })
        .collect();
    let kept = asked.split_off(24);
    for answered in asked {
        assert!(answered.await.is_err(), "declined");
    }
    for mut answered in kept {
        assert!(
            answered.try_recv().is_err_and(|state| state == oneshot::error::TryRecvError::Empty),
            "still waits"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_are_counted_by_their_code() {
    let mut bench = Bench::new(8).await;
    bench.effects.execute(Command::Notify(Notice::JournalIsOld)).await.unwrap();
    bench
        .effects
        .execute(Command::Notify(Notice::PauseChanged { paused: true, network: false }))
        .await
        .unwrap();
    bench.effects.execute(Command::Notify(Notice::JournalIsOld)).await.unwrap();
    let text = bench.page.render();
    for line in [
        "guardian_notices_total{code=\"journal_is_old\"} 2",
        "guardian_notices_total{code=\"pause_changed\"} 1",
        "guardian_notices_total{code=\"held\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
    }
}

/// One notice of each kind. A kind that is left out does not compile.
macro_rules! one_of_each {
    ($($kind:ident { $($field:ident: $value:expr),* }),+ $(,)?) => {{
        let _: fn(&Notice) = |notice| match notice {
            $(Notice::$kind { .. } => {})+
        };
        vec![$(Notice::$kind { $($field: $value),* }),+]
    }};
}

fn notices() -> Vec<Notice> {
    let id = ProposalId([7; 32]);
    one_of_each![
        DecisionNeeded { emergency: id, validators: 3, expires: Slot(9) },
        EmergencyMoved { emergency: id, to: EmergencyState::Certified },
        EmergencyRefused { number: 5, refusal: Refusal::NotAuthorised },
        Held { proposal: id, validator: ValidatorIndex(3), hold: Some(Hold::DayCap) },
        Late { proposal: id, step: Step::Included, since: Slot(8) },
        PauseChanged { paused: true, network: false },
        JournalIsOld {},
    ]
}

#[tokio::test]
async fn every_notice_reaches_log_metric_and_webhook() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (got, mut received) = mpsc::channel::<serde_json::Value>(64);
    let take = async move |axum::Json(body): axum::Json<serde_json::Value>| got.send(body).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap()).parse().unwrap();
    let router = axum::Router::new().route("/hook", axum::routing::post(take));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let webhook = Webhook::new(url, "mynet".to_owned(), "alice".to_owned(), [Duration::ZERO; 2]).unwrap();
    let mut bench = Bench::with(8, Some(webhook)).await;
    bench.effects.begin(Slot(12));

    let page = logging::tests::Page::default();
    let _logged = tracing::subscriber::set_default(page.subscriber("guardian=info"));
    let notices = notices();
    let codes: Vec<_> = notices.iter().map(Notice::code).collect();
    assert_eq!(codes, Notice::CODES, "the codes that are counted are all there are");
    for notice in notices {
        let code = notice.code();
        bench.effects.execute(Command::Notify(notice.clone())).await.unwrap();
        let body = tokio::time::timeout(PATIENCE, received.recv()).await.unwrap().unwrap();
        assert_eq!((&body["slot"], &body["notice"]), (&12.into(), &serde_json::to_value(&notice).unwrap()));
        let line = format!("guardian_notices_total{{code=\"{code}\"}} 1");
        let text = bench.page.render();
        assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
        let log = page.text();
        let logged = log.lines().filter(|line| line.contains(&format!("\"code\":\"{code}\""))).count();
        assert_eq!(logged, 1, "{code} in\n{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_hangs_never_holds_up_the_loop_and_what_is_dropped_is_counted() {
    // Accepts at the system's hands and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap()).parse().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let webhook = Webhook::new(url, "mynet".to_owned(), "alice".to_owned(), [Duration::ZERO; 2]).unwrap();
    let mut bench = Bench::with(8, Some(webhook)).await;
    let telling = async {
        for _ in 0..MAX_DELIVERIES + 10 {
            bench.effects.execute(Command::Notify(Notice::JournalIsOld)).await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, telling).await.expect("no command waits for the webhook");
    let text = bench.page.render();
    let dropped =
        text.lines().find_map(|line| line.strip_prefix("guardian_webhook_total{outcome=\"dropped\"} "));
    // One may be under way.
    assert!(matches!(dropped, Some("9" | "10")), "{dropped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_for_an_exit_is_answered() {
    let mut bench = Bench::new(8).await;
    let (proposal, exit) =
        (ProposalId([4; 32]), VoluntaryExit { epoch: Epoch(1), validator_index: ValidatorIndex(2) });
    let search = Command::FindInclusion { proposal, exit, from: Slot(1), to: Slot(2) };
    bench.effects.execute(search).await.unwrap();
    let arrival = tokio::time::timeout(PATIENCE, bench.arrivals.recv()).await.unwrap().unwrap();
    assert_eq!(arrival.event, Event::InclusionFound { proposal, slot: None });
}
