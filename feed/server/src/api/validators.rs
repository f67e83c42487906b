//! `/v1/validators`: found, filtered and sorted.

use super::answer::{Answer, ItemRefusals, ListRefusals, Listing, Refusal};
use super::ask::Ask;
use super::query::{Page, Paging, Query};
use crate::snapshot::{Order, Row, Snapshot, SortKey};
use crate::view::schema;
use crate::view::{Health, ValidatorView};
use axum::extract::Path;
use axum::response::Response;
use crypto::execution::Address;
use crypto::spec::{BlsPubkey, ValidatorIndex};
use crypto::validator::ValidatorStatus;
use guardian_core::status::Standing;

const PARAMETERS: [&str; 9] =
    ["operator", "status", "health", "standing", "exiting", "dark", "q", "sort", "order"];

const STATUSES: [(ValidatorStatus, &str); 9] = [
    (ValidatorStatus::PendingInitialized, "pending_initialized"),
    (ValidatorStatus::PendingQueued, "pending_queued"),
    (ValidatorStatus::ActiveOngoing, "active_ongoing"),
    (ValidatorStatus::ActiveExiting, "active_exiting"),
    (ValidatorStatus::ActiveSlashed, "active_slashed"),
    (ValidatorStatus::ExitedUnslashed, "exited_unslashed"),
    (ValidatorStatus::ExitedSlashed, "exited_slashed"),
    (ValidatorStatus::WithdrawalPossible, "withdrawal_possible"),
    (ValidatorStatus::WithdrawalDone, "withdrawal_done"),
];

const STANDINGS: [Standing; 6] =
    [Standing::Idle, Standing::Ok, Standing::Warning, Standing::Short, Standing::Due, Standing::Unknown];

/// Which validators are asked for.
#[derive(Debug, Clone, Default)]
struct Filter {
    operator: Option<Address>,
    status: Option<ValidatorStatus>,
    health: Option<Health>,
    standing: Option<Standing>,
    exiting: Option<bool>,
    dark: Option<u64>,
}

impl Filter {
    fn read(query: &Query) -> Result<Self, Refusal> {
        Ok(Self {
            operator: query.parsed("operator")?,
            status: query.code("status", &STATUSES, |(_, code)| code)?.map(|(status, _)| status),
            health: query.code("health", &Health::ALL, Health::code)?,
            standing: query.code("standing", &STANDINGS, Standing::code)?,
            exiting: query.flag("exiting")?,
            dark: query.number("dark", 0..=1_000_000)?,
        })
    }

    fn passes(&self, snapshot: &Snapshot, row: Row) -> bool {
        let watched = snapshot.watched(row);
        let standing = || {
            let operator = snapshot.operator_of(row)?;
            snapshot.operator_status(&operator).map(|status| status.standing)
        };
        self.health.is_none_or(|health| snapshot.health(row) == health)
            && self.status.is_none_or(|status| watched.and_then(|one| one.status) == Some(status))
            && self.dark.is_none_or(|dark| watched.is_some_and(|one| one.dark_epochs >= dark))
            && self.exiting.is_none_or(|exiting| snapshot.way(row).is_some() == exiting)
            && self.operator.is_none_or(|operator| snapshot.operator_of(row) == Some(operator))
            && self.standing.is_none_or(|wanted| standing() == Some(wanted))
    }
}

/// Validators, a part of those that pass all filters.
#[utoipa::path(
    get, path = "/v1/validators", tag = "validators",
    params(("operator" = Option<schema::Account>, Query, description = "Only those of this node operator"), ("status" = Option<schema::ValidatorState>, Query, description = "Only those with this status"), ("health" = Option<Health>, Query, description = "Only those that are like this"), ("standing" = Option<schema::Standing>, Query, description = "Only those whose operator stands so with the `tickets` rule"), ("exiting" = Option<bool>, Query, description = "Only those that are, or are not, on a way out"), ("dark" = Option<u64>, Query, description = "Only those without an attestation for at least so many epochs", minimum = 0, maximum = 1_000_000), ("q" = Option<schema::Search>, Query, description = "A validator index, or the beginning of a key or an operator's address"), ("sort" = Option<SortKey>, Query, description = "What the list is sorted by"), ("order" = Option<schema::Direction>, Query, description = "Smallest first, or largest first"), Paging),
    responses((status = 200, description = "Validators", body = Listing<ValidatorView>), ListRefusals)
)]
pub(super) async fn list(ask: Ask) -> Response {
    ask.list(&PARAMETERS, part)
}

fn part(snapshot: &Snapshot, query: &Query, page: Page) -> Result<(usize, Vec<ValidatorView>), Refusal> {
    let filter = Filter::read(query)?;
    let order = Order {
        by: query.code("sort", &SortKey::ALL, SortKey::code)?.unwrap_or_default(),
        descending: query.code("order", &["asc", "desc"], |code| code)? == Some("desc"),
    };
    let found = query.text("q").filter(|text| !text.is_empty()).map(|text| {
        let plain = Some(text).filter(|text| text.trim() == *text);
        plain.and_then(|text| snapshot.search(text)).ok_or_else(|| {
            Refusal::query("q is no validator index and no beginning of a key or an operator's address")
        })
    });
    // What was found by text, or of one operator, is little: it is looked for in the order, not sorted by itself.
    let few: Option<std::collections::HashSet<Row>> = match (found.transpose()?, filter.operator) {
        (Some(rows), _) => Some(rows.into_iter().collect()),
        (None, Some(operator)) => Some(snapshot.rows_of(&operator).iter().copied().collect()),
        (None, None) => None,
    };
    let mut total = 0;
    let rows = snapshot
        .rows(order)
        .filter(|row| few.as_ref().is_none_or(|few| few.contains(row)) && filter.passes(snapshot, *row))
        .inspect(|_| total += 1);
    let (from, to) = (page.offset, page.end());
    let mut views = Vec::new();
    for (place, row) in (0u64..).zip(rows) {
        if place >= from && place < to {
            views.push(snapshot.validator(row));
        }
    }
    Ok((total, views))
}

/// The row of a key or an index in a path.
pub(super) fn row(snapshot: &Snapshot, name: &str) -> Result<Row, Refusal> {
    let row = match name.parse::<u64>() {
        Ok(index) => snapshot.row_at(ValidatorIndex(index)),
        Err(_) => {
            let pubkey: BlsPubkey = name
                .parse()
                .map_err(|problem| Refusal::path(format!("no validator key and no index: {problem}")))?;
            snapshot.row(&pubkey)
        }
    };
    row.ok_or_else(|| Refusal::not_found("this network does not guard such a validator"))
}

/// One validator, by its key or its index.
#[utoipa::path(
    get, path = "/v1/validators/{pubkey}", tag = "validators",
    params(("pubkey" = schema::ValidatorName, Path, description = "Its key, or its index", example = "1000077")),
    responses((status = 200, description = "The validator", body = Answer<ValidatorView>), ItemRefusals)
)]
pub(super) async fn one(ask: Ask, Path(pubkey): Path<String>) -> Response {
    ask.answer(|snapshot| Ok(snapshot.validator(row(snapshot, &pubkey)?)))
}
