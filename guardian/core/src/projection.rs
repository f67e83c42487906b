//! Projection: a guardian's state as the [`StatusSnapshot`] it shows the world.

use crate::case::Case;
use crate::guardian::Guardian;
use crate::proposal::ProposalId;
use crate::status::{PeerStatus, ProposalStatus, StatusSnapshot, ValidatorHealth};
use crate::view::Watched;
use crypto::spec::Epoch;

impl Guardian {
    /// What this guardian shows, as of now.
    pub fn status(&self) -> StatusSnapshot {
        let set = &self.definition.guardian_set;
        let name =
            set.members.iter().find(|member| member.index == self.me).map(|member| member.name.clone());
        let peers = set.members.iter().filter(|member| member.index != self.me).map(|member| {
            let peer = self.roster.peer(member.index);
            PeerStatus {
                guardian: member.index,
                name: member.name.clone(),
                connected: peer.is_some_and(|peer| peer.connected),
                heartbeat: peer.and_then(|peer| peer.heartbeat.clone()),
            }
        });
        let mut proposals: Vec<_> =
            self.docket.iter().map(|(id, case)| self.proposal_status(id, case)).collect();
        proposals.sort_by_key(|status| (std::cmp::Reverse(status.proposal.opened), status.id));
        StatusSnapshot {
            network: self.definition.name.clone(),
            network_id: self.definition.id(),
            guardian_set_epoch: set.epoch,
            threshold: set.threshold,
            guardian: self.me,
            name: name.unwrap_or_default(),
            slot: self.view.slot(),
            head: self.view.head(),
            finalized: self.view.finalized(),
            nodes: self.view.nodes(),
            peers: peers.collect(),
            execution: None,
            validators: self.view.watched().map(|watched| self.health(watched)).collect(),
            operators: Vec::new(),
            registrations: Vec::new(),
            proposals,
            faults: self.roster.faults().copied().collect(),
        }
    }

    fn health(&self, watched: &Watched) -> ValidatorHealth {
        let validator = watched.at_finalized.or(watched.at_head);
        let line = validator.and_then(|validator| self.view.timeline(validator.index));
        let finalized = self.view.finalized().and_then(|checkpoint| checkpoint.epoch.0.checked_sub(1));
        ValidatorHealth {
            pubkey: watched.custody.pubkey,
            share: watched.custody.index,
            index: validator.map(|validator| validator.index),
            status: watched.at_finalized.map(|validator| validator.status),
            last_live: line.and_then(|line| line.live().last()),
            operator: None,
            balance: watched.at_finalized.map(|validator| validator.balance),
            effective_balance: watched.at_finalized.map(|validator| validator.effective_balance),
            slashed: watched.at_finalized.is_some_and(|validator| validator.slashed),
            dark_epochs: line.zip(finalized).map_or(0, |(line, last)| line.dark_epochs_until(Epoch(last))),
        }
    }

    fn proposal_status(&self, id: ProposalId, case: &Case) -> ProposalStatus {
        let ceremony = &case.ceremony;
        let at_head = self.view.validator(&case.proposal.pubkey).and_then(|watched| watched.at_head);
        ProposalStatus {
            id,
            proposal: case.proposal.clone(),
            state: case.state,
            hold: case.hold,
            votes: case.ballot.votes().map(|(from, vote, _)| (from, vote.decision)).collect(),
            certified: case.certificate.as_ref().map(|certificate| certificate.at),
            released: ceremony.released,
            partials: ceremony.partials.keys().copied().collect(),
            culprits: ceremony.false_shares(),
            combined: ceremony.combined.is_some(),
            submissions: ceremony.outcomes.clone(),
            exit_epoch: at_head
                .filter(|validator| validator.is_exiting())
                .map(|validator| validator.exit_epoch),
        }
    }
}
