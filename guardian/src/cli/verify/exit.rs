//! `guardian verify exit`: would the beacon chain take this exit for this validator's own?

use super::{conclude, document, field, network, optional, unreadable};
use crate::cli::Output;
use chain_watcher::SlotClock;
use chain_watcher::slot_clock::unix_now;
use crypto::exit::VoluntaryExit;
use crypto::keys::PublicKey;
use crypto::partial::verify;
use crypto::spec::{BlsPubkey, BlsSignature, Epoch, Slot, ValidatorIndex};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Most bytes of a signed exit; a whole one has about 500.
const MAX_FILE: u64 = 64 << 10;

const EXAMPLES: &str = "\
Examples:
  guardian verify exit exit.json --network network.toml --pubkey 0x8a3f...
  guardian verify exit exit.json --network network.toml --json

The file is a SignedVoluntaryExit as the Beacon API takes it:
  {\"message\":{\"epoch\":\"194048\",\"validator_index\":\"17\"},\"signature\":\"0x...\"}
It may hold `pubkey` beside `message`. That this key is the one of that validator index, a beacon node says.

Exit code 0 when it is valid, 1 when it is not, 2 when the input cannot be read.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Exit {
    /// The signed exit
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The network definition, for its chain's forks
    #[arg(long, value_name = "FILE")]
    network: PathBuf,
    /// The validator's public key, 48 bytes, when the file does not hold it
    #[arg(long, value_name = "HEX48")]
    pubkey: Option<BlsPubkey>,
    /// The epoch in which the chain looks at it [default: now, or the exit's own epoch where that is later]
    #[arg(long, value_name = "EPOCH")]
    at_epoch: Option<u64>,
    #[command(flatten)]
    output: Output,
}

/// What a file says.
struct Signed {
    message: VoluntaryExit,
    signature: BlsSignature,
    pubkey: Option<BlsPubkey>,
}

fn read(value: &Value) -> Result<Signed, String> {
    let message = value.get("message").ok_or("`message` is missing")?;
    let number = |name: &str| field::<u64>(message, name).map_err(|e| format!("{e} (in `message`)"));
    Ok(Signed {
        message: VoluntaryExit {
            epoch: Epoch(number("epoch")?),
            validator_index: ValidatorIndex(number("validator_index")?),
        },
        signature: field(value, "signature")?,
        pubkey: optional(value, "pubkey")?,
    })
}

impl Exit {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let definition = network(&self.network)?;
        let value = document(&self.file, "signed exit", MAX_FILE)?;
        let wrong =
            |e| unreadable(format!("{}: {e}; give it as the Beacon API takes it", self.file.display()));
        let Signed { message, signature, pubkey } = read(&value).map_err(wrong)?;
        let bytes = match (pubkey, self.pubkey) {
            (Some(theirs), Some(given)) if theirs != given => {
                let problem = format!("`pubkey` is {theirs}, but --pubkey says {given}; give one of them");
                return Err(wrong(problem));
            }
            (Some(pubkey), _) | (None, Some(pubkey)) => pubkey,
            (None, None) => return Err(wrong("`pubkey` is missing; give --pubkey".to_owned())),
        };
        let key = PublicKey::try_from(bytes).map_err(|e| wrong(format!("`pubkey` {bytes}: {e}")))?;
        let chain = &definition.chain;
        let now = chain.epoch_of(SlotClock::of(chain).slot_at(unix_now()).unwrap_or(Slot(0)));
        let at = self.at_epoch.map_or(now.max(message.epoch), Epoch);
        let root = message.signing_root(&chain.forks, at);
        let is_valid = verify(&key, root, &signature);
        let told = json!({
            "valid": is_valid,
            "pubkey": bytes,
            "message": message,
            "signing_root": root,
            "at_epoch": at,
        });
        let what = format!("exit of validator {} from epoch {}", message.validator_index, message.epoch);
        let fault = format!(
            "{bytes} did not sign the {what} for chain `{}`; compare the key, and the forks in {}",
            chain.name,
            self.network.display()
        );
        conclude(
            self.output,
            &told,
            &format!("Valid: {bytes} signed the {what} (chain `{}`).", chain.name),
            (!is_valid).then_some(fault),
        )
    }
}
