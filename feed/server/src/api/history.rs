//! `/v1/validators/{pubkey}/history`: what the charts of a validator, and of its operator, are made of.

use super::answer::{Answer, ItemRefusals};
use super::ask::Ask;
use super::validators::row;
use crate::history::{History, Run};
use crate::site::Site;
use crate::snapshot::Snapshot;
use crate::view::exit::EpochView;
use crate::view::{Amount, schema};
use axum::extract::Path;
use axum::response::Response;
use crypto::execution::Address;
use crypto::spec::BlsPubkey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One validator's past, as far as this server saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryView {
    /// Whose.
    #[schema(value_type = schema::Pubkey)]
    pub pubkey: BlsPubkey,
    /// Whether it attested, by runs of epochs, oldest first.
    pub liveness: Vec<Run>,
    /// Its balance, Gwei, oldest first.
    pub balances: Vec<SampleView>,
    /// What was left of its operator's tickets, wei of ticket, oldest first.
    pub tickets: Vec<SampleView>,
}

/// An amount at an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SampleView {
    /// When.
    #[serde(flatten)]
    pub epoch: EpochView,
    /// How much.
    pub amount: Amount,
}

impl HistoryView {
    /// Of one validator.
    pub fn of(site: &Site, snapshot: &Snapshot, pubkey: &BlsPubkey, operator: Option<&Address>) -> Self {
        let history = site.history();
        let past = history.validator(pubkey);
        let sample = |epoch, amount| SampleView { epoch: EpochView::of(snapshot, epoch), amount };
        Self {
            pubkey: *pubkey,
            liveness: past.map(|past| past.liveness().collect()).unwrap_or_default(),
            balances: past
                .map(|past| past.balances().map(|(epoch, balance)| sample(epoch, balance.into())).collect())
                .unwrap_or_default(),
            tickets: operator.map(|operator| tickets(&history, snapshot, operator)).unwrap_or_default(),
        }
    }
}

/// What was left of an operator's tickets, wei of ticket, oldest first.
pub fn tickets_of(site: &Site, snapshot: &Snapshot, operator: &Address) -> Vec<SampleView> {
    let history = site.history();
    tickets(&history, snapshot, operator)
}

fn tickets(history: &History, snapshot: &Snapshot, operator: &Address) -> Vec<SampleView> {
    let samples = history.tickets(operator);
    samples
        .map(|(epoch, present)| SampleView { epoch: EpochView::of(snapshot, epoch), amount: present.into() })
        .collect()
}

/// One validator's past: attestations, balance, and its operator's tickets.
#[utoipa::path(
    get, path = "/v1/validators/{pubkey}/history", tag = "validators",
    params(("pubkey" = schema::ValidatorName, Path, description = "Its key, or its index", example = "1000077")),
    responses((status = 200, description = "The past", body = Answer<HistoryView>), ItemRefusals)
)]
pub(super) async fn history(ask: Ask, Path(pubkey): Path<String>) -> Response {
    ask.answer(|snapshot| {
        let row = row(snapshot, &pubkey)?;
        let operator = snapshot.operator_of(row);
        Ok(HistoryView::of(&ask.site, snapshot, &snapshot.pubkey_of(row), operator.as_ref()))
    })
}
