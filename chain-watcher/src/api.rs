//! JSON shapes of the Beacon API, as far as they are read. Numbers come as decimal strings; unknown fields are let be.
//!
//! Source: ethereum/beacon-APIs, `types/` and `apis/`.

use crypto::exit::VoluntaryExit;
use crypto::header::BeaconBlockHeader;
use crypto::spec::{BlsPubkey, Checkpoint, Epoch, Gwei, Root, Slot, ValidatorIndex};
use crypto::validator::{Validator, ValidatorStatus};
use serde::{Deserialize, Serialize};

/// A number in quotes. A bare number is taken as well: some old endpoints write one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quoted(pub(crate) u64);

impl<'de> Deserialize<'de> for Quoted {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Text(String),
            Number(u64),
        }
        match Raw::deserialize(deserializer) {
            Ok(Raw::Text(text)) => {
                text.parse().map(Self).map_err(|_| serde::de::Error::custom("expected a decimal number"))
            }
            Ok(Raw::Number(number)) => Ok(Self(number)),
            Err(_) => Err(serde::de::Error::custom("expected a decimal number in quotes")),
        }
    }
}

impl Serialize for Quoted {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// What every answer wraps its content in.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer<T> {
    pub(crate) data: T,
}

/// `GET /eth/v1/beacon/genesis`.
#[derive(Debug, Deserialize)]
pub(crate) struct Genesis {
    pub(crate) genesis_time: Quoted,
    pub(crate) genesis_validators_root: Root,
}

/// `GET /eth/v1/node/syncing`.
#[derive(Debug, Deserialize)]
pub(crate) struct Syncing {
    pub(crate) head_slot: Quoted,
    pub(crate) sync_distance: Quoted,
    pub(crate) is_syncing: bool,
    /// The execution layer has not verified the head. Absent before Bellatrix.
    #[serde(default)]
    pub(crate) is_optimistic: bool,
}

/// `GET /eth/v1/node/version`.
#[derive(Debug, Deserialize)]
pub(crate) struct Version {
    pub(crate) version: String,
}

/// `Checkpoint`.
#[derive(Debug, Deserialize)]
pub(crate) struct CheckpointJson {
    epoch: Quoted,
    root: Root,
}

impl From<CheckpointJson> for Checkpoint {
    fn from(json: CheckpointJson) -> Self {
        Self { epoch: Epoch(json.epoch.0), root: json.root }
    }
}

/// `GET /eth/v1/beacon/states/{state_id}/finality_checkpoints`.
#[derive(Debug, Deserialize)]
pub(crate) struct FinalityCheckpoints {
    pub(crate) finalized: CheckpointJson,
}

/// Body of `POST /eth/v1/beacon/states/{state_id}/validators`.
#[derive(Debug, Serialize)]
pub(crate) struct ValidatorsRequest<'a> {
    pub(crate) ids: &'a [BlsPubkey],
}

/// One entry of a validators answer.
#[derive(Debug, Deserialize)]
pub(crate) struct ValidatorJson {
    index: Quoted,
    balance: Quoted,
    status: ValidatorStatus,
    validator: RegistryEntry,
}

#[derive(Debug, Deserialize)]
struct RegistryEntry {
    pubkey: BlsPubkey,
    effective_balance: Quoted,
    slashed: bool,
    activation_epoch: Quoted,
    exit_epoch: Quoted,
    withdrawable_epoch: Quoted,
}

impl From<ValidatorJson> for Validator {
    fn from(json: ValidatorJson) -> Self {
        let entry = json.validator;
        Self {
            pubkey: entry.pubkey,
            index: ValidatorIndex(json.index.0),
            status: json.status,
            balance: Gwei(json.balance.0),
            effective_balance: Gwei(entry.effective_balance.0),
            slashed: entry.slashed,
            activation_epoch: Epoch(entry.activation_epoch.0),
            exit_epoch: Epoch(entry.exit_epoch.0),
            withdrawable_epoch: Epoch(entry.withdrawable_epoch.0),
        }
    }
}

/// One entry of a liveness answer, current or older form.
#[derive(Debug, Deserialize)]
pub(crate) struct LivenessJson {
    pub(crate) index: Quoted,
    pub(crate) is_live: bool,
}

/// `GET /eth/v2/beacon/blocks/{block_id}`. The rest of a block, megabytes of it, is skipped unread.
#[derive(Debug, Deserialize)]
pub(crate) struct BlockJson {
    pub(crate) message: BlockMessage,
}

#[derive(Debug, Deserialize)]
pub(crate) struct BlockMessage {
    pub(crate) slot: Quoted,
    pub(crate) parent_root: Root,
    pub(crate) state_root: Root,
    pub(crate) body: BlockBody,
}

#[derive(Debug, Deserialize)]
pub(crate) struct BlockBody {
    pub(crate) voluntary_exits: Vec<IncludedExit>,
}

/// A `SignedVoluntaryExit` whose signature the chain has checked.
#[derive(Debug, Deserialize)]
pub(crate) struct IncludedExit {
    pub(crate) message: VoluntaryExit,
}

/// `GET /eth/v1/beacon/headers/{block_id}`.
#[derive(Debug, Deserialize)]
pub(crate) struct HeaderJson {
    pub(crate) root: Root,
    pub(crate) header: SignedHeader,
}

#[derive(Debug, Deserialize)]
pub(crate) struct SignedHeader {
    pub(crate) message: HeaderMessage,
}

#[derive(Debug, Deserialize)]
pub(crate) struct HeaderMessage {
    pub(crate) slot: Quoted,
    pub(crate) proposer_index: Quoted,
    pub(crate) parent_root: Root,
    pub(crate) state_root: Root,
    pub(crate) body_root: Root,
}

impl From<&HeaderMessage> for BeaconBlockHeader {
    fn from(message: &HeaderMessage) -> Self {
        Self {
            slot: Slot(message.slot.0),
            proposer_index: ValidatorIndex(message.proposer_index.0),
            parent_root: message.parent_root,
            state_root: message.state_root,
            body_root: message.body_root,
        }
    }
}

/// Event `head`.
#[derive(Debug, Deserialize)]
pub(crate) struct HeadEvent {
    slot: Quoted,
}

impl HeadEvent {
    pub(crate) fn slot(&self) -> Slot {
        Slot(self.slot.0)
    }
}
