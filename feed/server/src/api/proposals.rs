//! `/v1/proposals` and `/v1/emergencies`: who proposed what, who agreed, what holds it.

use super::answer::{Answer, ItemRefusals, ListRefusals, Listing, Refusal};
use super::ask::Ask;
use super::query::Paging;
use crate::view::{EmergencyView, ProposalView, schema};
use axum::extract::Path;
use axum::response::Response;
use crypto::spec::BlsPubkey;
use guardian_core::proposal::{ProposalId, RuleKind, State};
use guardian_core::status::EmergencyState;

const STATES: [State; 9] = [
    State::Open,
    State::Certified,
    State::Signed,
    State::Submitted,
    State::Included,
    State::Finalized,
    State::Rejected,
    State::Expired,
    State::Moot,
];

pub(super) const RULES: [RuleKind; 4] =
    [RuleKind::Offline, RuleKind::Tickets, RuleKind::Balance, RuleKind::Emergency];

const EMERGENCY_STATES: [EmergencyState; 6] = [
    EmergencyState::Open,
    EmergencyState::Certified,
    EmergencyState::Done,
    EmergencyState::Rejected,
    EmergencyState::Expired,
    EmergencyState::Cancelled,
];

/// Proposals, newest first.
#[utoipa::path(
    get, path = "/v1/proposals", tag = "proposals",
    params(("state" = Option<schema::ProposalState>, Query, description = "Only those that stand so"), ("rule" = Option<schema::Rule>, Query, description = "Only those by this rule"), ("held" = Option<bool>, Query, description = "Only those that something holds, or nothing"), ("over" = Option<bool>, Query, description = "Only those that are over, or are not"), ("pubkey" = Option<schema::Pubkey>, Query, description = "Only those about this validator"), Paging),
    responses((status = 200, description = "Proposals", body = Listing<ProposalView>), ListRefusals)
)]
pub(super) async fn list(ask: Ask) -> Response {
    ask.list(&["state", "rule", "held", "over", "pubkey"], |snapshot, query, page| {
        let state = query.code("state", &STATES, State::code)?;
        let rule = query.code("rule", &RULES, RuleKind::code)?;
        let (held, over) = (query.flag("held")?, query.flag("over")?);
        let pubkey: Option<BlsPubkey> = query.parsed("pubkey")?;
        let found: Vec<_> = snapshot
            .status()
            .proposals
            .iter()
            .filter(|one| {
                state.is_none_or(|state| one.state == state)
                    && rule.is_none_or(|rule| one.proposal.origin.kind() == rule)
                    && held.is_none_or(|held| one.hold.is_some() == held)
                    && over.is_none_or(|over| one.state.is_over() == over)
                    && pubkey.is_none_or(|pubkey| one.proposal.pubkey == pubkey)
            })
            .collect();
        let views = page.of(found.iter()).map(|one| snapshot.proposal_view(one)).collect();
        Ok((found.len(), views))
    })
}

pub(super) fn id(text: &str) -> Result<ProposalId, Refusal> {
    text.parse().map_err(|problem| Refusal::path(format!("no id: {problem}")))
}

/// One proposal.
#[utoipa::path(
    get, path = "/v1/proposals/{id}", tag = "proposals",
    params(("id" = schema::Hash, Path, description = "Its id", example = "0xc3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3")),
    responses((status = 200, description = "The proposal", body = Answer<ProposalView>), ItemRefusals)
)]
pub(super) async fn one(ask: Ask, Path(name): Path<String>) -> Response {
    ask.answer(|snapshot| {
        snapshot.proposal(&id(&name)?).ok_or_else(|| {
            Refusal::not_found("no such proposal is kept here; the log still has what was said of it")
        })
    })
}

/// Emergencies, newest first.
#[utoipa::path(
    get, path = "/v1/emergencies", tag = "proposals",
    params(("state" = Option<schema::EmergencyStateCode>, Query, description = "Only those that stand so"), Paging),
    responses((status = 200, description = "Emergencies", body = Listing<EmergencyView>), ListRefusals)
)]
pub(super) async fn emergencies(ask: Ask) -> Response {
    ask.list(&["state"], |snapshot, query, page| {
        let state = query.code("state", &EMERGENCY_STATES, EmergencyState::code)?;
        let all = snapshot.status().emergencies.iter();
        let found: Vec<_> = all.filter(|one| state.is_none_or(|state| one.state == state)).collect();
        let views = page.of(found.iter()).map(|one| snapshot.emergency_view(one)).collect();
        Ok((found.len(), views))
    })
}

/// One emergency.
#[utoipa::path(
    get, path = "/v1/emergencies/{id}", tag = "proposals",
    params(("id" = schema::Hash, Path, description = "Its id", example = "0xc3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3")),
    responses((status = 200, description = "The emergency", body = Answer<EmergencyView>), ItemRefusals)
)]
pub(super) async fn emergency(ask: Ask, Path(name): Path<String>) -> Response {
    ask.answer(|snapshot| {
        snapshot.emergency(&id(&name)?).ok_or_else(|| {
            Refusal::not_found("no such emergency is kept here; the log still has what was said of it")
        })
    })
}
