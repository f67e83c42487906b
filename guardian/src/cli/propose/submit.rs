//! `guardian propose submit`: brings an emergency that an account signed.
//!
//! Two forms of file are read: the draft, whose signature comes as a flag or as its key `signature`; and
//! `{"emergency": {...}, "signature": "0x...", "network": {"id": "0x..."}}`.

use super::draft::{describe, read_signature};
use super::show;
use crate::cli::Misused;
use crate::cli::desk::DeskFlags;
use crate::file;
use anyhow::{Context, bail};
use crypto::execution::Address;
use crypto::spec::{Slot, ValidatorIndex};
use crypto::typed_data::{AccountSignature, recover};
use guardian_core::emergency::{Emergency, Proof, Raised, Raiser, Severity, domain};
use guardian_core::guardian_set::{GuardianSetEpoch, NetworkDefinition, NetworkId};
use guardian_core::request::Request;
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  guardian propose submit exit.json --signature 0x... --dry-run
  guardian propose submit signed.json

The file is a draft of `guardian propose draft`, or
  {\"emergency\": {...}, \"signature\": \"0x...\", \"network\": {\"id\": \"0x...\"}}
Any guardian of the network may bring it; one that was brought already changes nothing.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Submit {
    /// The draft, or the signed emergency
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The proposer's signature over the draft: r, s and v in hex
    #[arg(long, value_name = "HEX", value_parser = read_signature)]
    signature: Option<AccountSignature>,
    /// Only say what it would do
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    desk: DeskFlags,
}

/// What a file says of the network it is for.
#[derive(Debug, Deserialize)]
struct Network {
    #[serde(default)]
    name: String,
    id: NetworkId,
    guardian_set_epoch: Option<GuardianSetEpoch>,
    proposer: Option<Address>,
}

/// Either form. Keys that wallets add are left alone.
#[derive(Debug, Deserialize)]
struct Document {
    network: Network,
    signature: Option<AccountSignature>,
    emergency: Option<Emergency>,
    domain: Option<Domain>,
    message: Option<Message>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Domain {
    chain_id: u64,
    salt: NetworkId,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Message {
    validators: Vec<ValidatorIndex>,
    severity: Severity,
    reason: String,
    opened_slot: Slot,
    expires_slot: Slot,
}

impl Submit {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let desk = self.desk.open()?;
        let text = file::read_text(&self.file, "signed emergency")?;
        let raised = read(&text, self.signature, &desk.definition)
            .with_context(|| format!("{} was not sent", self.file.display()))?;
        let request = Request::Submit { raised: Box::new(raised), dry_run: self.dry_run };
        show(&desk, &desk.ask(&request)?)
    }
}

/// Reads a file for this network and checks the signature, so that what cannot count is not sent.
fn read(
    text: &str,
    signature: Option<AccountSignature>,
    definition: &NetworkDefinition,
) -> anyhow::Result<Raised> {
    let value: Value = serde_json::from_str(text).context("it is no JSON")?;
    let document: Document =
        serde_json::from_value(value).context("it is neither a draft nor a signed emergency")?;
    let network = &document.network;
    check_network(network, document.domain.as_ref(), definition)?;
    let emergency = match (document.emergency, document.message) {
        (Some(emergency), None) => emergency,
        (None, Some(message)) => {
            let Some(proposer) = network.proposer else {
                bail!("`network.proposer` is missing: the draft must name who signs")
            };
            Emergency {
                guardian_set_epoch: network.guardian_set_epoch.unwrap_or(definition.guardian_set.epoch),
                raiser: Raiser::Account { proposer },
                validators: message.validators,
                severity: message.severity,
                reason: message.reason,
                opened: message.opened_slot,
                expires: message.expires_slot,
            }
        }
        (Some(_), Some(_)) => bail!("it has both `emergency` and `message`; one of them would be lost"),
        (None, None) => bail!("it has neither `emergency` nor the `message` of a draft"),
    };
    let signature = match (signature, document.signature) {
        (Some(given), Some(inside)) if given != inside => {
            return Err(Misused(
                "--signature differs from the signature in the file; which is it?".to_owned(),
            )
            .into());
        }
        (Some(signature), _) | (None, Some(signature)) => signature,
        (None, None) => return Err(Misused("it is not signed: give --signature".to_owned()).into()),
    };
    if let Err(refusal) = emergency.check(definition) {
        bail!("network `{}` would refuse it: {} ({})", definition.name, refusal.code(), describe(&emergency));
    }
    let Raiser::Account { proposer } = emergency.raiser else {
        bail!("`raiser` must be an account: nobody else raises emergencies by signature");
    };
    match recover(&emergency.typed_digest(definition), &signature) {
        Ok(signer) if signer == proposer => {}
        Ok(signer) => bail!(
            "account {signer} signed this, or {proposer} signed something else: sign exactly this draft, as EIP-712 \
             typed data, with {proposer}"
        ),
        Err(problem) => bail!("the signature is none: {problem}"),
    }
    Ok(Raised { emergency, proof: Proof::Signature(signature) })
}

/// Whether a file is for this network, chain and guardian set.
fn check_network(
    network: &Network,
    typed: Option<&Domain>,
    definition: &NetworkDefinition,
) -> anyhow::Result<()> {
    let (ours, chain_id) = (definition.id(), domain(definition).chain_id);
    if network.id != ours {
        bail!(
            "it is for network `{}` {}, this guardian belongs to `{}` {ours}: take it to a guardian of that network, or \
             draft it anew here",
            network.name,
            network.id,
            definition.name
        );
    }
    let epoch = definition.guardian_set.epoch;
    if let Some(theirs) = network.guardian_set_epoch.filter(|theirs| *theirs != epoch) {
        bail!("it is for guardian set {}, this network has set {} now: draft it anew", theirs.0, epoch.0);
    }
    let Some(typed) = typed else { return Ok(()) };
    if typed.chain_id != chain_id {
        bail!("it is for execution chain {}, this network is on {chain_id}: draft it anew", typed.chain_id);
    }
    if typed.salt != ours {
        bail!("its `domain.salt` is another network's id: it was altered; draft it anew");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
