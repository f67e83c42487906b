//! What people read: pages made of a snapshot and the logs, whole without scripts and live with them.
//!
//! | module | page |
//! |---|---|
//! | `overview`, `guardians`, `readiness` | is the network alive; who sees and runs what; who could sign |
//! | `validators`, `validator`, `operator` | the list; one of them, its health and its danger; whose it is, how long tickets last |
//! | `proposals`, `proposal`, `story` | what is decided; one decision, and what happened when |
//! | `exits`, `emergencies` | who leaves; what people asked for |
//! | `logs`, `note` | the transparency log, and how to verify it; its checkpoint |
//! | `layout`, `parts`, `chart`, `moment`, `words` | what all of them are made of |
//!
//! # Design decisions
//! - The headline is the answer: a reader who reads one sentence has read the page.
//! - A page is the same for every reader of one snapshot, so it has an entity tag and may be kept by caches between.
//! - Scripts add life and no content: they fetch the same page again and change what differs. So nothing is written twice.
//! - Nothing is loaded from elsewhere and nothing stands in the page that runs or styles; a strict policy says so.

mod chart;
mod emergencies;
mod exits;
mod guardians;
mod health;
mod layout;
mod logs;
mod moment;
mod note;
mod operator;
mod overview;
mod parts;
mod proposal;
mod proposals;
mod readiness;
mod story;
mod validator;
mod validators;
mod words;

use crate::api::answer::Refusal;
use crate::api::ask::set;
use crate::assets;
use crate::log::Shelf;
use crate::role::RoleName;
use crate::site::Site;
use crate::snapshot::Snapshot;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use crypto::spec::{BlsPubkey, ValidatorIndex};
use maud::Markup;
use moment::Clock;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Nothing from elsewhere, nothing inline, no frames. `wasm-unsafe-eval` lets the verifier run, and no text become a script.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "public, max-age=0, must-revalidate"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// What all pages of one moment are made of.
pub(crate) struct Edition<'a> {
    site: &'a Site,
    snapshot: &'a Snapshot,
    shelf: &'a Shelf,
    clock: Clock,
    /// When the snapshot's slot began, Unix seconds.
    as_of: u64,
    stale_after: u64,
    stale: bool,
    role: RoleName,
}

impl Edition<'_> {
    /// Whose view the pages show.
    fn speaker(&self) -> String {
        let me = self.snapshot.status().guardian;
        let name = self.snapshot.name_of(me);
        match self.role {
            RoleName::Guardian => format!("guardian {} ({name})", me.0),
            RoleName::Mirror => format!("a mirror of guardian {} ({name})", me.0),
        }
    }

    /// How many validators so many guardians proved their share of.
    fn readiness(&self) -> BTreeMap<usize, u64> {
        let mut spread = BTreeMap::new();
        for validator in &self.snapshot.status().validators {
            *spread.entry(validator.ready.len()).or_default() += 1;
        }
        spread
    }
}

/// The pages and what they load.
pub fn router() -> Router<Site> {
    Router::new()
        .route("/", get(|site, headers| plain(site, headers, overview::page)))
        .route("/guardians", get(|site, headers| plain(site, headers, guardians::page)))
        .route("/validators", get(validators_page))
        .route("/validators/{pubkey}", get(validator_page))
        .route("/operators/{address}", get(operator_page))
        .route("/proposals", get(proposals_page))
        .route("/proposals/{id}", get(proposal_page))
        .route("/exits", get(exits_page))
        .route("/emergencies", get(|site, headers| plain(site, headers, emergencies::list)))
        .route("/emergencies/{id}", get(emergency_page))
        .route("/log", get(log_page))
        .route("/assets/{file}", get(assets::serve))
}

async fn plain(
    State(site): State<Site>,
    headers: HeaderMap,
    page: impl Fn(&Edition<'_>) -> Markup,
) -> Response {
    answer(&site, &headers, |edition| Some(page(edition)))
}

async fn validators_page(
    State(site): State<Site>,
    Query(wanted): Query<validators::Wanted>,
    headers: HeaderMap,
) -> Response {
    answer(&site, &headers, |edition| Some(validators::page(edition, &wanted)))
}

async fn validator_page(State(site): State<Site>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    answer(&site, &headers, |edition| {
        let by_index = name.parse().ok().and_then(|index| edition.snapshot.row_at(ValidatorIndex(index)));
        let by_key = || edition.snapshot.row(&name.parse::<BlsPubkey>().ok()?);
        by_index.or_else(by_key).map(|row| validator::page(edition, &edition.snapshot.validator(row)))
    })
}

async fn operator_page(State(site): State<Site>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    answer(&site, &headers, |edition| {
        let known = edition.snapshot.operator(&name.parse().ok()?)?;
        Some(operator::page(edition, &known))
    })
}

async fn proposals_page(
    State(site): State<Site>,
    Query(wanted): Query<proposals::Wanted>,
    headers: HeaderMap,
) -> Response {
    answer(&site, &headers, |edition| Some(proposals::page(edition, &wanted)))
}

async fn proposal_page(State(site): State<Site>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    answer(&site, &headers, |edition| {
        let known = edition.snapshot.proposal(&name.parse().ok()?)?;
        Some(proposal::page(edition, &known))
    })
}

async fn exits_page(
    State(site): State<Site>,
    Query(wanted): Query<exits::Wanted>,
    headers: HeaderMap,
) -> Response {
    answer(&site, &headers, |edition| Some(exits::page(edition, &wanted)))
}

async fn emergency_page(State(site): State<Site>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    answer(&site, &headers, |edition| {
        let known = edition.snapshot.emergency(&name.parse().ok()?)?;
        Some(emergencies::page(edition, &known))
    })
}

async fn log_page(
    State(site): State<Site>,
    Query(wanted): Query<logs::Wanted>,
    headers: HeaderMap,
) -> Response {
    let shelf = site.shelf();
    match site.pool().run(move || logs::Extract::read(&shelf, &wanted)).await {
        Ok(extract) => {
            answer(&site, &headers, |edition| (!extract.is_absent).then(|| logs::page(edition, &extract)))
        }
        Err(refusal) => refuse("The entries cannot be shown now", &sentence(&refusal.detail), &refusal),
    }
}

/// The page of the present moment, or why there is none.
fn answer(site: &Site, headers: &HeaderMap, page: impl FnOnce(&Edition<'_>) -> Option<Markup>) -> Response {
    let Some(snapshot) = site.snapshot() else {
        let text = "This server has just started and has seen nothing yet. Try again in some seconds.";
        return refuse("Nothing to show yet", text, &Refusal::starting());
    };
    let freshness = site.freshness(Some(&snapshot));
    let as_of = freshness.as_of.unwrap_or(0);
    let shelf = site.shelf();
    let edition = Edition {
        site,
        snapshot: &snapshot,
        shelf: &shelf,
        clock: Clock::at(as_of),
        as_of,
        stale_after: freshness.stale_after.unwrap_or(0),
        stale: freshness.stale,
        role: freshness.role,
    };
    match page(&edition) {
        Some(page) => send(StatusCode::OK, headers, page),
        None => missing(),
    }
}

/// There is no such page.
pub(crate) fn missing() -> Response {
    let text =
        "Nothing is known by this name here. It may be too old to be kept, or the address is not whole.";
    send(StatusCode::NOT_FOUND, &HeaderMap::new(), layout::notice("Nothing here", text))
}

/// A refusal as a page, with the time to come again that the API says too.
fn refuse(title: &str, text: &str, refusal: &Refusal) -> Response {
    let mut response = send(refusal.status, &HeaderMap::new(), layout::notice(title, text));
    set(response.headers_mut(), header::CACHE_CONTROL, "no-store");
    if let Some(seconds) = refusal.retry_after {
        set(response.headers_mut(), header::RETRY_AFTER, &seconds.to_string());
    }
    response
}

/// A refusal's detail as a sentence of a page.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

fn send(status: StatusCode, asked: &HeaderMap, page: Markup) -> Response {
    let body = page.into_string();
    let hash = hex::encode(Sha256::digest(&body));
    let tag = format!("W/\"{}\"", hash.get(..24).unwrap_or(&hash));
    let known = asked.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let unchanged =
        status == StatusCode::OK && known.is_some_and(|tags| tags.contains(tag.trim_start_matches("W/")));
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let kind = HeaderValue::from_static("text/html; charset=utf-8");
        (status, [(header::CONTENT_TYPE, kind)], body).into_response()
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests;
