//! Lodestar 1.5, a beacon node and validator client: minimal preset (8 slots an epoch), interop validators, the last of
//! them, if wished, without anyone who attests for them.

use super::{Program, http_client, installed, tethered};
use crate::Error;
use crate::processes::ports::Port;
use serde_json::Value;
use std::num::NonZeroU64;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// From start until the REST API answers it takes 6 to 7 s on two idle cores.
const START_LIMIT: Duration = Duration::from_secs(90);

/// How Lodestar is to run.
#[derive(Debug, Clone)]
pub struct LodestarConfig {
    /// Interop validators at genesis.
    pub validators: u64,
    /// How many of the last ones nobody attests for.
    pub dark: u64,
    /// `SECONDS_PER_SLOT`.
    pub seconds_per_slot: NonZeroU64,
}

impl Default for LodestarConfig {
    /// 16 validators, all attesting, one-second slots.
    fn default() -> Self {
        Self { validators: 16, dark: 0, seconds_per_slot: NonZeroU64::MIN }
    }
}

/// A running beacon node. Killed when dropped.
pub struct Lodestar {
    program: Program,
    url: String,
    http: reqwest::Client,
}

impl Lodestar {
    /// Starts it from `peers` with its data and its log below `dir`, and waits until its chain has passed slot 0.
    ///
    /// # Errors
    /// [`Error::Peer`] when it is not installed, ends, or does not answer in time.
    pub async fn start(peers: &Path, dir: &Path, config: &LodestarConfig) -> Result<Self, Error> {
        installed(peers, "node_modules/@chainsafe/lodestar", "Lodestar")?;
        let run = installed(peers, "run.sh", "Lodestar")?;
        let http = http_client()?;
        let (mut rest, mut p2p) = (Port::free()?, Port::free()?);
        rest.release();
        p2p.release();
        // run.sh execs node, so this child is the node itself and killing it ends everything.
        let (program, first_args) = tethered(run);
        let mut command = Command::new(program);
        command
            .args(first_args)
            .arg(dir.join("lodestar"))
            .env("REST_PORT", rest.number().to_string())
            .env("P2P_PORT", p2p.number().to_string())
            .env("VALIDATORS", config.validators.to_string())
            .env("DARK", config.dark.to_string())
            .env("SLOT", config.seconds_per_slot.to_string());
        let program = Program::start("Lodestar", &mut command, &dir.join("lodestar.log"))?;
        let mut node = Self { program, url: format!("http://127.0.0.1:{}", rest.number()), http };
        let started = tokio::time::Instant::now();
        loop {
            node.check()?;
            if node.head_slot().await.is_ok_and(|slot| slot > 0) {
                return Ok(node);
            }
            if started.elapsed() > START_LIMIT {
                let problem = format!("is not up after {START_LIMIT:?}:\n{}", node.log_tail());
                return Err(Error::Peer { name: "Lodestar", problem });
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Its Beacon API.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// [`Error::Peer`] with the end of its log.
    pub fn check(&mut self) -> Result<(), Error> {
        self.program.check()
    }

    /// The end of its log.
    pub fn log_tail(&self) -> String {
        self.program.tail()
    }

    /// Slot of its head.
    ///
    /// # Errors
    /// [`Error::Peer`] when it does not answer.
    pub async fn head_slot(&self) -> Result<u64, Error> {
        let header = self.get("/eth/v1/beacon/headers/head").await?;
        let slot = header["data"]["header"]["message"]["slot"].as_str().and_then(|text| text.parse().ok());
        slot.ok_or_else(|| Error::Peer { name: "Lodestar", problem: "its head names no slot".into() })
    }

    /// An answer of its Beacon API.
    ///
    /// # Errors
    /// [`Error::Peer`] when it does not answer, or not with success.
    pub async fn get(&self, path: &str) -> Result<Value, Error> {
        let url = format!("{}{path}", self.url);
        let answered = async { self.http.get(&url).send().await?.error_for_status()?.json().await };
        answered.await.map_err(|error: reqwest::Error| Error::Peer {
            name: "Lodestar",
            problem: format!("{path}: {}", error.without_url()),
        })
    }
}
