//! Projection: a guardian's state as the [`StatusSnapshot`] it shows the world.

use crate::ballot::{Ballot, Counted};
use crate::case::{self, Case};
use crate::guardian::Guardian;
use crate::guardian_set::GuardianIndex;
use crate::matter::Matter;
use crate::message::VERSION;
use crate::proposal::ProposalId;
use crate::registry::Entry;
use crate::status::{
    EmergencyStatus, ExecutionStatus, Hold, OperatorStatus, PartialStatus, PeerStatus, ProposalStatus,
    RegistrationStatus, StatusSnapshot, ValidatorHealth, VoteStatus,
};
use crate::tickets::Operator;
use crate::view::{Held, Watched};
use crypto::execution::Address;
use crypto::spec::{Epoch, Slot};
use std::collections::BTreeMap;

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
            journal: self.journal_head(),
            peers: peers.collect(),
            execution: self.definition.contracts.as_ref().map(|_| self.execution()),
            validators: self.view.held().map(|(watched, held)| self.health(watched, held)).collect(),
            operators: self.operators(),
            registrations: self.protocol.registry().entries().iter().map(registration).collect(),
            proposals,
            emergencies: self.emergencies(),
            lifecycles: self.lifecycles(),
            pauses: self.pause_status(),
            enforcement: self.enforcement_status(),
            faults: self.roster.faults().copied().collect(),
            joining: self.is_joining(),
            group_key: self.group.as_ref().map(|key_set| key_set.key().to_string()),
            readiness: self.readiness_statuses(),
            signatures: self.signing_statuses(),
            ceremonies: self.ceremony_statuses(),
            version: VERSION.to_owned(),
            clients: self.settings.clients.clone(),
            logs: self.logs.latest().collect(),
        }
    }

    fn emergencies(&self) -> Vec<EmergencyStatus> {
        let mut emergencies: Vec<_> =
            self.agenda.iter().map(|(id, matter)| self.emergency_status(id, matter)).collect();
        emergencies.sort_by_key(|status| (std::cmp::Reverse(status.raised), status.id));
        emergencies
    }

    /// One emergency's story.
    pub(crate) fn emergency_status(&self, id: ProposalId, matter: &Matter) -> EmergencyStatus {
        let mut exits: BTreeMap<String, u64> = BTreeMap::new();
        for exit in matter.exits.values() {
            let state = self.docket.get(exit).map_or("over", |case| case.state.code());
            *exits.entry(state.to_owned()).or_default() += 1;
        }
        if !matter.waiting.is_empty() {
            exits.insert("waiting".to_owned(), u64::try_from(matter.waiting.len()).unwrap_or(u64::MAX));
        }
        EmergencyStatus {
            id,
            emergency: matter.emergency().clone(),
            state: matter.state,
            raised: matter.since,
            certifiable_from: matter.certifiable_from(&self.definition.emergency),
            votes: votes(&matter.ballot),
            own: matter.own.as_ref().map(|vote| vote.decision),
            note: matter.note.clone(),
            certified: matter.certificate.as_ref().map(|certificate| certificate.at),
            exits,
        }
    }

    fn execution(&self) -> ExecutionStatus {
        let (protocol, ledger) = (&self.protocol, self.protocol.ledger());
        ExecutionStatus {
            health: protocol.health.clone(),
            scanned: ledger.scanned(),
            target: protocol.target(),
            state: ledger.read(),
            mismatches: protocol.mismatches().to_vec(),
            diverged: protocol.is_diverged(),
            out_of_order: protocol.out_of_order(),
            verdicts: protocol.registry().verdicts(),
        }
    }

    fn operators(&self) -> Vec<OperatorStatus> {
        let (protocol, slot) = (&self.protocol, self.view.slot());
        let finalized = self.view.finalized().map(|checkpoint| checkpoint.epoch).unwrap_or_default();
        let status = |(operator, account): (&Address, &Operator)| {
            let info = account.info.unwrap_or_default();
            let assessment = protocol.assessment(operator);
            OperatorStatus {
                operator: *operator,
                deposited: info.tickets,
                present: assessment.map_or(info.tickets, |assessment| assessment.present.tickets()),
                overdrawn: assessment.is_some_and(|assessment| assessment.present.is_overdrawn()),
                active: info.active,
                pending: info.pending,
                standing: protocol.standing(&self.definition, operator, finalized, slot),
                due: assessment.and_then(|assessment| assessment.due),
                runway: assessment.filter(|known| known.on_duty > 0).map(|known| known.runway),
                unexplained: account.unexplained,
            }
        };
        protocol.ledger().operators().map(status).collect()
    }

    fn health(&self, watched: &Watched, held: &Held) -> ValidatorHealth {
        let validator = watched.at_finalized.or(watched.at_head);
        let line = validator.and_then(|validator| self.view.timeline(validator.index));
        let finalized = self.view.finalized().and_then(|checkpoint| checkpoint.epoch.0.checked_sub(1));
        ValidatorHealth {
            ready: self.ready_for(&held.custody.pubkey),
            pubkey: held.custody.pubkey,
            share: held.custody.index,
            index: validator.map(|validator| validator.index),
            status: watched.at_finalized.map(|validator| validator.status),
            last_live: line.and_then(|line| line.live().last()),
            operator: self.protocol.registry().operator(&held.custody.pubkey),
            balance: watched.at_finalized.map(|validator| validator.balance),
            effective_balance: watched.at_finalized.map(|validator| validator.effective_balance),
            slashed: watched.at_finalized.is_some_and(|validator| validator.slashed),
            dark_epochs: line.zip(finalized).map_or(0, |(line, last)| line.dark_epochs_until(Epoch(last))),
        }
    }

    /// Since when a case is held so: by the journal, or as of now while that has not said it yet.
    fn held_since(&self, hold: Hold, case: &Case) -> Slot {
        let journaled = case.held.filter(|(held, _)| *held == hold);
        journaled.map_or(self.view.slot(), |(_, since)| since)
    }

    fn proposal_status(&self, id: ProposalId, case: &Case) -> ProposalStatus {
        let ceremony = &case.ceremony;
        let at_head = self.view.validator(&case.proposal.pubkey).and_then(|watched| watched.at_head);
        ProposalStatus {
            id,
            proposal: case.proposal.clone(),
            state: case.state,
            hold: case.hold,
            held_since: case.hold.map(|hold| self.held_since(hold, case)),
            hold_ends: case.hold.map(|hold| hold.ends().to_owned()),
            votes: votes(&case.ballot),
            certified: case.certificate.as_ref().map(|certificate| certificate.at),
            released: ceremony.released,
            partials: ceremony.partials.iter().map(partial).collect(),
            culprits: ceremony.false_shares(),
            combined: ceremony.combined.is_some(),
            submissions: ceremony.outcomes.clone(),
            exit_epoch: at_head
                .filter(|validator| validator.is_exiting())
                .map(|validator| validator.exit_epoch),
        }
    }
}

fn votes(ballot: &Ballot) -> Vec<VoteStatus> {
    let status = |(guardian, counted): (GuardianIndex, &Counted)| VoteStatus {
        guardian,
        decision: counted.vote.decision,
        at: counted.at,
    };
    ballot.votes().map(status).collect()
}

fn partial((guardian, held): (&GuardianIndex, &case::Held)) -> PartialStatus {
    PartialStatus { guardian: *guardian, at: held.at }
}

fn registration(entry: &Entry) -> RegistrationStatus {
    let registered = &entry.registered;
    RegistrationStatus {
        id: registered.id,
        operator: registered.operator,
        pubkey: registered.pubkey,
        verdict: registered.verdict,
        life: entry.life,
        block: entry.block,
        transaction: registered.transaction,
    }
}
