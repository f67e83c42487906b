//! Reads the beacon chain over its API: what the story needs to know of it whoever serves it.

use crate::Error;
use crypto::spec::{Epoch, FAR_FUTURE_EPOCH, ForkVersion, Slot, ValidatorIndex};
use serde_json::Value;
use std::time::Duration;

/// Longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// One beacon node.
pub(super) struct Beacon {
    url: String,
    http: reqwest::Client,
    slots_per_epoch: u64,
    genesis_fork: ForkVersion,
}

/// Where the chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) slot: Slot,
    pub(super) epoch: Epoch,
    pub(super) finalized: Epoch,
}

/// Which state a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Head,
    Finalized,
}

impl Beacon {
    pub(super) async fn connect(url: &str) -> Result<Self, Error> {
        // Fails when somebody was first; either way one is installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(TIMEOUT).build().map_err(|error| Error::System {
            action: "cannot make an HTTP client".into(),
            source: std::io::Error::other(error),
        })?;
        let mut beacon =
            Self { url: url.to_owned(), http, slots_per_epoch: 1, genesis_fork: ForkVersion([0; 4]) };
        let spec = beacon.get("/eth/v1/config/spec").await?;
        beacon.slots_per_epoch = number(&spec["data"]["SLOTS_PER_EPOCH"])?.max(1);
        // Not what the genesis endpoint says: Lodestar 1.5 answers the version in force in slot 0 there.
        let version = &spec["data"]["GENESIS_FORK_VERSION"];
        beacon.genesis_fork = serde_json::from_value(version.clone())
            .map_err(|error| unreadable(&format!("GENESIS_FORK_VERSION: {error}")))?;
        Ok(beacon)
    }

    /// `GENESIS_FORK_VERSION`, which deposits are signed under.
    pub(super) fn genesis_fork(&self) -> ForkVersion {
        self.genesis_fork
    }

    /// Where the chain stands at the head.
    pub(super) async fn position(&self) -> Result<Position, Error> {
        let header = self.get("/eth/v1/beacon/headers/head").await?;
        let slot = number(&header["data"]["header"]["message"]["slot"])?;
        let finality = self.get("/eth/v1/beacon/states/head/finality_checkpoints").await?;
        let finalized = number(&finality["data"]["finalized"]["epoch"])?;
        let epoch = slot.checked_div(self.slots_per_epoch).unwrap_or(0);
        Ok(Position { slot: Slot(slot), epoch: Epoch(epoch), finalized: Epoch(finalized) })
    }

    /// `exit_epoch` of each of these validators, once it has one. None too where the node has no such state: one that
    /// finalized nothing for long forgets the genesis state.
    pub(super) async fn exit_epochs(
        &self,
        at: At,
        validators: &[ValidatorIndex],
    ) -> Result<Vec<Option<Epoch>>, Error> {
        let state = if at == At::Head { "head" } else { "finalized" };
        let mut epochs = Vec::new();
        for validator in validators {
            let path = format!("/eth/v1/beacon/states/{state}/validators/{validator}");
            let Some(answer) = self.find(&path).await? else {
                epochs.push(None);
                continue;
            };
            let epoch = Epoch(number(&answer["data"]["validator"]["exit_epoch"])?);
            epochs.push((epoch != FAR_FUTURE_EPOCH).then_some(epoch));
        }
        Ok(epochs)
    }

    async fn get(&self, path: &str) -> Result<Value, Error> {
        self.find(path).await?.ok_or_else(|| unreadable(&format!("{path} is not there")))
    }

    /// None for what the node does not have.
    async fn find(&self, path: &str) -> Result<Option<Value>, Error> {
        let answered = async {
            let answer = self.http.get(format!("{}{path}", self.url)).send().await?;
            if answer.status() == reqwest::StatusCode::NOT_FOUND {
                return Ok(None);
            }
            answer.error_for_status()?.json().await.map(Some)
        };
        answered
            .await
            .map_err(|error: reqwest::Error| unreadable(&format!("{path}: {}", error.without_url())))
    }
}

fn number(value: &Value) -> Result<u64, Error> {
    let parsed = value.as_str().and_then(|text| text.parse().ok());
    parsed.ok_or_else(|| unreadable(&format!("`{value}` is no number in quotes")))
}

fn unreadable(problem: &str) -> Error {
    Error::Peer { name: "the beacon node", problem: format!("does not tell of its chain: {problem}") }
}
