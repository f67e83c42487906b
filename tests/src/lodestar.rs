//! Lodestar, a beacon node and validator client that nobody here wrote: minimal preset (8 slots an epoch), one-second
//! slots, 16 interop validators, the last of them without anyone who attests for it.

use anyhow::{Context, Result};
use crypto::spec::{BlsPubkey, ValidatorIndex};
use devnet::real::installed_peers;
use devnet::real::lodestar::LodestarConfig;
use serde_json::Value;
use std::path::Path;

/// Interop validators at genesis.
pub const VALIDATORS: u64 = 16;

/// The one without a validator client.
pub const DARK: ValidatorIndex = ValidatorIndex(VALIDATORS - 1);

/// A running beacon node. Killed when dropped; its log is shown unless the story [`ended well`](Self::ended_well).
pub struct Lodestar {
    node: devnet::real::lodestar::Lodestar,
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
        let config = LodestarConfig { validators: VALIDATORS, dark: 1, ..LodestarConfig::default() };
        let node = devnet::real::lodestar::Lodestar::start(&installed_peers(), dir, &config).await?;
        Ok(Self { node, well: false })
    }

    /// The story ended as it should: nobody needs the log.
    pub fn ended_well(mut self) {
        self.well = true;
    }

    /// Its Beacon API.
    pub fn url(&self) -> &str {
        self.node.url()
    }

    /// Slot of its head.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn head_slot(&self) -> Result<u64> {
        Ok(self.node.head_slot().await?)
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
        Ok(self.node.get(path).await?)
    }
}

impl Drop for Lodestar {
    fn drop(&mut self) {
        if !self.well {
            eprintln!("--- end of Lodestar's log\n{}", self.node.log_tail());
        }
    }
}

fn number(value: &Value) -> Result<u64> {
    value.as_str().context("a number in quotes")?.parse().context("a number")
}
