//! The task: follows the status, lets the scribe write, holds rounds, and shows the logs.

use super::keys::Bindings;
use super::redacted::redacted;
use super::roots::{self, Decided, Nodes};
use super::round::{Outcome, Round};
use super::scribe::{Progress, Scribe};
use super::shelf;
use super::witness::head;
use crate::http::View;
use crate::node::{Arrival, Directory};
use crate::store::Store;
use crate::{Config, Error};
use crypto::group_key::GroupPublicKey;
use crypto::spec::Slot;
use feed::{Checkpoint, FeedKey, KeyBinding, group_line, sign, with_lines};
use feed_server::log::Shelf;
use guardian_core::Event;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::logs::LogHead;
use guardian_core::signing::Matter;
use guardian_core::status::StatusSnapshot;
use p2p::Network;
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tracing::{info, warn};

/// Rest after a failure.
const REST: Duration = Duration::from_secs(60);

/// Least time between two statuses of one slot that are shown.
const PAUSE: Duration = Duration::from_secs(1);

/// Entries that every log begins with: the definition and the key.
const FIRST_ENTRIES: u64 = 2;

/// Notes kept for the network's own key, which signs a while after they were made.
const REMEMBERED: usize = 16;

/// What the press works with.
pub(crate) struct Tools {
    pub(crate) config: Config,
    pub(crate) definition: NetworkDefinition,
    pub(crate) directory: Directory,
    pub(crate) network: Network,
    /// The epoch's home.
    pub(crate) home: PathBuf,
    /// Not ours: the store closes when the node drops it.
    pub(crate) store: Weak<Store>,
    /// The slot at which our journal was last found to be old; 0 when it never was.
    pub(crate) lapsed: Slot,
    pub(crate) key: Arc<FeedKey>,
    pub(crate) binding: KeyBinding,
    pub(crate) nodes: Nodes,
    pub(crate) view: watch::Receiver<View>,
    pub(crate) inbox: mpsc::Sender<Arrival>,
    /// Bindings that the witness came to know.
    pub(crate) learned: mpsc::Receiver<(GuardianIndex, KeyBinding)>,
    /// What the feed shows.
    pub(crate) status: watch::Sender<Option<Arc<StatusSnapshot>>>,
    pub(crate) shelf: watch::Sender<Arc<Shelf>>,
    pub(crate) bindings: watch::Sender<Arc<BTreeMap<GuardianIndex, KeyBinding>>>,
}

struct Press {
    tools: Tools,
    scribe: Option<Scribe>,
    bindings: Bindings,
    sizes: BTreeMap<GuardianIndex, u64>,
    rounds: JoinSet<Outcome>,
    /// Decisions whose blocks are to be asked for, at most [`roots::MOST`].
    decided: VecDeque<Decided>,
    /// The one that is asked about now.
    asking: JoinSet<Decided>,
    /// The slot in which one was asked about last.
    asked: Slot,
    /// Slot of the last round, and the size it was about.
    last: Option<(Slot, u64)>,
    /// How many cosigned that.
    witnesses: usize,
    /// Notes of late, for the network's own key.
    notes: VecDeque<(LogHead, Vec<u8>)>,
    /// What the network's own key signed last.
    signed: Option<LogHead>,
    /// Whether a round was held since the log was opened: before that nothing is added to it.
    has_asked: bool,
    /// Said once in a row.
    is_failing: bool,
    /// Not tried again before.
    rests_until: Option<Instant>,
    /// The status that was followed last, and when.
    followed: Option<(Arc<StatusSnapshot>, Instant)>,
    /// Whether the journal has more than one turn's worth beyond the log.
    has_more: bool,
}

/// Runs until the node stops.
pub(crate) async fn run(tools: Tools) {
    let mut view = tools.view.clone();
    let inbox = tools.inbox.clone();
    let mut press = Press {
        tools,
        scribe: None,
        bindings: Bindings::default(),
        sizes: BTreeMap::new(),
        rounds: JoinSet::new(),
        decided: VecDeque::new(),
        asking: JoinSet::new(),
        asked: Slot(0),
        last: None,
        witnesses: 0,
        notes: VecDeque::new(),
        signed: None,
        has_asked: false,
        is_failing: false,
        rests_until: None,
        followed: None,
        has_more: false,
    };
    loop {
        let done = tokio::select! {
            () = inbox.closed() => return,
            changed = view.changed() => {
                if changed.is_err() {
                    return;
                }
                let status = view.borrow_and_update().status.clone();
                match status.filter(|status| press.is_worth(status)) {
                    Some(status) => press.follow(status).await,
                    None => Ok(()),
                }
            }
            () = std::future::ready(()), if press.has_more => press.write().await,
            Some((guardian, binding)) = press.tools.learned.recv() => {
                press.learn(guardian, binding);
                Ok(())
            }
            Some(outcome) = press.rounds.join_next() => match outcome {
                Ok(outcome) => press.conclude(outcome).await,
                Err(problem) => Err(Error::Task { problem: format!("a round of cosigning: {problem}") }),
            },
            Some(asked) = press.asking.join_next() => match asked {
                Ok(decided) => press.tell(decided).await,
                Err(problem) => Err(Error::Task { problem: format!("the blocks of a decision: {problem}") }),
            },
        };
        press.note(done);
    }
}

impl Press {
    /// A press that fails begins anew with the next status, and nothing else stops.
    fn note(&mut self, done: Result<(), Error>) {
        match done {
            Ok(()) => {
                if self.scribe.is_some() {
                    self.is_failing = false;
                }
            }
            Err(problem) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    warn!(%problem, "the public log is not written; it is tried again every minute");
                }
                self.scribe = None;
                self.has_more = false;
                self.rests_until = Some(Instant::now() + REST);
            }
        }
    }

    /// Works with the scribe away from the async threads: disks are slow. It is lost with what fails.
    async fn with_scribe<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Scribe) -> Result<T, Error> + Send + 'static,
    ) -> Result<Option<T>, Error> {
        let Some(mut scribe) = self.scribe.take() else { return Ok(None) };
        let done = tokio::task::spawn_blocking(move || work(&mut scribe).map(|value| (scribe, value)));
        let (scribe, value) =
            done.await.map_err(|e| Error::Task { problem: format!("the public log: {e}") })??;
        self.scribe = Some(scribe);
        Ok(Some(value))
    }

    async fn open(&mut self, anew: Option<Slot>) -> Result<(), Error> {
        self.scribe = None;
        self.has_more = false;
        self.tools.lapsed = self.tools.lapsed.max(anew.unwrap_or_default());
        let life = self.tools.lapsed;
        let (home, definition) = (self.tools.home.clone(), self.tools.definition.clone());
        let (me, binding) = (self.tools.directory.me(), self.tools.binding.clone());
        let config = self.tools.config.clone();
        let opening = move || {
            let scribe = Scribe::open(&home, &definition, me, &binding, life)?;
            let shelf = shelf::gather(&config, scribe.writer.log());
            Ok::<_, Error>((scribe, shelf))
        };
        let (scribe, shelf) = tokio::task::spawn_blocking(opening)
            .await
            .map_err(|e| Error::Task { problem: format!("opening the public log: {e}") })??;
        let log = scribe.writer.log();
        info!(log = log.id(), entries = log.size(), "public log opened");
        self.tools.shelf.send_replace(shelf);
        self.scribe = Some(scribe);
        (self.has_asked, self.last, self.signed) = (false, None, None);
        self.notes.clear();
        self.sizes.clear();
        // What they bring belongs to the log as it was.
        self.decided.clear();
        self.asking = JoinSet::new();
        let (me, binding) = (self.tools.directory.me(), self.tools.binding.clone());
        self.bindings.learn(&self.tools.definition, me, binding);
        self.show_bindings();
        // Before the first round nothing is added; the keys are told after it.
        Ok(())
    }

    fn show_bindings(&self) {
        self.tools.bindings.send_replace(Arc::new(self.bindings.all().clone()));
    }

    async fn follow(&mut self, status: Arc<StatusSnapshot>) -> Result<(), Error> {
        let slot = status.slot;
        self.tools.status.send_replace(Some(Arc::new(redacted(&status))));
        if self.scribe.is_none() {
            if self.rests_until.is_some_and(|until| Instant::now() < until) {
                return Ok(());
            }
            self.open(None).await?;
        }
        self.take_signature(&status).await?;
        self.write().await?;
        self.ask(slot);
        self.begin_round(slot).await
    }

    /// Whether a status is worth following: a new one, and of one slot not more than one a second.
    fn is_worth(&mut self, status: &Arc<StatusSnapshot>) -> bool {
        let is_known = self.followed.as_ref().is_some_and(|(last, at)| {
            Arc::ptr_eq(last, status) || (last.slot == status.slot && at.elapsed() < PAUSE)
        });
        if !is_known {
            self.followed = Some((Arc::clone(status), Instant::now()));
        }
        !is_known
    }

    /// One turn of writing. A log that was restored to an older state must hear so from the others before it says anything
    /// new.
    async fn write(&mut self) -> Result<(), Error> {
        self.has_more = false;
        if !self.has_asked {
            return Ok(());
        }
        let Some(store) = self.tools.store.upgrade() else { return Ok(()) };
        let keys = self.bindings.all().clone();
        let writing = move |scribe: &mut Scribe| {
            keys.iter().try_for_each(|(guardian, binding)| scribe.note_key(*guardian, binding))?;
            scribe.catch_up(&store)
        };
        match self.with_scribe(writing).await? {
            Some(Progress::Lapsed(at)) => self.open(Some(at)).await,
            Some(Progress::Other) => {
                let now = self.followed.as_ref().map_or(Slot(0), |(status, _)| status.slot);
                let life = self.scribe.as_ref().map_or(Slot(0), |scribe| scribe.writer.log().origin().life);
                let anew = now.max(life.saturating_add(1));
                warn!(life = anew.0, "the journal was begun anew: another public log begins");
                self.open(Some(anew)).await
            }
            Some(Progress::More) => {
                self.has_more = true;
                Ok(())
            }
            Some(Progress::Whole) | None => Ok(()),
        }
    }

    /// Asks our nodes about the blocks of one decision; one at a time, and one a slot.
    fn ask(&mut self, slot: Slot) {
        if let Some(scribe) = &mut self.scribe {
            self.decided.extend(scribe.take_decided());
            let surplus = self.decided.len().saturating_sub(roots::MOST);
            self.decided.drain(..surplus);
        }
        if self.has_asked
            && self.asking.is_empty()
            && slot > self.asked
            && let Some(decided) = self.decided.pop_front()
        {
            self.asked = slot;
            self.asking.spawn(roots::ask(self.tools.nodes.clone(), decided));
        }
    }

    /// What came of it goes into the log; what is missing is asked for again.
    async fn tell(&mut self, decided: Decided) -> Result<(), Error> {
        if !decided.is_done() {
            self.decided.push_back(decided);
            return Ok(());
        }
        let Some(entry) = decided.told() else { return Ok(()) };
        // Without a scribe it waits, as a decision that is done.
        if self.scribe.is_none() {
            self.decided.push_back(decided);
            return Ok(());
        }
        self.with_scribe(move |scribe| scribe.note_roots(&entry)).await.map(|_| ())
    }

    /// At most one at a time and one a slot: for what is new, and now and then for who was away.
    async fn begin_round(&mut self, slot: Slot) -> Result<(), Error> {
        let Some(log) = self.scribe.as_ref().map(|scribe| scribe.writer.log()) else { return Ok(()) };
        let epoch = self.tools.definition.chain.slots_per_epoch.get();
        let size = log.size();
        let is_due = self.last.is_none_or(|(then, known)| {
            let is_thin = self.witnesses.saturating_add(1) < self.tools.directory.len();
            ((size > known || !self.has_asked) && slot > then)
                || (is_thin && slot >= then.saturating_add(epoch))
        });
        if !is_due || !self.rounds.is_empty() {
            return Ok(());
        }
        self.last = Some((slot, size));
        let Some(root) = self.with_scribe(|scribe| scribe.root()).await? else { return Ok(()) };
        let checkpoint = Checkpoint { origin: *log.origin(), size, root };
        let note = sign(&checkpoint, &self.tools.key);
        let round = Round {
            definition: self.tools.definition.clone(),
            directory: self.tools.directory.clone(),
            network: self.tools.network.clone(),
            log,
            checkpoint,
            note,
            binding: self.tools.binding.clone(),
            sizes: self.sizes.clone(),
        };
        self.rounds.spawn(round.hold());
        Ok(())
    }

    async fn conclude(&mut self, outcome: Outcome) -> Result<(), Error> {
        let Outcome { checkpoint, note, cosigned, answered, behind } = outcome;
        let is_current =
            self.scribe.as_ref().is_some_and(|scribe| *scribe.writer.log().origin() == checkpoint.origin);
        if !is_current {
            return Ok(());
        }
        if let Some(life) = behind {
            let slot = self.last.map_or(checkpoint.origin.life, |(slot, _)| slot);
            let anew = slot.max(life.max(checkpoint.origin.life).saturating_add(1));
            warn!(
                life = anew.0,
                "the others witnessed more of our public log than there is: another one begins"
            );
            return self.open(Some(anew)).await;
        }
        // Nothing is written before t guardians, ourselves among them, have looked: one of them would know of entries that
        // were lost. A log that has just begun has none.
        let threshold = self.tools.definition.guardian_set.threshold;
        let is_fresh = checkpoint.size <= FIRST_ENTRIES && checkpoint.origin.life == Slot(0);
        self.has_asked |= threshold.met_by(answered.saturating_add(1)) || is_fresh;
        self.witnesses = cosigned.len();
        for (guardian, binding) in &cosigned {
            self.sizes.insert(*guardian, checkpoint.size);
            self.learn(*guardian, binding.clone());
        }
        let shown = note.clone();
        self.with_scribe(move |scribe| scribe.show(&shown)).await?;
        let head = head(&checkpoint);
        self.notes.push_back((head, note));
        while self.notes.len() > REMEMBERED {
            self.notes.pop_front();
        }
        let agreed = cosigned.len().saturating_add(1);
        if self.tools.definition.guardian_set.threshold.met_by(agreed) {
            // A loop that is busy hears of the next one.
            let _ = self.tools.inbox.try_send(Event::LogChecked(head).into());
        }
        Ok(())
    }

    fn learn(&mut self, guardian: GuardianIndex, binding: KeyBinding) {
        if self.bindings.learn(&self.tools.definition, guardian, binding) {
            self.show_bindings();
        }
    }

    /// A signature of our log by the network's own key goes into the note that it is about.
    async fn take_signature(&mut self, status: &StatusSnapshot) -> Result<(), Error> {
        let Some(key) = status.group_key.as_ref().and_then(|key| key.parse::<GroupPublicKey>().ok()) else {
            return Ok(());
        };
        let ours = status.signatures.iter().find_map(|signing| match (&signing.matter, signing.signature) {
            (Matter::Checkpoint { head, opened, .. }, Some(signature))
                if head.guardian == self.tools.directory.me() =>
            {
                Some((*head, *opened, signature))
            }
            _ => None,
        });
        let Some((head, opened, signature)) = ours.filter(|(head, ..)| self.signed != Some(*head)) else {
            return Ok(());
        };
        let Some((_, note)) = self.notes.iter().find(|(known, _)| *known == head) else { return Ok(()) };
        let checkpoint = feed::note::peek(note).map_err(unreadable)?;
        let line = group_line(&checkpoint, opened, &key, &signature);
        let note = with_lines(note, &[line]).map_err(unreadable)?;
        self.signed = Some(head);
        self.with_scribe(move |scribe| scribe.show_signed(&note)).await.map(|_| ())
    }
}

fn unreadable(problem: feed::Error) -> Error {
    Error::Task { problem: format!("the public log: {problem}") }
}
