//! `Source`: one guardian's feed, followed in a task of its own.

use super::allowance::Allowance;
use super::fetch::{Client, failed};
use super::meeting::{Meeting, Met, Moved, meet};
use super::sync::{self, Copy};
use super::turn::Turn;
use super::view::{Bindings, View};
use crate::api::answer::Answer;
use crate::api::logs::LogView;
use crate::error::Error;
use crate::freshness::unix_now;
use crate::log::Log;
use crate::role::{Source as Shown, SourceState};
use feed::{Keys, Origin};
use guardian_core::guardian_set::NetworkDefinition;
use guardian_core::status::StatusSnapshot;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::MissedTickBehavior;

/// Most bytes of the list of logs.
const MAX_LIST: usize = 1 << 20;

/// Most bytes of a status, unpacked.
pub(super) const MAX_STATUS: usize = 512 << 20;

/// Most logs of one guardian that are mirrored: of each set and each life it has one.
const MAX_LOGS: usize = 16;

/// Most bytes of logs that are taken in from a source in one turn, and one answer more.
const MAX_TURN: u64 = 256 << 20;

/// Slots by which a guardian's clock may be ahead of ours.
const AHEAD: u64 = 2;

/// Unpacking and reading a status takes many times its bytes, so one source at a time does it. Taken when all of an answer is
/// here, so that nobody keeps it by sending slowly.
static READING: Semaphore = Semaphore::const_new(1);

/// What is known of all sources together.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) bindings: watch::Receiver<Arc<Bindings>>,
    pub(super) sources: watch::Receiver<Arc<Vec<Shown>>>,
}

/// What all logs are followed with in one look.
struct With<'a> {
    keys: &'a Keys,
    known: &'a Known,
    turn: &'a Turn,
    allowance: Allowance,
}

/// What came of a look at a source.
enum Looked {
    /// All of it was followed.
    Whole,
    /// Its status was followed, and not all of its logs.
    Partly(Error),
    /// What it says of a network that moved on.
    Moved(String),
}

/// One guardian's feed.
#[derive(Debug)]
pub(super) struct Source {
    client: Client,
    definition: Arc<NetworkDefinition>,
    home: PathBuf,
    met: Option<Met>,
    /// What it last said, as long as it said nothing else since.
    moved: Option<Moved>,
    status: Option<Arc<StatusSnapshot>>,
    tag: Option<String>,
    /// Those that write; one is away while it is brought up, or after its disk failed.
    copies: BTreeMap<String, Copy>,
    /// Those that read, of every copy that was opened.
    logs: BTreeMap<String, Log>,
    /// How often a copy was opened: whoever holds the readers has to take them anew.
    opened: u64,
    /// The one that is written, by its id.
    current: Option<String>,
    state: SourceState,
    problem: Option<String>,
    /// Whether the last look followed the status.
    is_followed: bool,
    verified_at: Option<u64>,
    view: watch::Sender<View>,
}

impl Source {
    /// With what an earlier run kept of it. Waits for the disk.
    pub(super) fn new(
        client: Client,
        definition: Arc<NetworkDefinition>,
        home: &Path,
        met: Option<Met>,
        status: Option<Arc<StatusSnapshot>>,
    ) -> Self {
        let mut source = Self {
            client,
            definition,
            home: home.to_owned(),
            met,
            moved: None,
            status,
            tag: None,
            copies: BTreeMap::new(),
            logs: BTreeMap::new(),
            opened: 0,
            current: None,
            state: SourceState::Waiting,
            problem: None,
            is_followed: false,
            verified_at: None,
            view: watch::channel(View::default()).0,
        };
        source.reopen();
        source.tell();
        source
    }

    /// What is known of it, whenever that changes.
    pub(super) fn view(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    fn reopen(&mut self) {
        let Some(met) = &self.met else { return };
        // A binding that does not hold is not kept.
        let Ok(keys) = Keys::bound(&self.definition, [(met.guardian, &met.binding)], None) else { return };
        self.copies = Copy::reopen(&self.home, met.guardian, self.definition.guardian_set.epoch, &keys);
        self.logs = self.copies.iter().map(|(id, copy)| (id.clone(), copy.log())).collect();
        let newest = self.copies.iter().max_by_key(|(_, copy)| copy.origin().life);
        self.current = newest.map(|(id, _)| id.clone());
    }

    /// Looks at it again and again until the mirror ends, in turns that take no longer than `limit`.
    pub(super) async fn follow(
        mut self,
        known: Known,
        every: Duration,
        limit: Duration,
        running: watch::Receiver<()>,
    ) {
        let mut turns = tokio::time::interval(every);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut ended = running.clone();
        loop {
            tokio::select! {
                biased;
                // Nothing is ever sent.
                _ = ended.changed() => return,
                _ = turns.tick() => {}
            }
            self.look(&known, &Turn::begin(limit, running.clone())).await;
        }
    }

    /// Asks for everything that is new. Whatever fails is said in the state; what was good before stays.
    async fn look(&mut self, known: &Known, turn: &Turn) {
        let done = self.try_look(known, turn).await;
        let (last, url) = (self.state, self.client.url());
        self.is_followed = matches!(done, Ok(Looked::Whole | Looked::Partly(_)));
        (self.state, self.problem) = match (done, self.moved.clone()) {
            (Ok(Looked::Whole), _) => {
                self.verified_at = Some(unix_now());
                (SourceState::Following, None)
            }
            (Ok(Looked::Partly(problem)), _) => (SourceState::Unreachable, Some(problem.to_string())),
            (Ok(Looked::Moved(moved)), _) => (SourceState::Moved, Some(moved)),
            (Err(lie @ Error::Lie { .. }), _) => {
                // Nothing that a liar said before is repeated.
                self.moved = None;
                (SourceState::Lying, Some(lie.to_string()))
            }
            (Err(problem), Some(moved)) => {
                (SourceState::Unreachable, Some(format!("{problem}; when it was last reached, {moved}")))
            }
            (Err(problem), None) => (SourceState::Unreachable, Some(problem.to_string())),
        };
        if let (Some(problem), true) = (&self.problem, last != self.state) {
            tracing::warn!(source = url, %problem, "a mirrored feed is not followed");
        }
        self.tell();
    }

    async fn try_look(&mut self, known: &Known, turn: &Turn) -> Result<Looked, Error> {
        if let Some(moved) = self.meet(turn).await? {
            let bindings = known.bindings.borrow().clone();
            let binding = moved.guardian.and_then(|was| Some((was, bindings.get(&was)?.clone())));
            if let (None, Some((guardian, binding))) = (&self.met, binding) {
                self.met = Some(Met { guardian, binding, others: BTreeMap::new() });
            }
            return match self.follow_logs(known, turn).await {
                Ok(()) => Ok(Looked::Moved(moved.to_string())),
                Err(lie @ Error::Lie { .. }) => Err(lie),
                Err(problem) => Ok(Looked::Moved(format!("{moved}; what it has of the old log: {problem}"))),
            };
        }
        let logs = match self.follow_logs(known, turn).await {
            Err(lie @ Error::Lie { .. }) => return Err(lie),
            done => done,
        };
        match (self.follow_status(turn).await, logs) {
            // The set may have changed between the two answers.
            (Err(lie @ Error::Lie { .. }), _) => match self.meet(turn).await? {
                Some(moved) => Ok(Looked::Moved(moved.to_string())),
                None => Err(lie),
            },
            (Ok(()), Ok(())) => Ok(Looked::Whole),
            (Ok(()), Err(problem)) => Ok(Looked::Partly(problem)),
            (Err(_), Err(problem)) | (Err(problem), Ok(())) => Err(problem),
        }
    }

    /// Asks who it is. It may say that the network moved on.
    async fn meet(&mut self, turn: &Turn) -> Result<Option<Moved>, Error> {
        let network = self.definition.id();
        let met = match meet(&self.client, turn, network, Some(&self.definition)).await? {
            Meeting::Ours(_, met) => met,
            Meeting::Moved(moved) => {
                self.moved = Some(moved.clone());
                return Ok(Some(moved));
            }
        };
        self.moved = None;
        if let Some(before) = self.met.as_ref().filter(|before| before.guardian != met.guardian) {
            let (now, before) = (met.guardian.0, before.guardian.0);
            let problem = format!(
                "it is guardian {now}'s and was guardian {before}'s; name each by an address of its own, or use another directory"
            );
            return Err(Error::Lie { what: format!("the key of {}", self.client.url()), problem });
        }
        if self.met.as_ref() != Some(&met) {
            self.met = Some(met);
            self.tell();
        }
        Ok(None)
    }

    /// Follows all logs that there are. A lie ends it; anything else that is wrong with one keeps no other back, and the first
    /// of it is what is wrong in the end.
    async fn follow_logs(&mut self, known: &Known, turn: &Turn) -> Result<(), Error> {
        let Some(met) = self.met.clone() else { return Ok(()) };
        let logs: Vec<LogView> = self.ask(turn, "/v1/logs", MAX_LIST).await?;
        let bindings = known.bindings.borrow().clone();
        let others = bindings.iter().filter(|(of, _)| **of != met.guardian);
        let all = others.map(|(of, binding)| (*of, binding)).chain([(met.guardian, &met.binding)]);
        // The network's own key is in no definition, and a status is only somebody's word for it.
        let keys = Keys::bound(&self.definition, all, None)
            .map_err(|problem| Error::Lie { what: "a key".to_owned(), problem: problem.to_string() })?;
        let with = With { keys: &keys, known, turn, allowance: turn.allowance(MAX_TURN) };
        let mut all = Ok(());
        for view in logs.iter().rev().take(MAX_LOGS) {
            let Ok(origin) = view.origin.parse::<Origin>() else { continue };
            // Logs of other definitions are verified by other keys: mirror those with that network's id.
            if origin.network != keys.network || origin.guardian != met.guardian || !sync::is_plain(&view.id)
            {
                continue;
            }
            if with.allowance.is_spent() {
                break;
            }
            match self.follow_log(view, origin, &with).await {
                Err(lie @ Error::Lie { .. }) => return Err(lie),
                done => all = all.and(done),
            }
        }
        all
    }

    async fn follow_log(&mut self, view: &LogView, origin: Origin, with: &With<'_>) -> Result<(), Error> {
        let With { keys, turn, allowance, .. } = with;
        let id = Copy::id(&origin, self.definition.guardian_set.epoch);
        let noted = sync::noted(&self.client, turn, &view.id, &origin, keys).await?;
        let there = self.copies.remove(&id);
        let is_opened = there.is_none();
        let copy = match there {
            Some(copy) => copy,
            None => self.open(origin, with).await?,
        };
        let (client, turn, name) = (self.client.clone(), Turn::clone(turn), view.id.clone());
        let (copy, done) = sync::bring_up(copy, client, turn, name, noted, allowance.clone()).await;
        if let Some(copy) = copy {
            let log = copy.log();
            self.copies.insert(id.clone(), copy);
            // A log is shown once something of it is here: readers take that for its past.
            if log.size() > 0 && (is_opened || !self.logs.contains_key(&id)) {
                self.logs.insert(id.clone(), log);
                self.opened = self.opened.saturating_add(1);
            }
        }
        if view.current {
            self.current = Some(id);
        }
        self.tell();
        done
    }

    async fn open(&self, origin: Origin, with: &With<'_>) -> Result<Copy, Error> {
        let (home, epoch) = (self.home.clone(), self.definition.guardian_set.epoch);
        let keys = with.keys.clone();
        let opened = tokio::task::spawn_blocking(move || Copy::open(&home, epoch, origin, &keys)).await;
        match opened.map_err(|problem| failed("a copy", problem))? {
            Err(Error::Disk { problem, .. })
                if problem.kind() == io::ErrorKind::WouldBlock && self.is_named_twice(with.known) =>
            {
                let guardian = origin.guardian.0;
                let problem = format!(
                    "another source of this mirror is guardian {guardian}'s too; name each guardian once"
                );
                Err(failed(&format!("the log {origin}"), problem))
            }
            opened => opened,
        }
    }

    /// Whether another source is the same guardian's. It has the only writer of a copy then.
    fn is_named_twice(&self, known: &Known) -> bool {
        let Some(met) = &self.met else { return false };
        let url = self.client.url();
        let sources = known.sources.borrow();
        let same = sources.iter().filter(|shown| shown.guardian == Some(met.guardian));
        // One of them may be this one, and both may have one address.
        same.clone().any(|shown| shown.url != url) || same.count() > 1
    }

    async fn follow_status(&mut self, turn: &Turn) -> Result<(), Error> {
        let Some(met) = &self.met else { return Ok(()) };
        let path = "/v1/snapshot";
        let fetched = self.client.get_new(turn, path, self.tag.as_deref(), MAX_STATUS).await?;
        let Some(mut body) = fetched else { return Ok(()) };
        let tag = body.tag.take();
        let alone = async { READING.acquire().await.map_err(|problem| failed(path, problem)) };
        let alone = turn.wait(path, alone).await?;
        let read = tokio::task::spawn_blocking(move || {
            let body = body.unpack(path, MAX_STATUS)?;
            let read = serde_json::from_slice::<Answer<StatusSnapshot>>(&body);
            drop((body, alone));
            read.map_err(|problem| failed(path, problem))
        });
        let status = read.await.map_err(|problem| failed(path, problem))??.data;
        let lie =
            |problem: String| Error::Lie { what: format!("the status of {}", self.client.url()), problem };
        if status.guardian != met.guardian {
            return Err(lie(format!("it is guardian {}'s", status.guardian.0)));
        }
        check_status(&status, &self.definition).map_err(lie)?;
        if self.status.as_ref().is_some_and(|last| status.slot < last.slot) {
            // A restarted guardian, or another server behind the same name: the newer one stays.
            return Ok(());
        }
        self.status = Some(Arc::new(status));
        self.tag = tag;
        Ok(())
    }

    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        turn: &Turn,
        path: &str,
        most: usize,
    ) -> Result<T, Error> {
        let body = self.client.get(turn, path, most).await?;
        serde_json::from_slice::<Answer<T>>(&body).map(|answer| answer.data).map_err(|e| failed(path, e))
    }

    /// Hands out what is known now.
    fn tell(&self) {
        let is_current = |id: &String| self.current.as_ref() == Some(id);
        let others = self.logs.iter().filter(|(id, _)| !is_current(id));
        let current = self.logs.iter().filter(|(id, _)| is_current(id));
        let met = self.met.as_ref();
        self.view.send_replace(View {
            shown: Some(Shown {
                url: self.client.url(),
                guardian: met.map(|met| met.guardian),
                state: self.state,
                problem: self.problem.clone(),
                entries: self.logs.values().fold(0, |sum, log| sum.saturating_add(log.size())),
                verified_at: self.verified_at,
            }),
            status: self.status.clone(),
            is_followed: self.is_followed,
            logs: others.chain(current).map(|(_, log)| log.clone()).collect(),
            opened: self.opened,
            own: met.map(|met| (met.guardian, met.binding.clone())),
            others: met.map(|met| met.others.clone()).unwrap_or_default(),
        });
    }
}

/// Whether a status may be one of this network's guardians.
pub(super) fn check_status(status: &StatusSnapshot, definition: &NetworkDefinition) -> Result<(), String> {
    if status.network_id != definition.id() {
        return Err(format!("it is of guardian {} of {}", status.guardian.0, status.network_id));
    }
    let now = definition.chain.slot_at(unix_now());
    if status.slot > now.saturating_add(AHEAD) {
        return Err(format!("its slot {} is ahead of the clock's {now}", status.slot));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
