//! `guardian approve|reject|withdraw|cancel`: what this guardian's operator decides about an emergency.

use super::desk::{Desk, DeskFlags, id_prefix, unexpected};
use super::propose::{read_signature, typed_document, write_document};
use super::{print, print_json};
use crate::id_prefix::IdPrefix;
use crypto::typed_data::AccountSignature;
use guardian_core::proposal::ProposalId;
use guardian_core::request::{Answer, MAX_NOTE, Request};
use guardian_core::status::EmergencyState;
use serde_json::json;
use std::path::PathBuf;

const DECIDE_EXAMPLES: &str = "\
Examples:
  guardian proposals 0x5f1d09c2
  guardian approve 0x5f1d09c2 --reason 'seen the report'
  guardian reject 0x5f1d09c2 --reason 'operator says it is maintenance'
  guardian withdraw 0x5f1d09c2

An approval is refused for what this guardian's own view does not confirm. It can be withdrawn;
what was released under it cannot be taken back.";

const CANCEL_EXAMPLES: &str = "\
Examples:
  guardian cancel 0x5f1d09c2
  guardian cancel 0x5f1d09c2 --draft cancel.json
  guardian cancel 0x5f1d09c2 --signature 0x...

The guardian that raised an emergency takes it back, until it is certified. For one that an account
signed, the account signs the draft as EIP-712 typed data, and any guardian brings the signature.";

/// Which emergency, and why.
#[derive(Debug, clap::Args)]
#[command(after_help = DECIDE_EXAMPLES)]
pub(super) struct Decide {
    /// Its id, or the first 8 digits or more of it
    #[arg(value_name = "ID", value_parser = id_prefix)]
    id: IdPrefix,
    /// Why, in one line of at most 280 bytes: for this guardian's journal
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, value_parser = note)]
    reason: String,
    #[command(flatten)]
    desk: DeskFlags,
}

/// Checks what may be said with a decision.
pub(super) fn note(text: &str) -> Result<String, String> {
    const { assert!(MAX_NOTE == guardian_core::emergency::MAX_REASON) };
    if text.is_empty() { Ok(String::new()) } else { super::propose::line(text) }
}

impl Decide {
    pub(super) fn approve(self) -> anyhow::Result<()> {
        self.vote("approves", |emergency, note| Request::Approve { emergency, note })
    }

    pub(super) fn reject(self) -> anyhow::Result<()> {
        self.vote("rejects", |emergency, note| Request::Reject { emergency, note })
    }

    pub(super) fn withdraw(self) -> anyhow::Result<()> {
        self.vote("withdrew its approval of", |emergency, note| Request::Withdraw { emergency, note })
    }

    fn vote(self, does: &str, request: impl FnOnce(ProposalId, String) -> Request) -> anyhow::Result<()> {
        let desk = self.desk.open()?;
        let id = desk.resolve(&self.id)?;
        let answer = desk.ask(&request(id, self.reason))?;
        if desk.json {
            return print_json(&answer);
        }
        let Answer::Voted { emergency, state, approvals, threshold, certifiable_from, released } = answer
        else {
            return Err(unexpected(&answer));
        };
        let times = desk.times();
        let mut text = format!(
            "This guardian {does} emergency {emergency}: {}, {approvals} of {threshold} approvals.",
            state.code()
        );
        if certifiable_from > times.now() {
            text.push_str(&format!("\nIt is not certified before {}.", times.slot(certifiable_from)));
        }
        if released > 0 {
            text.push_str(&format!(
                "\nThis guardian released its part of {released} of the exits already: those cannot be taken back."
            ));
        }
        let more = threshold.saturating_sub(approvals);
        if state == EmergencyState::Open && more > 0 {
            let noun = if more == 1 { "approval is" } else { "approvals are" };
            text.push_str(&format!("\n{more} more {noun} needed. Next: `guardian proposals {emergency}`"));
        }
        print(&text)
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = CANCEL_EXAMPLES)]
pub(super) struct Cancel {
    /// Its id, or the first 8 digits or more of it
    #[arg(value_name = "ID", value_parser = id_prefix)]
    id: IdPrefix,
    /// The proposer's signature over the draft, for an emergency that an account signed
    #[arg(long, value_name = "HEX", value_parser = read_signature, conflicts_with = "draft")]
    signature: Option<AccountSignature>,
    /// Only write the typed data that the account signs to take its emergency back
    #[arg(long, value_name = "FILE")]
    draft: Option<PathBuf>,
    #[command(flatten)]
    desk: DeskFlags,
}

impl Cancel {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let desk = self.desk.open()?;
        let emergency = desk.resolve(&self.id)?;
        if let Some(path) = &self.draft {
            return draft(&desk, emergency, path);
        }
        let answer = desk.ask(&Request::Cancel { emergency, signature: self.signature })?;
        if desk.json {
            return print_json(&answer);
        }
        let Answer::Cancelled { emergency } = answer else { return Err(unexpected(&answer)) };
        print(&format!(
            "Emergency {emergency} is taken back. Guardians that certified it before they hear of it go on."
        ))
    }
}

fn draft(desk: &Desk, emergency: ProposalId, path: &PathBuf) -> anyhow::Result<()> {
    let types = json!([{ "name": "proposal", "type": "bytes32" }]);
    let data = ("ExitsCancellation", types, json!({ "proposal": emergency }));
    let document = typed_document(&desk.definition, None, data);
    write_document(path, &document)?;
    if desk.json {
        return print_json(&json!({ "file": path, "typed_data": document }));
    }
    print(&format!(
        "What takes emergency {emergency} back is in {}.\nNext: have its proposer sign the file as EIP-712 typed data, \
         then: guardian cancel {emergency} --signature 0x...",
        path.display()
    ))
}
