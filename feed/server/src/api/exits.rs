//! `/v1/exits`: ways out, the one with the newest step first.

use super::answer::{ListRefusals, Listing};
use super::ask::Ask;
use super::proposals::RULES;
use super::query::Paging;
use crate::view::{ExitView, schema};
use axum::response::Response;
use crypto::execution::Address;
use guardian_core::lifecycle::Step;
use guardian_core::proposal::RuleKind;

const STEPS: [Step; 12] = [
    Step::Due,
    Step::Proposed,
    Step::Certified,
    Step::Released,
    Step::Combined,
    Step::Accepted,
    Step::Gossiped,
    Step::Included,
    Step::Finalized,
    Step::Withdrawable,
    Step::Withdrawn,
    Step::Settled,
];

/// Ways out.
#[utoipa::path(
    get, path = "/v1/exits", tag = "exits",
    params(("rule" = Option<schema::Rule>, Query, description = "Only those by this rule"), ("step" = Option<schema::StepCode>, Query, description = "Only those whose furthest step is this"), ("over" = Option<bool>, Query, description = "Only those that are over, or are not"), ("late" = Option<bool>, Query, description = "Only those that are late, or are not"), ("operator" = Option<schema::Account>, Query, description = "Only those of this node operator's validators"), Paging),
    responses((status = 200, description = "Ways out", body = Listing<ExitView>), ListRefusals)
)]
pub(super) async fn list(ask: Ask) -> Response {
    ask.list(&["rule", "step", "over", "late", "operator"], |snapshot, query, page| {
        let rule = query.code("rule", &RULES, RuleKind::code)?;
        let step = query.code("step", &STEPS, Step::code)?;
        let (over, late) = (query.flag("over")?, query.flag("late")?);
        let operator: Option<Address> = query.parsed("operator")?;
        let found: Vec<_> = snapshot
            .exits()
            .iter()
            .filter(|exit| {
                rule.is_none_or(|rule| exit.rule == Some(rule))
                    && step.is_none_or(|step| exit.step == Some(step))
                    && over.is_none_or(|over| exit.over == over)
                    && late.is_none_or(|late| exit.late.is_some() == late)
                    && operator.is_none_or(|operator| exit.operator == Some(operator))
            })
            .collect();
        let views = page.of(found.iter()).map(|exit| (*exit).clone()).collect();
        Ok((found.len(), views))
    })
}
