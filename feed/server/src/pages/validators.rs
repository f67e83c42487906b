//! The list of validators: searched, sorted and filtered by the server; with scripts, one long list that is fetched as it
//! is scrolled.

use super::layout::{Tab, document};
use super::parts::{Tone, count, empty, link, mark, plural};
use super::{Edition, words};
use crate::snapshot::{Order, Row, Snapshot, SortKey};
use crate::view::{Health, ValidatorView};
use crypto::execution::Address;
use maud::{Markup, html};
use serde::Deserialize;

/// Validators on a page without scripts.
const PAGE: usize = 50;

/// What a reader asks for. Words that mean nothing are left out, so that an old link still leads somewhere.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    q: String,
    health: String,
    operator: String,
    sort: String,
    order: String,
    offset: usize,
}

/// Columns: the name, the order it is sorted by, whether its values are numbers.
const COLUMNS: [(&str, Option<SortKey>, bool); 8] = [
    ("Validator", Some(SortKey::Index), false),
    ("Health", Some(SortKey::Health), false),
    ("Duties", Some(SortKey::Dark), false),
    ("Tickets last", Some(SortKey::Runway), false),
    ("Ready", Some(SortKey::Ready), true),
    ("Balance", Some(SortKey::Balance), true),
    ("Operator", Some(SortKey::Operator), false),
    ("On the chain", Some(SortKey::Status), false),
];

impl Wanted {
    /// All of one operator.
    pub(crate) fn of(operator: &Address) -> Self {
        Self { operator: operator.to_string(), ..Self::default() }
    }

    fn order(&self) -> Order {
        let by = SortKey::ALL.into_iter().find(|key| key.code() == self.sort).unwrap_or_default();
        Order { by, descending: self.order == "desc" }
    }

    fn health(&self) -> Option<Health> {
        Health::ALL.into_iter().find(|health| health.code() == self.health)
    }

    fn operator(&self) -> Option<Address> {
        self.operator.trim().parse().ok()
    }

    fn is_narrow(&self) -> bool {
        !self.q.trim().is_empty() || self.health().is_some() || self.operator().is_some()
    }

    /// The same list sorted by `by`; sorted the other way round if it was sorted by it.
    fn sorted(&self, by: SortKey) -> String {
        let order = self.order();
        let turned = if order.by == by && !order.descending { "desc" } else { "asc" };
        self.link(by.code(), turned, 0)
    }

    fn at(&self, offset: usize) -> String {
        self.link(&self.sort, &self.order, offset)
    }

    fn link(&self, sort: &str, order: &str, offset: usize) -> String {
        let offset = if offset == 0 { String::new() } else { offset.to_string() };
        let parts = [
            ("q", self.q.trim()),
            ("health", self.health.as_str()),
            ("operator", self.operator.as_str()),
            ("sort", sort),
            ("order", order),
            ("offset", offset.as_str()),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        format!("/validators?{}", query.finish())
    }
}

/// The rows that are wanted, and how many there are of them.
fn found(snapshot: &Snapshot, wanted: &Wanted) -> (Vec<Row>, usize) {
    let (health, operator) = (wanted.health(), wanted.operator());
    let wants = |row: &Row| {
        health.is_none_or(|health| snapshot.health(*row) == health)
            && operator.is_none_or(|operator| snapshot.operator_of(*row) == Some(operator))
    };
    let query = wanted.q.trim();
    let take = |rows: &mut dyn Iterator<Item = Row>| {
        let (mut shown, mut all) = (Vec::with_capacity(PAGE), 0usize);
        for row in rows.filter(wants) {
            if all >= wanted.offset && shown.len() < PAGE {
                shown.push(row);
            }
            all = all.saturating_add(1);
        }
        (shown, all)
    };
    if query.is_empty() {
        return take(&mut snapshot.rows(wanted.order()));
    }
    let found: std::collections::BTreeSet<Row> =
        snapshot.search(query).unwrap_or_default().into_iter().collect();
    take(&mut snapshot.rows(wanted.order()).filter(|row| found.contains(row)))
}

pub(crate) fn page(edition: &Edition<'_>, wanted: &Wanted) -> Markup {
    let snapshot = edition.snapshot;
    let (rows, all) = found(snapshot, wanted);
    let total = snapshot.len();
    let body = html! {
        div.lead {
            h1 {
                @if wanted.is_narrow() { (plural(as_u64(all), "validator matches.", "validators match.")) }
                @else { (plural(as_u64(total), "validator", "validators")) @if total == 1 { " is watched." } @else { " are watched." } }
            }
            p { "Search by index, key or operator. A validator is in danger when a rule will make it leave if nothing changes." }
        }
        section aria-labelledby="list" {
            h2.unseen id="list" { "List of validators" }
            (filters(wanted))
            div.sheet.flush id="validators" data-own data-total=(all) data-guardians=(snapshot.network().guardians)
                data-needed=(snapshot.network().threshold) data-words=(vocabulary()) {
                @if rows.is_empty() { (empty("No validator matches. Search for the beginning of a key, or for a whole index.")) }
                @else { (table(edition, wanted, &rows)) }
            }
            (pager(wanted, rows.len(), all))
        }
    };
    document(edition, Some(Tab::Validators), "Validators", &body)
}

fn as_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The words that scripts show for codes, so that they are written once.
fn vocabulary() -> String {
    use crypto::validator::ValidatorStatus as Status;
    let health: serde_json::Map<String, serde_json::Value> = Health::ALL
        .into_iter()
        .map(|health| {
            let (tone, text) = words::health(health);
            (health.code().to_owned(), serde_json::json!([tone.class(), text]))
        })
        .collect();
    let all = [
        Status::PendingInitialized,
        Status::PendingQueued,
        Status::ActiveOngoing,
        Status::ActiveExiting,
        Status::ActiveSlashed,
        Status::ExitedUnslashed,
        Status::ExitedSlashed,
        Status::WithdrawalPossible,
        Status::WithdrawalDone,
    ];
    let code = |status: &Status| serde_json::to_value(status).ok()?.as_str().map(ToOwned::to_owned);
    let status: serde_json::Map<String, serde_json::Value> = all
        .iter()
        .filter_map(|status| {
            let (tone, text) = words::validator(Some(*status));
            Some((code(status)?, serde_json::json!([tone.class(), text])))
        })
        .collect();
    serde_json::json!({ "health": health, "status": status }).to_string()
}

fn filters(wanted: &Wanted) -> Markup {
    let order = wanted.order();
    html! {
        form.filters id="filters" data-own method="get" action="/validators" role="search" {
            label.field.wide { span { "Index, key or operator" }
                input type="search" name="q" value=(wanted.q) autocomplete="off" spellcheck="false" placeholder="123456 or 0x8f31…";
            }
            label.field { span { "Health" }
                select name="health" {
                    option value="" { "Any" }
                    @for health in Health::ALL {
                        option value=(health.code()) selected[wanted.health() == Some(health)] { (words::health(health).1) }
                    }
                }
            }
            label.field { span { "Sort by" }
                select name="sort" {
                    @for (name, key, _) in COLUMNS {
                        @if let Some(key) = key { option value=(key.code()) selected[order.by == key] { (name) } }
                    }
                }
            }
            label.field { span { "Order" }
                select name="order" {
                    option value="asc" selected[!order.descending] { "Lowest first" }
                    option value="desc" selected[order.descending] { "Highest first" }
                }
            }
            @if wanted.operator().is_some() { input type="hidden" name="operator" value=(wanted.operator); }
            button.button.first type="submit" { "Show" }
            @if wanted.is_narrow() { a.button href="/validators" { "Clear" } }
        }
    }
}

/// A table of validators, also on the operators' pages.
pub(crate) fn table(edition: &Edition<'_>, wanted: &Wanted, rows: &[Row]) -> Markup {
    let order = wanted.order();
    html! {
        div.scroll tabindex="0" role="region" aria-label="Validators" {
            table.table.cards {
                thead { tr {
                    @for (name, key, number) in COLUMNS {
                        @let sorted = key.is_some_and(|key| key == order.by);
                        th.number[number] scope="col" aria-sort=[sorted.then_some(if order.descending { "descending" } else { "ascending" })] {
                            @match key {
                                Some(key) => a href=(wanted.sorted(key)) {
                                    (name)
                                    @if sorted { span aria-hidden="true" { @if order.descending { "↓" } @else { "↑" } } }
                                },
                                None => (name),
                            }
                        }
                    }
                } }
                tbody { @for row in rows { (line(edition, &edition.snapshot.validator(*row))) } }
            }
        }
    }
}

fn line(edition: &Edition<'_>, validator: &ValidatorView) -> Markup {
    let network = edition.snapshot.network();
    let (tone, health) = words::health(validator.health);
    let (chain_tone, chain) = words::validator(validator.status);
    let key = validator.pubkey.to_string();
    html! {
        tr {
            th.first scope="row" {
                span {
                    @if let Some(index) = validator.index { a href={ "/validators/" (key) } { b { (index.0) } } " " }
                    span.small { (link("the key", &key, &format!("/validators/{key}"))) }
                }
            }
            td.second data-label="Health" { (mark(tone, health)) }
            td data-label="Duties" { (attests(validator)) }
            td data-label="Tickets last" {
                @match validator.runway.as_ref().and_then(|runway| runway.floor).filter(|_| uses_tickets(validator)) {
                    Some(floor) if floor.epochs == 0 => (mark(Tone::Bad, "below the floor")),
                    Some(floor) => (edition.clock.ago(floor.at)),
                    None => span.soft { "–" },
                }
            }
            td.number data-label="Ready" { span { (validator.ready.len()) span.soft { " of " (network.guardians) } } }
            td.number data-label="Balance" {
                @match validator.balance { Some(balance) => (super::parts::eth(balance.0)), None => span.soft { "–" } }
            }
            td data-label="Operator" {
                @match validator.operator {
                    Some(operator) => (link("the operator", &operator.to_string(), &format!("/operators/{operator}"))),
                    None => span.soft { "–" },
                }
            }
            td.extra data-label="On the chain" { (mark(chain_tone, chain)) }
        }
    }
}

/// Whether its operator's tickets matter to it any more.
fn uses_tickets(validator: &ValidatorView) -> bool {
    !matches!(validator.health, Health::Gone | Health::Pending)
}

fn attests(validator: &ValidatorView) -> Markup {
    html! {
        @if !validator.status.is_some_and(crypto::validator::ValidatorStatus::is_active) { span.soft { "–" } }
        @else if validator.dark_epochs > 0 { "dark for " (plural(validator.dark_epochs, "epoch", "epochs")) }
        @else if validator.last_live.is_some() { "attests" }
        @else { span.soft { "not seen" } }
    }
}

fn pager(wanted: &Wanted, shown: usize, all: usize) -> Markup {
    let last = wanted.offset.saturating_add(shown);
    html! {
        nav.pager id="pager" data-own aria-label="Pages of the list" {
            span.soft {
                @if shown > 0 { (count(as_u64(wanted.offset.saturating_add(1)))) "–" (count(as_u64(last))) " of " (count(as_u64(all))) }
            }
            span.row {
                @if wanted.offset > 0 {
                    a.button href=(wanted.at(0)) { "First" }
                    a.button rel="prev" href=(wanted.at(wanted.offset.saturating_sub(PAGE))) { "Previous" }
                }
                @if last < all { a.button rel="next" href=(wanted.at(last)) { "Next" } }
            }
        }
    }
}

#[cfg(test)]
mod tests;
