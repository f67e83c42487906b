//! Lodestar, a beacon node and validator client that nobody here wrote: minimal preset (8 slots an epoch), one-second
//! slots, 16 interop validators, the last of them without anyone who attests for it.

use crate::processes::{tail, tethered};
use anyhow::{Context, Result, bail, ensure};
use crypto::spec::{BlsPubkey, ValidatorIndex};
use devnet::processes::ports::Port;
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Interop validators at genesis.
pub const VALIDATORS: u64 = 16;

/// The one without a validator client.
pub const DARK: ValidatorIndex = ValidatorIndex(VALIDATORS - 1);

/// From start until the REST API answers it takes 6 to 7 s on two idle cores.
const START_LIMIT: Duration = Duration::from_secs(90);

/// A running beacon node. Killed when dropped; its log is shown unless the story [`ended well`](Self::ended_well).
pub struct Lodestar {
    child: Child,
    log: PathBuf,
    url: String,
    http: reqwest::Client,
    well: bool,
}

/// What the head state says of a validator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Beacon API status, such as `active_ongoing`.
    pub status: String,
    /// `exit_epoch`, once there is one.
    pub exit_epoch: Option<u64>,
    /// Its public key.
    pub pubkey: BlsPubkey,
}

/// An exit as it stands in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncludedExit {
    /// Slot of the block.
    pub slot: u64,
    /// `VoluntaryExit.epoch`.
    pub epoch: u64,
    /// Signature, 0x hex.
    pub signature: String,
}

impl Lodestar {
    /// Starts the node with its data below `dir`, and waits until its chain has passed slot 0.
    ///
    /// # Errors
    /// When it is not installed, ends at once, or does not answer in time.
    pub async fn start(dir: &Path) -> Result<Self> {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
        ensure!(
            peers.join("node_modules/@chainsafe/lodestar").exists(),
            "Lodestar is not installed: run `make peers` (`make test` does)"
        );
        // reqwest wants a TLS provider even where all is plain HTTP; an error says that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
        let (mut rest, mut p2p) = (Port::free()?, Port::free()?);
        let log = dir.join("lodestar.log");
        let output = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        rest.release();
        p2p.release();
        // run.sh execs node, so this child is the node itself and killing it ends everything.
        let (program, first_args) = tethered(peers.join("run.sh"));
        let child = Command::new(program)
            .args(first_args)
            .arg(dir.join("lodestar"))
            .env("REST_PORT", rest.number().to_string())
            .env("P2P_PORT", p2p.number().to_string())
            .env("VALIDATORS", VALIDATORS.to_string())
            .env("DARK", "1")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("start tests/peers/run.sh")?;
        let mut node =
            Self { child, log, url: format!("http://127.0.0.1:{}", rest.number()), http, well: false };
        let started = tokio::time::Instant::now();
        loop {
            if let Some(status) = node.child.try_wait()? {
                bail!("Lodestar ended at once ({status}):\n{}", tail(&node.log));
            }
            if node.head_slot().await.is_ok_and(|slot| slot > 0) {
                return Ok(node);
            }
            ensure!(started.elapsed() < START_LIMIT, "Lodestar is not up after {START_LIMIT:?}");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// The story ended as it should: nobody needs the log.
    pub fn ended_well(mut self) {
        self.well = true;
    }

    /// Its Beacon API.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Slot of its head.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn head_slot(&self) -> Result<u64> {
        let header = self.get("/eth/v1/beacon/headers/head").await?;
        number(&header["data"]["header"]["message"]["slot"])
    }

    /// A validator at the head.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn standing(&self, validator: ValidatorIndex) -> Result<Standing> {
        let answer = self.get(&format!("/eth/v1/beacon/states/head/validators/{}", validator.0)).await?;
        let data = &answer["data"];
        let exit_epoch = number(&data["validator"]["exit_epoch"])?;
        Ok(Standing {
            status: data["status"].as_str().context("status")?.to_owned(),
            exit_epoch: (exit_epoch != u64::MAX).then_some(exit_epoch),
            pubkey: serde_json::from_value(data["validator"]["pubkey"].clone()).context("pubkey")?,
        })
    }

    /// Looks for a validator's exit in the blocks up to the head.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn included_exit(&self, validator: ValidatorIndex) -> Result<Option<IncludedExit>> {
        for slot in (1..=self.head_slot().await?).rev() {
            // A slot without a block answers 404: the dark validator's own.
            let Ok(block) = self.get(&format!("/eth/v2/beacon/blocks/{slot}")).await else { continue };
            let exits =
                block["data"]["message"]["body"]["voluntary_exits"].as_array().cloned().unwrap_or_default();
            for exit in exits {
                if number(&exit["message"]["validator_index"])? == validator.0 {
                    return Ok(Some(IncludedExit {
                        slot,
                        epoch: number(&exit["message"]["epoch"])?,
                        signature: exit["signature"].as_str().context("signature")?.to_owned(),
                    }));
                }
            }
        }
        Ok(None)
    }

    /// Epoch of the finalized checkpoint at the head.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn finalized_epoch(&self) -> Result<u64> {
        let answer = self.get("/eth/v1/beacon/states/head/finality_checkpoints").await?;
        number(&answer["data"]["finalized"]["epoch"])
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let url = format!("{}{path}", self.url);
        Ok(self.http.get(&url).send().await?.error_for_status()?.json().await?)
    }
}

impl Drop for Lodestar {
    fn drop(&mut self) {
        // SIGKILL: a graceful stop of it can hang.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !self.well {
            eprintln!("--- end of Lodestar's log\n{}", tail(&self.log));
        }
    }
}

fn number(value: &Value) -> Result<u64> {
    value.as_str().context("a number in quotes")?.parse().context("a number")
}
