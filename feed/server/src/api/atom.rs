//! `/v1/feed.atom`: exits and alerts, the newest first, for whoever reads feeds.

use super::answer::Refusals;
use super::ask::Ask;
use crate::site::Site;
use crate::snapshot::Snapshot;
use crate::view::{Date, ExitView, Moment, ProposalView};
use atom_syndication::{Category, Entry, Feed, FixedDateTime, Generator, Link, Person, Text};
use axum::response::Response;
use guardian_core::lifecycle::Step;
use guardian_core::status::EmergencyState;

/// Most entries.
const MOST: usize = 100;

/// One thing that is told.
struct News {
    /// What and about what: the same for as long as it is told.
    id: String,
    title: String,
    body: String,
    path: String,
    category: &'static str,
    moment: Moment,
}

/// Exits and alerts, newest first (Atom).
#[utoipa::path(
    get, path = "/v1/feed.atom", tag = "events",
    responses((status = 200, description = "The feed", content_type = "application/atom+xml", body = String), Refusals)
)]
pub(super) async fn feed(ask: Ask) -> Response {
    let site = ask.site.clone();
    ask.document("application/atom+xml; charset=utf-8", |snapshot| Ok(text(&site, snapshot)))
}

fn text(site: &Site, snapshot: &Snapshot) -> String {
    let base = site.settings().public_url.clone().unwrap_or_default();
    let network = snapshot.network();
    let urn = format!("urn:guardian-network:{}", hex::encode(snapshot.status().network_id.0));
    let mut news = news(snapshot);
    news.sort_by(|one, other| (other.moment.slot, &one.id).cmp(&(one.moment.slot, &other.id)));
    news.truncate(MOST);
    let newest = news.first().map_or(snapshot.calendar().at(snapshot.status().slot), |news| news.moment.at);
    let link = |href: String, rel: &str, kind: &str| Link {
        href,
        rel: rel.to_owned(),
        mime_type: Some(kind.to_owned()),
        ..Link::default()
    };
    let feed = Feed {
        title: Text::plain(format!("{}: exits and alerts", network.name)),
        id: format!("{urn}:feed"),
        updated: date(newest),
        authors: vec![Person { name: format!("guardians of {}", network.name), ..Person::default() }],
        generator: Some(Generator { value: "guardian public feed".to_owned(), ..Generator::default() }),
        links: vec![
            link(format!("{base}/v1/feed.atom"), "self", "application/atom+xml"),
            link(format!("{base}/"), "alternate", "text/html"),
        ],
        entries: news
            .into_iter()
            .map(|news| Entry {
                title: Text::plain(news.title),
                id: format!("{urn}:{}", news.id),
                updated: date(news.moment.at),
                published: Some(date(news.moment.at)),
                summary: Some(Text::plain(news.body)),
                categories: vec![Category { term: news.category.to_owned(), ..Category::default() }],
                links: vec![link(format!("{base}{}", news.path), "alternate", "text/html")],
                ..Entry::default()
            })
            .collect(),
        ..Feed::default()
    };
    feed.to_string()
}

/// Everything that is worth telling and is still kept.
fn news(snapshot: &Snapshot) -> Vec<News> {
    let exits = snapshot.exits().iter().flat_map(of_exit);
    let held = snapshot.status().proposals.iter().filter(|one| one.hold.is_some());
    let held = held.filter_map(|one| of_hold(&snapshot.proposal_view(one)));
    exits.chain(held).chain(emergencies(snapshot)).chain(pause(snapshot)).collect()
}

/// The steps of a way out that people want to hear of.
fn of_exit(exit: &ExitView) -> impl Iterator<Item = News> + '_ {
    let name = name(exit.index.map(|index| index.0), &exit.pubkey.to_string());
    exit.steps.iter().filter_map(move |made| {
        let (what, category) = match made.step {
            Step::Certified => ("is forced to exit: enough guardians approved", "exit"),
            Step::Included => ("is leaving: its exit is in a block", "exit"),
            Step::Finalized => ("has left for good: its exit is final", "exit"),
            Step::Withdrawn => ("is out: its stake is withdrawn", "exit"),
            Step::Due
            | Step::Proposed
            | Step::Released
            | Step::Combined
            | Step::Accepted
            | Step::Gossiped
            | Step::Withdrawable
            | Step::Settled => return None,
        };
        let rule = exit.rule.map_or("unknown", |rule| rule.code());
        Some(News {
            id: format!("exit:{}:{}", made.step.code(), exit.pubkey),
            title: format!("{name} {what}"),
            body: format!("Rule: {rule}. Seen at slot {}.", made.moment.slot),
            path: format!("/validators/{}", exit.pubkey),
            category,
            moment: made.moment,
        })
    })
}

fn of_hold(proposal: &ProposalView) -> Option<News> {
    let hold = proposal.hold.as_ref()?;
    let name = name(Some(proposal.index.0), "");
    Some(News {
        id: format!("hold:{}:{}", hold.code.code(), proposal.id),
        title: format!("The exit of {name} is held: {}", hold.code.code()),
        body: format!("It goes on when: {}.", hold.ends),
        path: format!("/proposals/{}", proposal.id),
        category: "alert",
        moment: hold.since?,
    })
}

fn emergencies(snapshot: &Snapshot) -> impl Iterator<Item = News> + '_ {
    snapshot.status().emergencies.iter().map(|status| {
        let view = snapshot.emergency_view(status);
        let (what, moment) = match (status.state, view.certified) {
            (EmergencyState::Certified | EmergencyState::Done, Some(at)) => ("approved", at),
            _ => ("raised", view.raised),
        };
        News {
            id: format!("emergency:{what}:{}", view.id),
            title: format!("Emergency {what}: exits of {} validators", view.validators.len()),
            body: format!("Reason given: {}. State: {}.", view.reason, view.state.code()),
            path: format!("/emergencies/{}", view.id),
            category: "alert",
            moment,
        }
    })
}

fn pause(snapshot: &Snapshot) -> Option<News> {
    let pauses = &snapshot.network().pauses;
    let since = pauses.local.filter(|_| pauses.network)?;
    Some(News {
        id: format!("pause:{}", since.slot),
        title: "The network is paused: nothing is released".to_owned(),
        body: format!("{} guardians wish it, {} must.", pauses.wished_by.len(), pauses.threshold),
        path: "/".to_owned(),
        category: "alert",
        moment: since,
    })
}

fn name(index: Option<u64>, pubkey: &str) -> String {
    match index {
        Some(index) => format!("Validator {index}"),
        None => format!("Validator {pubkey}"),
    }
}

/// The default, the beginning of 1970, only for what is no date: and all of ours are.
fn date(unix: u64) -> FixedDateTime {
    Date::of(unix).to_string().parse().unwrap_or_default()
}

#[cfg(test)]
mod tests;
