//! `guardian network attest`: agree that the network's own key signs, for a contract, that the definition is in force.

use crate::cli::desk::{DeskFlags, unexpected};
use crate::cli::{print, print_json};
use crypto::execution::Address;
use guardian_core::request::{Answer, Request};

const EXAMPLES: &str = "\
Examples:
  guardian network attest --chain-id 1 --contract 0x5FbD...0aa3 --nonce 0
  guardian network status --json | jq '.signatures[0].signature'

The operators of at least t guardians give the same line, each at its own guardian, within 256
slots of the first. `contract` is a GroupKey contract and `nonce` what its `nonce()` says: the
signature is good there once, and nowhere else. Check it with `guardian verify group`.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Attest {
    /// Chain id of the contract's chain (EIP-155)
    #[arg(long)]
    chain_id: u64,
    /// The contract that keeps the network's key
    #[arg(long, value_name = "ADDRESS")]
    contract: Address,
    /// The contract's present nonce
    #[arg(long)]
    nonce: u64,
    #[command(flatten)]
    desk: DeskFlags,
}

impl Attest {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let desk = self.desk.open()?;
        let (chain_id, contract, nonce) = (self.chain_id, self.contract, self.nonce);
        let answer = desk.ask(&Request::Attest { chain_id, contract, nonce })?;
        if desk.json {
            return print_json(&answer);
        }
        let Answer::Attesting { matter } = answer else { return Err(unexpected(&answer)) };
        print(&format!(
            "This guardian signs for contract {contract} of chain {chain_id}, nonce {nonce} ({matter}), with as many \
             others as must.\nNext: the other operators give the same line; `guardian network status` shows the signature"
        ))
    }
}
