//! Against a service of our own that says what it is told to say.

use super::*;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use crypto::spec::ValidatorIndex;
use guardian_core::proposal::ProposalId;
use guardian_core::status::Hold;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Long for this machine on a bad day; nothing waits for it unless it fails.
const LONG: Duration = Duration::from_secs(30);

/// What the service answers next, and what it got; after its answers it takes everything.
#[derive(Clone)]
struct Service {
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
    got: mpsc::Sender<Value>,
    /// One permit for each request that may be answered.
    open: Arc<Semaphore>,
}

async fn take(State(service): State<Service>, Json(body): Json<Value>) -> StatusCode {
    service.got.send(body).await.unwrap();
    service.open.acquire().await.unwrap().forget();
    service.answers.lock().unwrap().pop_front().unwrap_or(StatusCode::OK)
}

/// A service and a running webhook that points to it.
struct Bench {
    deliver: mpsc::Sender<Delivery>,
    got: mpsc::Receiver<Value>,
    open: Arc<Semaphore>,
    page: crate::metrics::Page,
    worker: JoinHandle<()>,
    arrivals: mpsc::Receiver<Arrival>,
}

impl Bench {
    async fn new(answers: &[StatusCode], open: usize) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (got, received) = mpsc::channel(256);
        let open = Arc::new(Semaphore::new(open));
        let answers = Arc::new(Mutex::new(answers.iter().copied().collect()));
        let service = Service { answers, got, open: Arc::clone(&open) };
        let router = axum::Router::new().route("/hook", post(take)).with_state(service);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook?token=T0KEN", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self::pointing_to(url.parse().unwrap(), received, open)
    }

    fn pointing_to(url: Url, got: mpsc::Receiver<Value>, open: Arc<Semaphore>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let pauses = [Duration::from_millis(1); MAX_TRIES - 1];
        let webhook = Webhook::new(url, "mynet".to_owned(), "alice".to_owned(), pauses).unwrap();
        let (deliver, deliveries) = mpsc::channel(MAX_DELIVERIES);
        let (inbox, arrivals) = mpsc::channel(1);
        let (metrics, page) = Metrics::new();
        let worker = tokio::spawn(run(webhook, deliveries, inbox, metrics));
        Self { deliver, got, open, page, worker, arrivals }
    }

    async fn next(&mut self) -> Value {
        tokio::time::timeout(LONG, self.got.recv()).await.unwrap().unwrap()
    }

    /// Ends the worker and gives how many notices had this outcome.
    async fn ended(self, outcome: &str) -> usize {
        drop(self.deliver);
        tokio::time::timeout(LONG, self.worker).await.unwrap().unwrap();
        let start = format!("guardian_webhook_total{{outcome=\"{outcome}\"}} ");
        let text = self.page.render();
        text.lines().find_map(|line| line.strip_prefix(&start)).unwrap().parse().unwrap()
    }
}

fn notice(validator: u64) -> Delivery {
    let (proposal, validator) = (ProposalId([4; 32]), ValidatorIndex(validator));
    Delivery { slot: Slot(812), notice: Notice::Held { proposal, validator, hold: Some(Hold::DayCap) } }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_arrives_with_who_speaks_and_when() {
    let mut bench = Bench::new(&[], 8).await;
    bench.deliver.send(notice(7)).await.unwrap();
    let expected = json!({
        "network": "mynet", "guardian": "alice", "slot": 812,
        "notice": { "notice": "held", "proposal": ProposalId([4; 32]), "validator": 7, "hold": "day_cap" },
    });
    assert_eq!(bench.next().await, expected);
    assert_eq!(bench.ended("sent").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_stumbles_is_tried_again() {
    let stumbles = [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::TOO_MANY_REQUESTS];
    let mut bench = Bench::new(&stumbles, 8).await;
    bench.deliver.send(notice(7)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(bench.next().await["notice"]["validator"], 7);
    }
    assert_eq!(bench.ended("sent").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_tries_it_is_given_up_and_the_next_goes_on() {
    let mut bench = Bench::new(&[StatusCode::BAD_GATEWAY; 3], 8).await;
    bench.deliver.send(notice(7)).await.unwrap();
    bench.deliver.send(notice(8)).await.unwrap();
    let mut got = Vec::new();
    for _ in 0..4 {
        got.push(bench.next().await["notice"]["validator"].as_u64().unwrap());
    }
    assert_eq!(got, [7, 7, 7, 8]);
    assert_eq!(bench.ended("failed").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed() {
    let bench = Bench::new(&[StatusCode::TEMPORARY_REDIRECT; 3], 8).await;
    bench.deliver.send(notice(7)).await.unwrap();
    assert_eq!(bench.ended("failed").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_hangs_lets_few_wait_and_the_stop_does_not_wait_for_it() {
    let mut bench = Bench::new(&[], 0).await;
    bench.deliver.send(notice(0)).await.unwrap();
    bench.next().await;
    // One is under way and never ends; the queue takes its bound and not one more.
    let mut taken = 0;
    while bench.deliver.try_send(notice(taken)).is_ok() {
        taken += 1;
        assert!(taken < 1_000);
    }
    assert_eq!(taken, 64);
    drop(bench.arrivals);
    tokio::time::timeout(LONG, bench.worker).await.unwrap().unwrap();
    assert_eq!(bench.open.available_permits(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_counted() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}/T0KEN").parse().unwrap();
    let bench = Bench::pointing_to(url, mpsc::channel(1).1, Arc::new(Semaphore::new(0)));
    bench.deliver.send(notice(7)).await.unwrap();
    assert_eq!(bench.ended("failed").await, 1);
}
