//! `guardian verify group`: did t of the guardians sign this together?

use super::{conclude, unreadable};
use crate::cli::Output;
use crypto::execution::Address;
use crypto::group_key::{GroupPublicKey, GroupSignature, evm_digest, verify};
use serde_json::json;

const EXAMPLES: &str = "\
Examples:
  guardian verify group --key 0x02f3... --message 0x5f1d... --signature 0x03a9...
  guardian verify group --key 0x02f3... --signature 0x03a9... --payload 0x77aa... \\
    --chain-id 1 --contract 0x5FbDB2315678afecb367f032d93F642f64180aa3 --nonce 7

A signature is FROST(secp256k1, SHA-256) of RFC 9591 over 32 bytes. For a contract those are the digest of
chain id, contract, nonce and payload, as deploy/contracts/src/GroupKey.sol computes it.

Exit code 0 when it is valid, 1 when it is not, 2 when the input cannot be read.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Group {
    /// The network's public key, 33 bytes
    #[arg(long, value_name = "HEX33")]
    key: GroupPublicKey,
    /// The signature, 65 bytes
    #[arg(long, value_name = "HEX65")]
    signature: GroupSignature,
    /// What was signed, 32 bytes
    #[arg(long, value_name = "HEX32", value_parser = bytes, required_unless_present = "payload")]
    message: Option<[u8; 32]>,
    /// What was signed for a contract, 32 bytes; needs the next three
    #[arg(
        long, value_name = "HEX32", value_parser = bytes, conflicts_with = "message",
        requires_all = ["chain_id", "contract", "nonce"]
    )]
    payload: Option<[u8; 32]>,
    /// The execution chain of the contract
    #[arg(long, value_name = "N", requires = "payload")]
    chain_id: Option<u64>,
    /// The contract
    #[arg(long, value_name = "ADDRESS", requires = "payload")]
    contract: Option<Address>,
    /// The contract's nonce when it took the signature
    #[arg(long, value_name = "N", requires = "payload")]
    nonce: Option<u64>,
    #[command(flatten)]
    output: Output,
}

fn bytes(text: &str) -> Result<[u8; 32], String> {
    crypto::wire::parse_hex("it", text).map_err(|e| e.to_string())
}

impl Group {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let message = match (self.message, self.payload, self.chain_id, self.contract, self.nonce) {
            (Some(message), ..) => message,
            (None, Some(payload), Some(chain), Some(contract), Some(nonce)) => {
                evm_digest(chain, &contract, nonce, &payload)
            }
            // Refused before.
            _ => {
                return Err(unreadable(
                    "give --message, or --payload with --chain-id, --contract and --nonce",
                ));
            }
        };
        let is_valid = verify(&self.key, &message, &self.signature);
        let shown = format!("0x{}", hex::encode(message));
        let value =
            json!({ "valid": is_valid, "key": self.key, "message": shown, "signature": self.signature });
        let fault = format!(
            "{} did not sign {shown} with this signature; compare key and message with where they come from",
            self.key
        );
        conclude(
            self.output,
            &value,
            &format!("Valid: {} signed {shown}.", self.key),
            (!is_valid).then_some(fault),
        )
    }
}
