//! `/eth/v1/events`: server-sent events of the topics head, block, finalized_checkpoint and voluntary_exit.

use super::answer::Refusal;
use super::query;
use crate::chain::node::{Dialect, Shared};
use crate::chain::state::BeaconState;
use crate::chain::view::View;
use crate::server::ended;
use axum::extract::{RawQuery, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use crypto::spec::{Checkpoint, Slot};
use futures::stream::{self, Stream, StreamExt};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::watch;

/// Topics clients of other nodes ask for that never happen here: one chain, no slashings.
const SILENT: [&str; 3] = ["chain_reorg", "attestation", "proposer_slashing"];

pub(super) async fn stream(
    State(node): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let mut topics = Topics::default();
    for topic in query::list(query.as_deref(), "topics", Dialect::Current) {
        match topic.as_str() {
            "head" => topics.head = true,
            "block" => topics.block = true,
            "finalized_checkpoint" => topics.finalized = true,
            "voluntary_exit" => topics.exits = true,
            silent if SILENT.contains(&silent) => {}
            unknown => return Err(Refusal::bad_request(format!("unknown topic `{unknown}`"))),
        }
    }
    let view = node.view();
    let stopped = node.stopped.clone();
    let subscriber = Subscriber {
        topics,
        views: node.chain.subscribe(),
        head: view.head().slot,
        finalized: view.finalized(),
        next_exit: view.exits().last().map_or(0, |exit| exit.sequence + 1),
        node,
    };
    let events = stream::unfold(subscriber, async |mut subscriber| {
        subscriber.views.changed().await.ok()?;
        subscriber.views.mark_unchanged();
        let news = subscriber.news();
        Some((stream::iter(news), subscriber))
    });
    let events = events.flatten().map(Ok).take_until(Box::pin(ended(stopped)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

#[derive(Default)]
struct Topics {
    head: bool,
    block: bool,
    finalized: bool,
    exits: bool,
}

/// What one client has been told so far. A slow client is told of every slot that is still kept, and of no other:
/// nothing queues up for it.
struct Subscriber {
    node: Arc<Shared>,
    topics: Topics,
    views: watch::Receiver<Arc<View>>,
    head: Slot,
    finalized: Checkpoint,
    next_exit: u64,
}

impl Subscriber {
    fn news(&mut self) -> Vec<Event> {
        let view = self.node.view();
        let mut news = Vec::new();
        for exit in view.exits().iter().filter(|exit| exit.sequence >= self.next_exit) {
            if self.topics.exits {
                news.push(event("voluntary_exit", &json!(exit.signed)));
            }
        }
        self.next_exit = view.exits().last().map_or(self.next_exit, |exit| exit.sequence + 1);
        let mut slot = self.head;
        while slot < view.head().slot {
            slot = slot.saturating_add(1);
            let Some(state) = view.state_at(slot) else { continue };
            if self.topics.block {
                news.push(event("block", &block(state)));
            }
            if self.topics.head {
                news.push(event("head", &head(state)));
            }
        }
        self.head = view.head().slot;
        let finalized = self.node.told(view.finalized());
        if finalized != self.finalized {
            self.finalized = finalized;
            let state = view.state_of(view.finalized()).map(|state| state.header.state_root);
            if self.topics.finalized {
                news.push(event(
                    "finalized_checkpoint",
                    &json!({
                        "block": finalized.root,
                        "state": state,
                        "epoch": finalized.epoch.to_string(),
                        "execution_optimistic": false,
                    }),
                ));
            }
        }
        news
    }
}

fn event(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}

fn block(state: &BeaconState) -> Value {
    json!({ "slot": state.slot.to_string(), "block": state.header.root(), "execution_optimistic": false })
}

fn head(state: &BeaconState) -> Value {
    json!({
        "slot": state.slot.to_string(),
        "block": state.header.root(),
        "state": state.header.state_root,
        "epoch_transition": state.slot == state.spec.start_slot(state.epoch()),
        "previous_duty_dependent_root": state.previous_target,
        "current_duty_dependent_root": state.current_target,
        "execution_optimistic": false,
    })
}
