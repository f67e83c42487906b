//! Performs the core's commands, in order.
//!
//! Only `Persist` is awaited. Everything else is handed on without waiting: gossip is try-send, and signing, combining
//! and posting go to workers behind bounded queues, whose results come back through the inbox as events. What a full
//! queue refuses is dropped and counted: the core offers what is still open again. The loop never waits for its own
//! inbox, so a full inbox makes workers wait and can never stop the loop.

mod combiner;
mod inclusion;
mod submitter;

use crate::inbound;
use crate::metrics::Metrics;
use crate::node::{Arrival, Directory, Reply};
use crate::signer::{self, Errand, Signer};
use crate::webhook::{self, Delivery, Webhook};
use crate::{Error, Store, ceremonies, http, logging};
use chain_watcher::{Archive, Poster};
use crypto::execution::Address;
use crypto::spec::{BlsPubkey, Slot};
use guardian_core::ceremony::{self, CeremonyId};
use guardian_core::command::CombineOrder;
use guardian_core::event::RequestId;
use guardian_core::fault::Fault;
use guardian_core::message::{Envelope, Message, WireMessage};
use guardian_core::notice::Notice;
use guardian_core::record::Record;
use guardian_core::request::{Answer, AskId};
use guardian_core::status::StatusSnapshot;
use guardian_core::{Command, Event};
use inclusion::Search;
use p2p::{Network, RequestToken};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;
use submitter::Submission;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tracing::{debug, warn};

/// Orders waiting for each worker.
const MAX_ORDERS: usize = 4096;

/// Own messages waiting to be handled as everybody else's; the core says a handful for each event.
const MAX_OWN: usize = 4096;

/// Catch-up questions waiting for their answer; the oldest is declined first.
const MAX_REQUESTS: usize = 128;

/// Requests of our operator waiting for their answer, the oldest is declined first: as many as the admin socket serves
/// at once, and as many again whose askers have given up.
const MAX_ASKS: usize = 2 * crate::admin::MAX_CONNECTIONS;

/// The hands of the node.
pub struct Effects {
    store: Arc<Store>,
    network: Network,
    directory: Directory,
    metrics: Metrics,
    view: watch::Sender<http::View>,
    own: VecDeque<Event>,
    requests: VecDeque<(RequestId, RequestToken)>,
    asks: VecDeque<(AskId, oneshot::Sender<Box<Answer>>)>,
    /// The slot that is being handled.
    slot: Slot,
    validators: watch::Sender<Vec<BlsPubkey>>,
    operators: watch::Sender<Vec<Address>>,
    sign: mpsc::Sender<Errand>,
    combine: mpsc::Sender<CombineOrder>,
    submit: mpsc::Sender<Submission>,
    search: mpsc::Sender<Search>,
    ceremonies: mpsc::Sender<(CeremonyId, ceremony::Errand)>,
    quill: mpsc::Sender<ceremonies::Order>,
    prove: mpsc::Sender<ceremonies::Proving>,
    /// Where notices are sent, if anywhere.
    deliver: Option<mpsc::Sender<Delivery>>,
}

/// What the hands work with.
pub struct Tools {
    /// The journal.
    pub store: Arc<Store>,
    /// The link to the other guardians.
    pub network: Network,
    /// Who is who.
    pub directory: Directory,
    /// What is counted.
    pub metrics: Metrics,
    /// What HTTP shows.
    pub view: watch::Sender<http::View>,
    /// Which validators are followed on the beacon chain.
    pub validators: watch::Sender<Vec<BlsPubkey>>,
    /// Which operators' accounts are read at the execution chain's head.
    pub operators: watch::Sender<Vec<Address>>,
    /// The shares.
    pub signer: Signer,
    /// The way to the beacon nodes.
    pub poster: Poster,
    /// The blocks of the past.
    pub archive: Archive,
    /// Who does what ceremonies need.
    pub ceremonies: mpsc::Sender<(CeremonyId, ceremony::Errand)>,
    /// Who signs with the network's own key.
    pub quill: mpsc::Sender<ceremonies::Order>,
    /// Who proves that shares work.
    pub prove: mpsc::Sender<ceremonies::Proving>,
    /// Where notices are sent, if anywhere.
    pub webhook: Option<Webhook>,
    /// Where results go.
    pub inbox: mpsc::Sender<Arrival>,
}

impl Effects {
    /// Starts the workers among the node's `parts`. They end when these hands are dropped.
    pub fn start(tools: Tools, parts: &mut JoinSet<()>) -> Self {
        let Tools {
            store,
            network,
            directory,
            metrics,
            view,
            validators,
            operators,
            signer,
            poster,
            archive,
            ceremonies,
            quill,
            prove,
            ..
        } = tools;
        let (webhook, inbox) = (tools.webhook, tools.inbox);
        let (sign, errands) = mpsc::channel(MAX_ORDERS);
        let (combine, partials) = mpsc::channel(MAX_ORDERS);
        let (submit, exits) = mpsc::channel(MAX_ORDERS);
        let (search, searches) = mpsc::channel(MAX_ORDERS);
        parts.spawn_blocking({
            let (inbox, metrics) = (inbox.clone(), metrics.clone());
            move || signer::run(signer, errands, &inbox, &metrics)
        });
        parts.spawn_blocking({
            let (inbox, metrics) = (inbox.clone(), metrics.clone());
            move || combiner::run(partials, &inbox, &metrics)
        });
        parts.spawn(submitter::run(poster, exits, inbox.clone(), metrics.clone()));
        let deliver = webhook.map(|webhook| {
            let (deliver, deliveries) = mpsc::channel(webhook::MAX_DELIVERIES);
            parts.spawn(webhook::run(webhook, deliveries, inbox.clone(), metrics.clone()));
            deliver
        });
        parts.spawn(inclusion::run(archive, searches, inbox));
        let (own, requests, asks) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        Self {
            store,
            network,
            directory,
            metrics,
            view,
            own,
            requests,
            asks,
            slot: Slot(0),
            validators,
            operators,
            sign,
            combine,
            submit,
            search,
            ceremonies,
            quill,
            prove,
            deliver,
        }
    }

    /// The way to the signer, for whoever has new shares for it.
    pub fn signer(&self) -> mpsc::Sender<Errand> {
        self.sign.clone()
    }

    /// The next of our own messages: to be handled before anything from outside.
    pub fn next_own(&mut self) -> Option<Event> {
        self.own.pop_front()
    }

    /// Keeps the right to answer a question until the core does.
    pub fn keep(&mut self, reply: Reply) {
        // What is dropped declines the question; whoever asked may ask again.
        match reply {
            Reply::CatchUp(request, token) => keep(&mut self.requests, MAX_REQUESTS, (request, token)),
            Reply::Operator(ask, answer) => {
                self.asks.retain(|(_, waiting)| !waiting.is_closed());
                keep(&mut self.asks, MAX_ASKS, (ask, answer));
            }
        }
    }

    /// A slot is handled from here on.
    pub fn begin(&mut self, slot: Slot) {
        self.slot = slot;
    }

    /// A slot and all that followed from it is done.
    pub fn slot_processed(&self, slot: Slot, inbox_depth: usize) {
        self.metrics.slot_processed(slot);
        self.metrics.inbox_depth(inbox_depth);
        self.metrics.network(&self.network.counters());
        self.view.send_modify(|view| view.slot_processed = Some(tokio::time::Instant::now()));
    }

    /// Performs one command.
    ///
    /// # Errors
    /// What the store says when it could not make records durable: the node must stop.
    pub async fn execute(&mut self, command: Command) -> Result<(), Error> {
        logging::command(&command);
        match command {
            Command::Persist(records) => self.persist(records).await?,
            Command::Broadcast(message) => self.broadcast(message),
            Command::Reply { request, envelopes } => self.reply(request, envelopes),
            Command::RequestCatchUp(guardian) => {
                if let Some(peer) = self.directory.peer(guardian) {
                    self.network.request_catch_up(peer);
                }
            }
            Command::SignExit(order) => {
                self.handed_on(self.sign.try_send(Errand::Sign(order)).is_ok(), "sign");
            }
            Command::CombineExit(order) => {
                let proposal = order.proposal;
                let taken = self.combine.try_send(order).is_ok();
                self.handed_on(taken, "combine");
                if !taken {
                    // The core waits for an answer before it orders the next combination.
                    self.own.push_back(Event::CombineFailed { proposal, culprits: Vec::new() });
                }
            }
            Command::SubmitExit { proposal, exit } => {
                self.handed_on(self.submit.try_send(Submission { proposal, exit }).is_ok(), "submit");
            }
            Command::FindInclusion { proposal, exit, from, to } => {
                let taken = self.search.try_send(Search { proposal, exit, from, to }).is_ok();
                self.handed_on(taken, "inclusion");
            }
            Command::ProveReadiness { day } => {
                let taken = self.prove.try_send(ceremonies::Proving::Prove(day)).is_ok();
                self.handed_on(taken, "prover");
            }
            Command::CheckReadiness { from, readiness } => {
                let taken = self.prove.try_send(ceremonies::Proving::Check(from, readiness)).is_ok();
                self.handed_on(taken, "prover");
            }
            Command::CommitNonces { matter, attempt } => {
                let taken = self.quill.try_send(ceremonies::Order::Commit { matter, attempt }).is_ok();
                self.handed_on(taken, "quill");
            }
            Command::SignGroup(order) => {
                let taken = self.quill.try_send(ceremonies::Order::Sign(order)).is_ok();
                self.handed_on(taken, "quill");
            }
            Command::Ceremony { ceremony, errand } => {
                let taken = self.ceremonies.try_send((ceremony, errand)).is_ok();
                self.handed_on(taken, "ceremony");
            }
            Command::Answer { ask, answer } => self.answer(ask, answer),
            Command::Notify(notice) => self.notify(notice),
            Command::WatchValidators(validators) => drop(self.validators.send_replace(validators)),
            Command::WatchOperators(operators) => drop(self.operators.send_replace(operators)),
            Command::ReportFault(fault) => self.report(fault),
            Command::PublishStatus(status) => self.publish(status),
        }
        Ok(())
    }

    async fn persist(&self, records: Vec<Record>) -> Result<(), Error> {
        let started = Instant::now();
        let store = Arc::clone(&self.store);
        let appended = tokio::task::spawn_blocking(move || (store.append(&records), records)).await;
        let (appended, records) = appended.map_err(|e| Error::Task { problem: format!("the store: {e}") })?;
        appended?;
        self.metrics.persist.record(started.elapsed());
        for record in &records {
            logging::moved(record, self.directory.me());
            if let Record::VoteCast(vote) = record {
                self.metrics.voted(vote.decision);
            }
        }
        Ok(())
    }

    /// Seals once; what is sent and what comes back to ourselves are the same bytes.
    fn broadcast(&mut self, message: Message) {
        if self.own.len() >= MAX_OWN {
            self.metrics.broadcasts_dropped.increment(1);
            return;
        }
        let payload = WireMessage::V1(message).encode();
        let sealed = self.network.seal(&payload);
        if let Err(problem) = self.network.try_broadcast(sealed.clone()) {
            self.metrics.broadcasts_dropped.increment(1);
            debug!(%problem, "message not sent; it is offered again");
        }
        let open = |bytes: &[u8]| self.network.open_sealed(bytes);
        let me = self.directory.me();
        self.own.push_back(inbound::said(me, &payload, sealed, &self.directory, &self.metrics, &open));
    }

    fn reply(&mut self, request: RequestId, envelopes: Vec<Envelope>) {
        let found = self.requests.iter().position(|(waiting, _)| *waiting == request);
        if let Some((_, token)) = found.and_then(|place| self.requests.remove(place)) {
            self.network.reply(token, envelopes.into_iter().map(|envelope| envelope.0).collect());
        }
    }

    fn answer(&mut self, ask: AskId, answer: Box<Answer>) {
        let found = self.asks.iter().position(|(waiting, _)| *waiting == ask);
        if let Some((_, waiting)) = found.and_then(|place| self.asks.remove(place))
            && waiting.send(answer).is_err()
        {
            debug!(ask = ask.0, "answered too late: the operator waits no more");
        }
    }

    fn notify(&self, notice: Notice) {
        logging::notice(&notice);
        self.metrics.attention.noticed(&notice);
        let Some(deliver) = &self.deliver else { return };
        let code = notice.code();
        if deliver.try_send(Delivery { slot: self.slot, notice }).is_err() {
            self.metrics.attention.delivered(webhook::Outcome::Dropped);
            warn!(code, "notice not sent to the webhook: too many wait already");
        }
    }

    fn handed_on(&self, taken: bool, worker: &'static str) {
        if !taken {
            self.metrics.orders_dropped.increment(1);
            warn!(worker, "order dropped: the worker's queue is full; it is given again");
        }
    }

    fn report(&self, fault: Fault) {
        self.metrics.faulted(fault.kind);
        let proposal = fault.proposal.map(tracing::field::display);
        warn!(guardian = fault.guardian.0, code = fault.kind.code(), proposal, "guardian at fault");
        if fault.guardian != self.directory.me()
            && let Some(peer) = self.directory.peer(fault.guardian)
        {
            self.network.penalise(peer);
        }
    }

    fn publish(&self, status: Box<StatusSnapshot>) {
        self.metrics.snapshot(&status);
        self.view.send_modify(|view| view.status = Some(Arc::from(status)));
    }
}

/// Puts one more into a bounded queue; the oldest makes room.
fn keep<T>(queue: &mut VecDeque<T>, most: usize, item: T) {
    if queue.len() >= most {
        queue.pop_front();
    }
    queue.push_back(item);
}

#[cfg(test)]
mod tests;
