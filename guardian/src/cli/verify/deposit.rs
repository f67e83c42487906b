//! `guardian verify deposit`: would this stake come to a validator, or be lost?

use super::{conclude, document, field, network, optional, unreadable};
use crate::cli::Output;
use crypto::deposit::{DepositData, DepositMessage};
use crypto::execution::WithdrawalCredentials;
use crypto::spec::{BlsPubkey, BlsSignature, ForkVersion, Gwei, Root};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Most bytes of deposit data; each deposit has about 900.
const MAX_FILE: u64 = 64 << 20;

const EXAMPLES: &str = "\
Example:
  guardian verify deposit deposit_data-1719821456.json --network network.toml

The file is what the staking deposit CLI writes: a list of deposits, or one of them, with `pubkey`,
`withdrawal_credentials`, `amount` (Gwei), `signature`; `deposit_message_root`, `deposit_data_root` and
`fork_version` are compared where they are there. A deposit whose signature is not valid is taken by the
contract and ignored by the chain: its stake is lost. So verify before you pay.

Exit code 0 when all are valid, 1 when one is not, 2 when the input cannot be read.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Deposit {
    /// The deposit data
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The network definition, for its chain's genesis fork version
    #[arg(long, value_name = "FILE")]
    network: PathBuf,
    #[command(flatten)]
    output: Output,
}

/// One deposit of a file.
struct Line {
    data: DepositData,
    message_root: Option<Root>,
    data_root: Option<Root>,
    fork_version: Option<ForkVersion>,
}

fn read(value: &Value) -> Result<Line, String> {
    let amount = match value.get("amount") {
        Some(amount) => amount.as_u64().ok_or("`amount` is no whole number of Gwei")?,
        None => return Err("`amount` is missing".to_owned()),
    };
    let message = DepositMessage {
        pubkey: field::<BlsPubkey>(value, "pubkey")?,
        withdrawal_credentials: field::<WithdrawalCredentials>(value, "withdrawal_credentials")?,
        amount: Gwei(amount),
    };
    Ok(Line {
        data: DepositData { message, signature: field::<BlsSignature>(value, "signature")? },
        message_root: optional(value, "deposit_message_root")?,
        data_root: optional(value, "deposit_data_root")?,
        fork_version: optional(value, "fork_version")?,
    })
}

/// What is wrong with a deposit, by its fields.
fn faults(line: &Line, genesis: ForkVersion) -> Vec<String> {
    let Line { data, message_root, data_root, fork_version } = line;
    let mut faults = Vec::new();
    if let Some(theirs) = fork_version.filter(|theirs| *theirs != genesis) {
        faults.push(format!("`fork_version` is {theirs}, this network's chain began with {genesis}"));
    }
    let roots = [
        ("deposit_message_root", message_root, data.message.hash_tree_root()),
        ("deposit_data_root", data_root, data.hash_tree_root()),
    ];
    for (name, theirs, ours) in roots {
        if let Some(theirs) = theirs.filter(|theirs| *theirs != ours) {
            faults.push(format!("`{name}` is {theirs}, the fields make {ours}"));
        }
    }
    if !data.verify(genesis) {
        faults
            .push("`signature` is not the validator's over these fields on this network's chain".to_owned());
    }
    faults
}

impl Deposit {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let definition = network(&self.network)?;
        // As `GENESIS_FORK_VERSION`; a schedule is never empty.
        let first = definition.chain.forks.forks().first();
        let genesis = first.map_or(ForkVersion([0; 4]), |fork| fork.version);
        let value = document(&self.file, "deposit data", MAX_FILE)?;
        let list = match value {
            Value::Array(list) => list,
            one => vec![one],
        };
        let shown = self.file.display();
        if list.is_empty() {
            return Err(unreadable(format!("{shown}: holds no deposit; give the file as it was made")));
        }
        let mut told = Vec::with_capacity(list.len());
        let mut wrong = Vec::new();
        for (place, value) in list.iter().enumerate() {
            let line = read(value).map_err(|e| unreadable(format!("{shown}: deposit {place}: {e}")))?;
            let faults = faults(&line, genesis);
            let DepositMessage { pubkey, withdrawal_credentials, amount } = line.data.message;
            told.push(json!({
                "pubkey": pubkey,
                "withdrawal_credentials": withdrawal_credentials,
                "amount": amount.0,
                "deposit_data_root": line.data.hash_tree_root(),
                "valid": faults.is_empty(),
                "faults": faults,
            }));
            wrong.extend(faults.into_iter().map(|fault| format!("\n  deposit {place} of {pubkey}: {fault}")));
        }
        let json = json!({ "valid": wrong.is_empty(), "deposits": told });
        let fault = format!("do not deposit with {shown}; make it anew:{}", wrong.concat());
        let text =
            format!("Valid: {} deposits in {shown}, for chain `{}`.", told.len(), definition.chain.name);
        conclude(self.output, &json, &text, (!wrong.is_empty()).then_some(fault))
    }
}
