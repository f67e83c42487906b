//! `Evidence`: what this guardian saw when it decided, journaled before the vote it led to.

use crate::event::{ExecutionHealth, NodeHealth};
use crate::guardian::Guardian;
use crate::proposal::ExitProposal;
use borsh::{BorshDeserialize, BorshSerialize};
use crypto::execution::{Block, Tickets};
use crypto::spec::{Checkpoint, Epoch, Slot};
use crypto::validator::Validator;
use serde::{Deserialize, Serialize};

/// What we saw of one proposal's subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct Evidence {
    /// Our own beacon nodes.
    pub nodes: NodeHealth,
    /// The head they showed.
    pub head: Option<Slot>,
    /// The finalized checkpoint they agreed on.
    pub finalized: Option<Checkpoint>,
    /// The validator at that checkpoint. None for an emergency, and for one we do not see.
    pub at_finalized: Option<Validator>,
    /// The validator at the head.
    pub at_head: Option<Validator>,
    /// Last epoch it was seen attesting.
    pub last_live: Option<Epoch>,
    /// Last epoch it was seen not to.
    pub last_dark: Option<Epoch>,
    /// Its operator's account as the contracts were read.
    pub account: Option<AccountSeen>,
    /// Of an emergency's validators: how many we could confirm, and how many there are.
    pub confirmed: Option<(u64, u64)>,
}

/// An operator's account when a decision was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
pub struct AccountSeen {
    /// The block the contracts were read at.
    pub read: Option<Block>,
    /// What was left of its tickets.
    pub present: Option<Tickets>,
    /// First epoch of its shortage.
    pub due: Option<Epoch>,
    /// Our own execution nodes.
    pub nodes: ExecutionHealth,
}

impl Guardian {
    /// What our view shows now of a proposal's subject.
    pub(crate) fn evidence(&self, proposal: &ExitProposal) -> Evidence {
        let watched = self.view.validator(&proposal.pubkey);
        let line = self.view.timeline(proposal.exit.validator_index);
        let operator = self.protocol.registry().operator(&proposal.pubkey);
        let account = operator.map(|operator| {
            let assessment = self.protocol.assessment(&operator);
            AccountSeen {
                read: self.protocol.ledger().read(),
                present: assessment.map(|assessment| assessment.present.tickets()),
                due: assessment.and_then(|assessment| assessment.due),
                nodes: self.protocol.health.clone(),
            }
        });
        Evidence {
            nodes: self.view.nodes(),
            head: self.view.head(),
            finalized: self.view.finalized(),
            at_finalized: watched.and_then(|watched| watched.at_finalized),
            at_head: watched.and_then(|watched| watched.at_head),
            last_live: line.and_then(|line| line.live().last()),
            last_dark: line.and_then(|line| line.dark().last()),
            account,
            confirmed: None,
        }
    }
}

#[cfg(test)]
mod tests;
