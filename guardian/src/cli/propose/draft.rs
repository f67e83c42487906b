//! `guardian propose draft`: the typed data (EIP-712) that an account signs, as `eth_signTypedData_v4` takes it.
//!
//! The file is the typed data itself with one key more, `network`, which wallets leave alone: what it is for, and what
//! the typed data leaves out. `guardian propose submit` reads it back.

use super::Wish;
use crate::cli::desk::{Desk, DeskFlags, unexpected};
use crate::cli::{Misused, print, print_json};
use crate::file::{self, Access};
use anyhow::bail;
use crypto::execution::Address;
use crypto::spec::ValidatorIndex;
use crypto::typed_data::{AccountSignature, DOMAIN_NAME, DOMAIN_VERSION};
use guardian_core::emergency::{Emergency, Raiser, domain};
use guardian_core::guardian_set::NetworkDefinition;
use guardian_core::request::{Answer, Selection, ValidatorName};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Example:
  guardian propose draft --validators 1201-1216 --reason 'keys leaked' --severity urgent \\
    --expires 6h --proposer 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --out exit.json
  cast wallet sign --data --from-file exit.json
  guardian propose submit exit.json --signature 0x...

The proposer must be in the network definition. Its time runs from now on: sign and submit it soon.
Only indices need no running guardian; keys, --of-operator and --module are looked up there.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Draft {
    #[command(flatten)]
    wish: Wish,
    /// The account that will sign
    #[arg(long, value_name = "ADDRESS")]
    proposer: Address,
    /// File to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    desk: DeskFlags,
}

impl Draft {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let desk = self.desk.open()?;
        let mut validators = match self.wish.chosen.selection()? {
            Selection::Validators(names)
                if names.iter().all(|name| matches!(name, ValidatorName::Index(_))) =>
            {
                names
                    .iter()
                    .filter_map(
                        |name| if let ValidatorName::Index(index) = name { Some(*index) } else { None },
                    )
                    .collect()
            }
            Selection::Validators(_) | Selection::Operator(_) | Selection::Module(_) => {
                look_up(&desk, &self.wish)?
            }
        };
        validators.sort();
        let opened = desk.times().now();
        let emergency = Emergency {
            guardian_set_epoch: desk.definition.guardian_set.epoch,
            raiser: Raiser::Account { proposer: self.proposer },
            validators,
            severity: self.wish.severity.into(),
            reason: self.wish.reason(),
            opened,
            expires: opened.saturating_add(self.wish.lifetime(&desk)?),
        };
        if let Err(refusal) = emergency.check(&desk.definition) {
            return Err(Misused(format!(
                "network `{}` would refuse this: {} ({}); `guardian network inspect` shows who may propose what",
                desk.definition.name,
                refusal.code(),
                describe(&emergency)
            ))
            .into());
        }
        let document = typed_document(&desk.definition, Some(self.proposer), exits_data(&emergency));
        write_document(&self.out, &document)?;
        if desk.json {
            return print_json(
                &json!({ "file": self.out, "emergency": emergency.id(), "typed_data": document }),
            );
        }
        print(&format!(
            "Draft of emergency {} is in {}: {}.\n\
             It lives until {}.\n\
             Next: have {} sign the file as EIP-712 typed data, then: guardian propose submit {} --signature 0x...",
            emergency.id(),
            self.out.display(),
            describe(&emergency),
            desk.times().slot(emergency.expires),
            self.proposer,
            self.out.display()
        ))
    }
}

/// In a few words.
pub(super) fn describe(emergency: &Emergency) -> String {
    format!(
        "{} validators, {}, {} slots, by {}",
        emergency.validators.len(),
        emergency.severity.code(),
        emergency.expires.0.saturating_sub(emergency.opened.0),
        guardian_core::request::raiser_text(&emergency.raiser)
    )
}

/// Asks the running guardian which validators these are.
fn look_up(desk: &Desk, wish: &Wish) -> anyhow::Result<Vec<ValidatorIndex>> {
    let answer = desk.ask(&wish.request(desk, true)?)?;
    let Answer::Forecast(forecast) = answer else { return Err(unexpected(&answer)) };
    if forecast.targets.is_empty() {
        bail!("the guardian finds no validator of these on duty; nothing to propose");
    }
    Ok(forecast.targets.iter().map(|target| target.index).collect())
}

/// Types and message of an emergency.
pub(super) fn exits_data(emergency: &Emergency) -> (&'static str, Value, Value) {
    let field = |name: &str, kind: &str| json!({ "name": name, "type": kind });
    let types = json!([
        field("validators", "uint64[]"),
        field("severity", "string"),
        field("reason", "string"),
        field("openedSlot", "uint64"),
        field("expiresSlot", "uint64"),
    ]);
    let message = json!({
        "validators": emergency.validators,
        "severity": emergency.severity.code(),
        "reason": emergency.reason,
        "openedSlot": emergency.opened,
        "expiresSlot": emergency.expires,
    });
    ("ExitsProposal", types, message)
}

/// Typed data in the form of `eth_signTypedData_v4`, with the network it is for.
pub(in crate::cli) fn typed_document(
    definition: &NetworkDefinition,
    proposer: Option<Address>,
    (primary, types, message): (&str, Value, Value),
) -> Value {
    let field = |name: &str, kind: &str| json!({ "name": name, "type": kind });
    let domain = domain(definition);
    json!({
        "types": {
            "EIP712Domain": [
                field("name", "string"),
                field("version", "string"),
                field("chainId", "uint256"),
                field("salt", "bytes32"),
            ],
            primary: types,
        },
        "primaryType": primary,
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": domain.chain_id,
            "salt": format!("0x{}", hex::encode(domain.salt)),
        },
        "message": message,
        "network": {
            "name": definition.name,
            "id": definition.id(),
            "guardian_set_epoch": definition.guardian_set.epoch,
            "proposer": proposer,
        },
    })
}

/// Writes it to a new file.
///
/// # Errors
/// When something is there already.
pub(in crate::cli) fn write_document(path: &Path, document: &Value) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(document)? + "\n";
    Ok(file::create(path, text.as_bytes(), Access::Public)?)
}

/// Reads an account's signature.
///
/// # Errors
/// What it must be.
pub(in crate::cli) fn read_signature(text: &str) -> Result<AccountSignature, String> {
    text.parse().map_err(|_| "a signature is 0x and 130 hexadecimal digits: r, s and v".to_owned())
}

#[cfg(test)]
mod tests;
