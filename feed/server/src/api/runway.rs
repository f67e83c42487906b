//! `/v1/operators/{address}/runway.ics`: when an operator should act, for its calendar.

use super::answer::{ItemRefusals, Refusal};
use super::ask::Ask;
use super::operators::find;
use crate::snapshot::Snapshot;
use crate::view::schema;
use crate::view::{Date, Deadline, OperatorView};
use axum::extract::Path;
use axum::response::Response;
use ics::properties::{Categories, Description, DtStart, Duration, Name, RefreshInterval, Summary};
use ics::{Event, ICalendar, escape_text};

/// How often calendars should look again.
const REFRESH: &str = "PT6H";

/// When a node operator should act, for its calendar (iCalendar).
#[utoipa::path(
    get, path = "/v1/operators/{address}/runway.ics", tag = "operators",
    params(("address" = schema::Account, Path, description = "Its account", example = "0xb2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2")),
    responses((status = 200, description = "The calendar", content_type = "text/calendar", body = String), ItemRefusals)
)]
pub(super) async fn calendar(ask: Ask, Path(address): Path<String>) -> Response {
    ask.document("text/calendar; charset=utf-8", |snapshot| text(snapshot, &address))
}

fn text(snapshot: &Snapshot, address: &str) -> Result<String, Refusal> {
    let operator = find(snapshot, address)?;
    let network = &snapshot.network().name;
    let mut calendar = ICalendar::new("2.0", "-//guardian network//public feed//EN");
    let name = format!("Validator tickets of {} on {network}", operator.operator);
    calendar.push(Name::new(escape_text(name)));
    let mut refresh = RefreshInterval::new(REFRESH);
    refresh.add(ics::parameters::Value::DURATION);
    calendar.push(refresh);
    for (code, summary, deadline) in deadlines(&operator) {
        calendar.add_event(event(snapshot, &operator, code, summary, deadline));
    }
    Ok(calendar.to_string())
}

/// What happens when, if nobody tops up.
fn deadlines(operator: &OperatorView) -> Vec<(&'static str, &'static str, Deadline)> {
    let Some(runway) = &operator.runway else { return Vec::new() };
    let all = [
        ("warning", "Top up validator tickets", runway.warning),
        ("floor", "Validators are forced out: tickets below the floor", runway.floor),
        ("exit-by", "Last moment to exit before tickets are used up", runway.exit_by),
        ("empty", "Validator tickets are used up", runway.empty),
    ];
    all.into_iter().filter_map(|(code, summary, deadline)| Some((code, summary, deadline?))).collect()
}

fn event<'a>(
    snapshot: &Snapshot,
    operator: &OperatorView,
    code: &str,
    summary: &'a str,
    deadline: Deadline,
) -> Event<'a> {
    let status = snapshot.status();
    let uid =
        format!("{code}-{}@{}.guardian-network", operator.operator, hex::encode(&status.network_id.0[..8]));
    let seen = Date::of(snapshot.calendar().at(status.slot));
    let mut event = Event::new(uid, seen.compact());
    event.push(DtStart::new(Date::of(deadline.at).compact()));
    event.push(Duration::new("PT1H"));
    event.push(Summary::new(escape_text(summary)));
    let tickets = crypto::execution::Tickets(operator.present.0);
    let detail = format!(
        "Epoch {}. {tickets} tickets for {} validators, seen at slot {}. It moves with every top-up.",
        deadline.epoch, operator.active, status.slot
    );
    event.push(Description::new(escape_text(detail)));
    event.push(Categories::new("VALIDATOR-TICKETS"));
    event
}

#[cfg(test)]
mod tests;
