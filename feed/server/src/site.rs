//! `Site`: what every answer is made of, shared by the API and the pages.

use crate::dossier::{self, Maker};
use crate::freshness::{Freshness, unix_now};
use crate::history::{self, History};
use crate::log::Shelf;
use crate::role::Role;
use crate::server::{Gate, Pool, Recent};
use crate::settings::Settings;
use crate::snapshot::Snapshot;
use crate::stream::{self, Ring, Seats};
use feed::{KeyBinding, Keys};
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::status::StatusSnapshot;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::watch;

/// What the feed is told by whoever runs it.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// What the guardians agreed on.
    pub definition: Arc<NetworkDefinition>,
    /// The guardian's status, with nothing in it that its operator alone should know.
    pub status: watch::Receiver<Option<Arc<StatusSnapshot>>>,
    /// The logs.
    pub shelf: watch::Receiver<Arc<Shelf>>,
    /// What binds the log's key to the guardian.
    pub binding: KeyBinding,
    /// All bindings that are known, by guardian: for whoever verifies cosignatures.
    pub bindings: watch::Receiver<Arc<BTreeMap<GuardianIndex, KeyBinding>>>,
    /// Where the feed may keep what it learns; None to keep nothing.
    pub home: Option<PathBuf>,
    /// Who serves.
    pub role: Role,
}

/// The state of all routes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Site(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    definition: Arc<NetworkDefinition>,
    snapshot: watch::Receiver<Option<Arc<Snapshot>>>,
    shelf: watch::Receiver<Arc<Shelf>>,
    binding: KeyBinding,
    bindings: watch::Receiver<Arc<BTreeMap<GuardianIndex, KeyBinding>>>,
    role: Role,
    settings: Settings,
    gate: Gate,
    pool: Pool,
    ring: Arc<Ring>,
    seats: Seats,
    history: RwLock<Arc<History>>,
    home: Option<PathBuf>,
    dossiers: Maker,
    recent: Recent,
}

impl Site {
    /// Of inputs whose statuses arrive, indexed, through `snapshot`.
    pub fn new(
        inputs: &Inputs,
        snapshot: watch::Receiver<Option<Arc<Snapshot>>>,
        settings: Settings,
    ) -> Self {
        Self(Arc::new(Parts {
            definition: inputs.definition.clone(),
            snapshot,
            shelf: inputs.shelf.clone(),
            binding: inputs.binding.clone(),
            bindings: inputs.bindings.clone(),
            role: inputs.role.clone(),
            gate: Gate::new(&settings),
            pool: Pool::new(&settings),
            settings,
            ring: Arc::default(),
            seats: Seats::default(),
            history: RwLock::default(),
            home: inputs.home.clone(),
            dossiers: Maker::default(),
            recent: Recent::default(),
        }))
    }

    /// A site that shows one snapshot for ever: for tests and pictures.
    pub fn still(snapshot: Snapshot) -> Self {
        let definition = snapshot.definition().clone();
        let (_, snapshot) = watch::channel(Some(Arc::new(snapshot)));
        let (_, shelf) = watch::channel(Arc::default());
        Self(Arc::new(Parts {
            definition,
            snapshot,
            shelf,
            binding: KeyBinding(Vec::new()),
            bindings: watch::channel(Arc::default()).1,
            role: Role::Guardian,
            gate: Gate::new(&Settings::default()),
            pool: Pool::new(&Settings::default()),
            settings: Settings::default(),
            ring: Arc::default(),
            seats: Seats::default(),
            history: RwLock::default(),
            home: None,
            dossiers: Maker::default(),
            recent: Recent::default(),
        }))
    }

    /// The newest snapshot; None before the first.
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.0.snapshot.borrow().clone()
    }

    /// How old that one is, by the system's clock.
    pub fn freshness(&self, snapshot: Option<&Snapshot>) -> Freshness {
        Freshness::of(snapshot, self.0.role.name(), unix_now())
    }

    /// The logs; the last one is current.
    pub fn shelf(&self) -> Arc<Shelf> {
        self.0.shelf.borrow().clone()
    }

    /// What the guardians agreed on.
    pub fn definition(&self) -> &Arc<NetworkDefinition> {
        &self.0.definition
    }

    /// What binds the log's key to the guardian.
    pub fn binding(&self) -> &KeyBinding {
        &self.0.binding
    }

    /// All bindings that are known, by guardian.
    pub fn bindings(&self) -> Arc<BTreeMap<GuardianIndex, KeyBinding>> {
        self.0.bindings.borrow().clone()
    }

    /// The keys by which the logs' checkpoints are verified. The network's own is known to guardians; to a mirror it is
    /// somebody's word.
    pub(crate) fn keys(&self) -> Keys {
        let definition = self.definition();
        let bindings = self.bindings();
        let opened = bindings.iter().filter_map(|(guardian, binding)| {
            binding.open(definition, *guardian).ok().map(|key| (*guardian, key))
        });
        let group = match self.0.role {
            Role::Guardian => {
                self.snapshot().and_then(|snapshot| snapshot.status().group_key.as_ref()?.parse().ok())
            }
            Role::Mirror { .. } => None,
        };
        Keys { network: definition.id(), logs: opened.collect(), group }
    }

    /// Who serves.
    pub fn role(&self) -> &Role {
        &self.0.role
    }

    /// How often who may ask.
    pub fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// Where work that blocks is done for readers.
    pub(crate) fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// Starts what goes on beside the requests.
    pub(crate) fn spawn_work(&self, work: &mut tokio::task::JoinSet<()>) {
        work.spawn(stream::feed(self.clone()));
        work.spawn(history::keep(self.clone()));
        work.spawn(dossier::follow(self.clone()));
    }

    /// The events of the last while.
    pub(crate) fn ring(&self) -> &Arc<Ring> {
        &self.0.ring
    }

    /// What of the past is known.
    pub fn history(&self) -> Arc<History> {
        self.0.history.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From now on this of the past is known.
    pub(crate) fn set_history(&self, history: Arc<History>) {
        *self.0.history.write().unwrap_or_else(PoisonError::into_inner) = history;
    }

    /// Where the feed keeps what it learns.
    pub(crate) fn home(&self) -> Option<&Path> {
        self.0.home.as_deref()
    }

    /// Answers of this second.
    pub(crate) fn recent(&self) -> &Recent {
        &self.0.recent
    }

    /// Who makes dossiers.
    pub(crate) fn dossiers(&self) -> &Maker {
        &self.0.dossiers
    }

    /// The places of event streams.
    pub fn seats(&self) -> &Seats {
        &self.0.seats
    }

    /// Every snapshot.
    pub(crate) fn snapshots(&self) -> watch::Receiver<Option<Arc<Snapshot>>> {
        self.0.snapshot.clone()
    }

    /// Every change of the logs there are.
    pub(crate) fn shelves(&self) -> watch::Receiver<Arc<Shelf>> {
        self.0.shelf.clone()
    }

    /// The limits.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }
}
