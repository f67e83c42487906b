//! `Source`: one guardian's feed, followed.

use super::allowance::Allowance;
use super::fetch::{Client, failed};
use super::sync::{self, Copy};
use crate::api::answer::Answer;
use crate::api::logs::{KeyView, LogView};
use crate::error::Error;
use crate::freshness::unix_now;
use crate::log::Log;
use crate::role::{Source as Shown, SourceState};
use feed::{KeyBinding, Keys, Origin};
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition, NetworkId};
use guardian_core::status::StatusSnapshot;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most bytes of a definition with its key.
const MAX_KEY: usize = 4 << 20;

/// Most bytes of the list of logs.
const MAX_LIST: usize = 1 << 20;

/// Most bytes of a status, unpacked.
const MAX_STATUS: usize = 512 << 20;

/// Most logs of one guardian that are mirrored: of each set and each life it has one.
const MAX_LOGS: usize = 16;

/// Most copies of logs of one guardian, those of earlier runs among them.
const MAX_COPIES: usize = 64;

/// Most bytes of logs that are taken in from a source in one turn, and one answer more.
const MAX_TURN: u64 = 256 << 20;

/// Slots by which a guardian's clock may be ahead of ours.
const AHEAD: u64 = 2;

/// What the key's answer told, verified.
#[derive(Debug, Clone)]
struct Met {
    definition: Arc<NetworkDefinition>,
    guardian: GuardianIndex,
    binding: KeyBinding,
    others: BTreeMap<GuardianIndex, KeyBinding>,
}

/// One guardian's feed.
#[derive(Debug)]
pub(super) struct Source {
    client: Client,
    network: NetworkId,
    home: PathBuf,
    met: Option<Met>,
    status: Option<Arc<StatusSnapshot>>,
    tag: Option<String>,
    copies: BTreeMap<String, Copy>,
    /// The one that is written, by its id.
    current: Option<String>,
    state: SourceState,
    problem: Option<String>,
    verified_at: Option<u64>,
}

impl Source {
    pub(super) fn new(client: Client, network: NetworkId, home: &Path) -> Self {
        Self {
            client,
            network,
            home: home.to_owned(),
            met: None,
            status: None,
            tag: None,
            copies: BTreeMap::new(),
            current: None,
            state: SourceState::Waiting,
            problem: None,
            verified_at: None,
        }
    }

    /// Asks for definition and key, and verifies both.
    pub(super) async fn meet(&mut self) -> Result<(Arc<NetworkDefinition>, KeyBinding), Error> {
        let key: KeyView = self.ask("/v1/key", MAX_KEY).await?;
        let lie = |problem: String| Error::Lie { what: format!("the key of {}", self.client.url()), problem };
        let id = key.definition.id();
        if id != self.network {
            return Err(lie(format!("its network is {id}, not {}", self.network)));
        }
        let read = |text: &str| -> Option<KeyBinding> { serde_json::from_value(text.into()).ok() };
        let binding = read(&key.binding).ok_or_else(|| lie("the binding is no base64 of one".to_owned()))?;
        binding.open(&key.definition, key.guardian).map_err(|problem| lie(problem.to_string()))?;
        // Those of others count only as far as they hold.
        let others = key.bindings.iter().filter_map(|(guardian, text)| {
            let (guardian, binding) = (GuardianIndex(*guardian), read(text)?);
            binding.open(&key.definition, guardian).ok().map(|_| (guardian, binding))
        });
        let others = others.collect();
        let definition = Arc::new(key.definition);
        self.met = Some(Met {
            definition: definition.clone(),
            guardian: key.guardian,
            binding: binding.clone(),
            others,
        });
        Ok((definition, binding))
    }

    /// Asks for everything that is new. Whatever fails is said in the state; what was good before stays.
    pub(super) async fn follow(&mut self, bindings: &BTreeMap<GuardianIndex, KeyBinding>) {
        let followed = self.try_follow(bindings).await;
        let last = self.state;
        (self.state, self.problem) = match &followed {
            Ok(()) => {
                self.verified_at = Some(unix_now());
                (SourceState::Following, None)
            }
            Err(problem @ Error::Lie { .. }) => (SourceState::Lying, Some(problem.to_string())),
            Err(problem) => (SourceState::Unreachable, Some(problem.to_string())),
        };
        if let (Err(problem), true) = (&followed, last != self.state) {
            tracing::warn!(source = self.client.url(), %problem, "a mirrored feed is not followed");
        }
    }

    async fn try_follow(&mut self, bindings: &BTreeMap<GuardianIndex, KeyBinding>) -> Result<(), Error> {
        if self.met.is_none() {
            self.meet().await?;
        }
        let Some(met) = self.met.clone() else { return Ok(()) };
        self.follow_logs(&met, bindings).await?;
        self.follow_status(&met).await
    }

    async fn follow_logs(
        &mut self,
        met: &Met,
        bindings: &BTreeMap<GuardianIndex, KeyBinding>,
    ) -> Result<(), Error> {
        let logs: Vec<LogView> = self.ask("/v1/logs", MAX_LIST).await?;
        let known = bindings.iter().filter(|(of, _)| **of != met.guardian);
        let all = known.map(|(of, binding)| (*of, binding)).chain([(met.guardian, &met.binding)]);
        // The network's own key is in no definition, and a status is only somebody's word for it.
        let keys = Keys::bound(&met.definition, all, None)
            .map_err(|problem| Error::Lie { what: "a key".to_owned(), problem: problem.to_string() })?;
        let allowance = Allowance::of(MAX_TURN);
        for view in logs.iter().rev().take(MAX_LOGS) {
            let Ok(origin) = view.origin.parse::<Origin>() else { continue };
            // Logs of other definitions are verified by other keys: mirror those with that network's id.
            if origin.network != self.network || origin.guardian != met.guardian || !sync::is_plain(&view.id)
            {
                continue;
            }
            let epoch = met.definition.guardian_set.epoch.0;
            let id = format!("{}-{epoch}-{}", origin.guardian.0, origin.life);
            if allowance.is_spent() {
                break;
            }
            let noted = sync::noted(&self.client, &view.id, &origin, &keys).await?;
            let copy = match self.copies.remove(&id) {
                Some(copy) => copy,
                None => self.open(&id, origin)?,
            };
            let client = self.client.clone();
            let (copy, done) = sync::bring_up(copy, client, view.id.clone(), noted, allowance.clone()).await;
            if let Some(copy) = copy {
                self.copies.insert(id.clone(), copy);
            }
            if view.current {
                self.current = Some(id);
            }
            done?;
        }
        Ok(())
    }

    /// Opens the copy of a log whose checkpoint was verified.
    fn open(&self, id: &str, origin: Origin) -> Result<Copy, Error> {
        let (is_here, count) = sync::kept(&self.home, id, origin.guardian)?;
        if !is_here && count >= MAX_COPIES {
            let problem = format!(
                "it would be the copy after {MAX_COPIES}; ask its guardian why, then remove those in `mirrored` that nobody needs"
            );
            return Err(Error::Lie { what: format!("the log {origin}"), problem });
        }
        Copy::open(&self.home, id, origin)
    }

    async fn follow_status(&mut self, met: &Met) -> Result<(), Error> {
        let path = "/v1/snapshot";
        let fetched = self.client.get_new(path, self.tag.as_deref(), MAX_STATUS).await?;
        let Some((body, tag)) = fetched else { return Ok(()) };
        let read =
            tokio::task::spawn_blocking(move || serde_json::from_slice::<Answer<StatusSnapshot>>(&body))
                .await;
        let status = read.map_err(|e| failed(path, e))?.map_err(|e| failed(path, e))?.data;
        let lie = |problem: String| {
            Err(Error::Lie { what: format!("the status of {}", self.client.url()), problem })
        };
        if status.network_id != self.network || status.guardian != met.guardian {
            return lie(format!("it is of guardian {} of {}", status.guardian.0, status.network_id));
        }
        let now = met.definition.chain.slot_at(unix_now());
        if status.slot > now.saturating_add(AHEAD) {
            return lie(format!("its slot {} is ahead of the clock's {now}", status.slot));
        }
        if self.status.as_ref().is_some_and(|last| status.slot < last.slot) {
            // A restarted guardian, or another server behind the same name: the newer one stays.
            return Ok(());
        }
        self.status = Some(Arc::new(status));
        self.tag = tag;
        Ok(())
    }

    async fn ask<T: DeserializeOwned>(&self, path: &str, most: usize) -> Result<T, Error> {
        let body = self.client.get(path, most).await?;
        serde_json::from_slice::<Answer<T>>(&body).map(|answer| answer.data).map_err(|e| failed(path, e))
    }

    /// The newest status that was taken.
    pub(super) fn status(&self) -> Option<&Arc<StatusSnapshot>> {
        self.status.as_ref()
    }

    /// The logs that are here, the one that is written last.
    pub(super) fn logs(&self) -> impl Iterator<Item = Log> + '_ {
        let is_current = |id: &String| self.current.as_ref() == Some(id);
        let others = self.copies.iter().filter(move |(id, _)| !is_current(id));
        let current = self.copies.iter().filter(move |(id, _)| is_current(id));
        others.chain(current).map(|(_, copy)| copy.log())
    }

    /// The bindings that it gave and that hold.
    pub(super) fn bindings(&self) -> BTreeMap<GuardianIndex, KeyBinding> {
        let Some(met) = &self.met else { return BTreeMap::new() };
        let mut all = met.others.clone();
        all.insert(met.guardian, met.binding.clone());
        all
    }

    /// How it goes.
    pub(super) fn shown(&self) -> Shown {
        Shown {
            url: self.client.url(),
            guardian: self.met.as_ref().map(|met| met.guardian),
            state: self.state,
            problem: self.problem.clone(),
            entries: self.copies.values().fold(0, |sum, copy| sum.saturating_add(copy.log().size())),
            verified_at: self.verified_at,
        }
    }
}
