//! The office: one task that owns every session. It takes the core's errands, has each done once at a time away from the
//! async threads, reads the members' boards and answers what they ask.

use super::board::Boards;
use super::channel::{Page, Question, encode};
use super::session::Session;
use super::shelf::Shelf;
use super::work::{self, Job};
use super::{Asked, Ending};
use crate::Error;
use crate::node::Arrival;
use crate::shares::Keyring;
use crate::signer;
use crypto::custody::CustodySecretKey;
use crypto::password::{Password, ScryptCost};
use guardian_core::Event;
use guardian_core::ceremony::{CeremonyId, Errand, News, Order};
use guardian_core::guardian_set::NetworkDefinition;
use guardian_core::statement::{MAX_STATEMENT, PeerName, Statement};
use p2p::{Multiaddr, Network, Peer, PeerId};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tracing::{debug, info, warn};

/// Jobs at a time; what is beyond is begun when the core gives the errand again.
const MAX_JOBS: usize = 64;

/// Most slots between two tries of an errand that a member's answer is missing for.
const MAX_WAIT: u32 = 4;

/// Most slots between two tries of an errand that fails here.
const MAX_PAUSE: u32 = 64;

/// Answers in the making at a time.
const MAX_ANSWERS: usize = 16;

/// What the office works with.
pub struct Tools {
    /// The link to the other guardians.
    pub network: Network,
    /// The definition in force here.
    pub definition: NetworkDefinition,
    /// The definition before it, for one that waits to come in or has just followed.
    pub previous: Option<NetworkDefinition>,
    /// Whether we wait for the set before to hand over, or have left: then everybody is a guest.
    pub joining: bool,
    /// Whether we wait for the set before to hand over.
    pub waits: bool,
    /// Our shares; None before there is a data key.
    pub(crate) keyring: Option<Keyring>,
    /// Opens what is sealed for us.
    pub custody: Option<Arc<CustodySecretKey>>,
    /// Where epochs and ceremonies are kept.
    pub data_dir: PathBuf,
    /// Opens the store of the next epoch.
    pub password: Arc<Password>,
    /// What deriving a key from it costs.
    pub cost: ScryptCost,
    /// Where the boards are read: how often.
    pub every: Duration,
    /// Who signs with new shares.
    pub signer: mpsc::Sender<signer::Errand>,
    /// Where results go.
    pub inbox: mpsc::Sender<Arrival>,
}

/// One task's whole state.
struct Office {
    tools: Arc<Tools>,
    boards: Boards,
    sessions: BTreeMap<CeremonyId, Arc<Session>>,
    /// Members of all sessions and definitions, who may ask and are asked.
    peers: BTreeMap<PeerId, PeerName>,
    guests: BTreeSet<PeerId>,
    /// Ceremonies whose strangers are let in.
    agreed: BTreeSet<CeremonyId>,
    /// How many dealers announced their dealing, by ceremony.
    dealt: BTreeMap<CeremonyId, usize>,
    running: BTreeSet<(CeremonyId, String)>,
    /// Errands that failed: how often in a row, and when they may be tried again.
    failed: BTreeMap<(CeremonyId, String), (u32, Instant)>,
    jobs: JoinSet<Done>,
    answers: JoinSet<()>,
    ending: Option<oneshot::Sender<Ending>>,
}

/// What comes back from a job.
enum Done {
    /// An errand ended; with news, or without: then it is given again.
    Errand { ceremony: CeremonyId, key: String, news: Option<News>, ending: Option<Ending> },
    /// An errand failed, here or for want of a member's answer.
    Failed { ceremony: CeremonyId, key: String, here: bool },
    /// A member's boards were read.
    Read { writer: PeerId, pages: Vec<Page> },
}

/// Runs the office until the core's errands end. `ending` is told when the node must start anew.
pub async fn run(
    tools: Tools,
    mut errands: mpsc::Receiver<(CeremonyId, Errand)>,
    mut asked: mpsc::Receiver<Asked>,
    ending: oneshot::Sender<Ending>,
) {
    let mut office = Office::new(tools, ending);
    office.admit();
    let mut turn = tokio::time::interval(office.tools.every);
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            errand = errands.recv() => match errand {
                Some((ceremony, errand)) => office.take(ceremony, errand).await,
                None => return,
            },
            Some(asked) = asked.recv() => office.answer(asked),
            _ = turn.tick() => office.read_boards(),
            Some(done) = office.jobs.join_next() => match done {
                Ok(done) => office.finish(done).await,
                Err(problem) => warn!(%problem, "a job for a ceremony broke off; it is begun again"),
            },
            Some(_) = office.answers.join_next() => {}
        }
    }
}

impl Office {
    fn new(tools: Tools, ending: oneshot::Sender<Ending>) -> Self {
        Self {
            boards: Boards::new(rand::random()),
            sessions: BTreeMap::new(),
            peers: BTreeMap::new(),
            guests: BTreeSet::new(),
            agreed: BTreeSet::new(),
            dealt: BTreeMap::new(),
            running: BTreeSet::new(),
            failed: BTreeMap::new(),
            jobs: JoinSet::new(),
            answers: JoinSet::new(),
            ending: Some(ending),
            tools: Arc::new(tools),
        }
    }

    /// Lets in everybody who is in a ceremony with us and no member of our network; while we wait to come in, all of them.
    fn admit(&mut self) {
        let tools = &self.tools;
        let ours: BTreeSet<PeerId> = members(&tools.definition).map(|(peer, _)| peer).collect();
        let mut guests: BTreeMap<PeerId, Peer> = BTreeMap::new();
        let definitions = [Some(&tools.definition), tools.previous.as_ref()];
        let agreed = self.sessions.values().filter(|session| self.agreed.contains(&session.id));
        let sessions = agreed.flat_map(|session| [&session.current, session.next()]);
        for definition in definitions.into_iter().flatten().chain(sessions) {
            for member in &definition.guardian_set.members {
                let Ok(peer_id) = member.peer_id.parse::<PeerId>() else { continue };
                let is_guest = tools.joining || !ours.contains(&peer_id);
                if is_guest && peer_id != tools.network.peer_id() {
                    let addresses = member.addresses.iter().filter_map(|at| at.parse::<Multiaddr>().ok());
                    guests.insert(peer_id, Peer { peer_id, addresses: addresses.collect() });
                }
            }
        }
        self.peers = definitions.into_iter().flatten().flat_map(members).collect();
        let agreed = self.sessions.values().filter(|session| self.agreed.contains(&session.id));
        self.peers.extend(agreed.flat_map(|session| session.members.clone()));
        self.peers.remove(&tools.network.peer_id());
        let wanted: BTreeSet<PeerId> = guests.keys().copied().collect();
        if wanted != self.guests {
            match tools.network.admit(guests.into_values().collect()) {
                Ok(()) => self.guests = wanted,
                Err(problem) => warn!(%problem, "the members of the other set are not let in yet"),
            }
        }
    }

    async fn take(&mut self, id: CeremonyId, errand: Errand) {
        match errand {
            Errand::Convene { order, current, agreed, board, dealt } => {
                self.boards.post(id, &board);
                self.dealt.insert(id, dealt.len());
                self.convene(id, *order, *current, agreed);
            }
            Errand::State(statement) => self.state(id, *statement).await,
            Errand::Dissolve => self.dissolve(id),
            errand => self.begin(id, errand),
        }
    }

    fn convene(&mut self, id: CeremonyId, order: Order, current: NetworkDefinition, agreed: bool) {
        // Strangers of the next set are let in once our operator agreed to them, or once they are our set.
        if (agreed || self.tools.previous.is_some()) && self.agreed.insert(id) {
            // What the core did not keep before we agreed is read once more.
            self.boards.read_again(&id);
            if self.sessions.contains_key(&id) {
                self.admit();
            }
        }
        if self.sessions.contains_key(&id) {
            return;
        }
        let Some(keyring) = self.tools.keyring.clone() else { return };
        let members: BTreeMap<PeerId, PeerName> =
            members(&current).chain(members(order.next(&current))).collect();
        let me = PeerName(self.tools.network.peer_id().to_string());
        let shelf = Shelf::open(&self.tools.data_dir, id, keyring.data_key());
        match shelf {
            Ok(shelf) => {
                let session = Session::new(order, current, me, keyring, shelf, members);
                self.sessions.insert(id, Arc::new(session));
                self.admit();
            }
            Err(problem) => warn!(ceremony = %id, %problem, "a ceremony cannot begin here"),
        }
    }

    /// Seals what we say in the ceremony's domain.
    async fn state(&mut self, id: CeremonyId, statement: Statement) {
        let envelope = self.tools.network.seal_in(id.0, &statement.encode());
        let envelope = guardian_core::message::Envelope(envelope);
        self.boards.post(id, [&envelope]);
        let from = PeerName(self.tools.network.peer_id().to_string());
        self.tell(Event::StatementReceived { ceremony: id, from, statement, envelope }).await;
    }

    /// The inbox is bounded, and the loop never waits for us: waiting here is safe.
    async fn tell(&self, event: Event) {
        let _ = self.tools.inbox.send(event.into()).await;
    }

    fn begin(&mut self, id: CeremonyId, errand: Errand) {
        let Some(session) = self.sessions.get(&id).cloned() else { return };
        let key = errand.key().unwrap_or_else(|| errand.code().to_owned());
        if self.failed.get(&(id, key.clone())).is_some_and(|(_, until)| Instant::now() < *until) {
            return;
        }
        if self.jobs.len() >= MAX_JOBS || !self.running.insert((id, key.clone())) {
            return;
        }
        let job = Job { session, tools: Arc::clone(&self.tools) };
        self.jobs.spawn(async move {
            let code = errand.code();
            match work::perform(&job, errand).await {
                Ok((news, ending)) => Done::Errand { ceremony: id, key, news, ending },
                // What a member cannot give yet is asked for again; what fails here is for the operator to see.
                Err(problem @ (Error::Ceremony { .. } | Error::Network(_))) => {
                    debug!(ceremony = %id, errand = code, %problem, "not done yet; it is tried again");
                    Done::Failed { ceremony: id, key, here: false }
                }
                Err(problem) => {
                    warn!(ceremony = %id, errand = code, %problem, "a ceremony cannot go on here; it is tried again");
                    Done::Failed { ceremony: id, key, here: true }
                }
            }
        });
    }

    async fn finish(&mut self, done: Done) {
        match done {
            Done::Failed { ceremony, key, here } => {
                let key = (ceremony, key);
                self.running.remove(&key);
                let tries = self.failed.get(&key).map_or(0, |(tries, _)| *tries).saturating_add(1);
                let most = if here { MAX_PAUSE } else { MAX_WAIT };
                let turns = 1u32.checked_shl(tries.saturating_sub(1)).unwrap_or(most).min(most);
                let until = Instant::now() + self.tools.every.saturating_mul(turns.saturating_sub(1));
                self.failed.insert(key, (tries, until));
            }
            Done::Errand { ceremony, key, news, ending } => {
                let key = (ceremony, key);
                self.running.remove(&key);
                self.failed.remove(&key);
                if let Some(news) = news {
                    self.tell(Event::CeremonyNews { ceremony, news }).await;
                }
                if let Some(ending) = ending
                    && let Some(teller) = self.ending.take()
                {
                    info!(%ceremony, ?ending, "this guardian starts anew");
                    let _ = teller.send(ending);
                }
            }
            Done::Read { writer, pages } => {
                self.running.remove(&(CeremonyId([0; 32]), writer.to_string()));
                for page in pages {
                    self.read_page(writer, page).await;
                }
            }
        }
    }

    /// Asks every member for what its boards say beyond what we read.
    fn read_boards(&mut self) {
        for writer in self.peers.keys().copied().collect::<Vec<_>>() {
            let key = (CeremonyId([0; 32]), writer.to_string());
            if !self.running.insert(key) {
                continue;
            }
            let question = Question::Boards(self.boards.bookmarks(&writer)).encode();
            let answer = self.tools.network.ask(writer, question);
            self.jobs.spawn(async move {
                let pages = answer.await.ok().and_then(|bytes| borsh::from_slice(&bytes).ok());
                Done::Read { writer, pages: pages.unwrap_or_default() }
            });
        }
    }

    async fn read_page(&mut self, writer: PeerId, page: Page) {
        let id = page.ceremony;
        let known = self.sessions.contains_key(&id);
        let members: Vec<PeerId> = match self.sessions.get(&id) {
            Some(session) => session.members.keys().copied().collect(),
            None => self.peers.keys().copied().chain([self.tools.network.peer_id()]).collect(),
        };
        let mut events = Vec::new();
        for envelope in self.boards.turn(writer, page) {
            let opened = p2p::open_in(id.0, members.iter().copied(), &envelope.0, MAX_STATEMENT);
            let Ok(opened) = opened else { continue };
            let Some(statement) = Statement::decode(&opened.payload) else {
                debug!(ceremony = %id, from = %opened.sender, "sealed, but no statement");
                continue;
            };
            let is_open = matches!(statement, Statement::Open(_));
            if known || is_open {
                let from = PeerName(opened.sender.to_string());
                events.push((!is_open, Event::StatementReceived { ceremony: id, from, statement, envelope }));
            }
        }
        // What opens it comes first; the rest is read again once we take part.
        events.sort_by_key(|(later, _)| *later);
        for (_, event) in events {
            self.tell(event).await;
        }
        if !known {
            self.boards.read_again(&id);
        }
    }

    fn answer(&mut self, asked: Asked) {
        let Asked { from, request, token } = asked;
        let network = self.tools.network.clone();
        let decline = |token| drop(network.answer(token, Vec::new()));
        let Some(question) = Question::decode(&request) else { return decline(token) };
        if let Question::Boards(bookmarks) = &question {
            let sessions = &self.sessions;
            let definition = &self.tools.definition;
            let may_read = |id: &CeremonyId| {
                sessions.get(id).map_or_else(
                    || members(definition).any(|(peer, _)| peer == from),
                    |session| session.members.contains_key(&from),
                )
            };
            let pages = self.boards.pages(bookmarks, may_read);
            return drop(network.answer(token, encode(&pages)));
        }
        let session = question.ceremony().and_then(|id| self.sessions.get(&id));
        let Some(session) = session.filter(|session| session.members.contains_key(&from)) else {
            return decline(token);
        };
        if self.answers.len() >= MAX_ANSWERS {
            return decline(token);
        }
        let job = Job { session: Arc::clone(session), tools: Arc::clone(&self.tools) };
        let ready = self.may_hand_out(&job.session);
        self.answers.spawn(async move {
            let answer = work::answer(&job, from, question, ready).await;
            let answer = answer.unwrap_or_else(|problem| {
                debug!(ceremony = %job.session.id, %from, %problem, "a question is declined");
                Vec::new()
            });
            let _ = job.tools.network.answer(token, answer);
        });
    }

    /// Whether sub-shares may leave: where keys are generated, not before every dealer is bound to its public part.
    fn may_hand_out(&self, session: &Session) -> bool {
        let bound = self.dealt.get(&session.id).copied().unwrap_or_default();
        !session.generates() || bound >= usize::from(session.current.guardian_set.threshold.n())
    }

    fn dissolve(&mut self, id: CeremonyId) {
        self.boards.forget(&id);
        self.agreed.remove(&id);
        self.dealt.remove(&id);
        self.failed.retain(|(of, _), _| *of != id);
        if let Some(shelf) = self.sessions.remove(&id).map(|session| session.shelf.clone()) {
            self.jobs.spawn_blocking(move || {
                if let Err(problem) = shelf.clear() {
                    warn!(ceremony = %id, %problem, "what was left of a ceremony is not removed");
                }
                Done::Errand { ceremony: id, key: "dissolve".into(), news: None, ending: None }
            });
        }
        self.admit();
    }
}

fn members(definition: &NetworkDefinition) -> impl Iterator<Item = (PeerId, PeerName)> {
    let each = definition.guardian_set.members.iter();
    let named: Vec<_> =
        each.filter_map(|member| Some((member.peer_id.parse().ok()?, member.peer()))).collect();
    named.into_iter()
}
