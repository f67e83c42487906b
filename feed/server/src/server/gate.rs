//! `Gate`: how often one address may ask.
//!
//! # Design decisions
//! - Addresses are counted in [`BUCKETS`] buckets by a hash with a secret of this run: memory is bounded whoever comes, and
//!   nobody can choose whose bucket to share.
//! - A request counts as much as it costs here: the whole snapshot as [`WHOLE`], a list that is searched or sorted as
//!   [`SORTED`], all else as one.

use super::client::Client;
use crate::api::answer::Refusal;
use crate::api::ask::Ask;
use crate::settings::Settings;
use crate::site::Site;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;

/// How many counters there are at most.
const BUCKETS: u64 = 1 << 16;

/// What the whole snapshot counts as: it is megabytes.
const WHOLE: u32 = 20;

/// What a list counts as that is searched or sorted.
const SORTED: u32 = 3;

/// One counter for each bucket.
#[derive(Debug)]
pub struct Gate {
    limiter: RateLimiter<u16, HashMapStateStore<u16>, DefaultClock>,
    secret: RandomState,
    clock: DefaultClock,
    burst: NonZeroU32,
}

impl Gate {
    /// With the limits of these settings; each at least 1.
    pub fn new(settings: &Settings) -> Self {
        let number = |number: u32| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota =
            Quota::per_second(number(settings.requests_per_second)).allow_burst(number(settings.burst));
        Self {
            limiter: RateLimiter::hashmap(quota),
            secret: RandomState::new(),
            clock: DefaultClock::default(),
            burst: number(settings.burst),
        }
    }

    /// Lets a client pass with a request that counts as `cost`, at most as a burst; or says after how many seconds it may.
    ///
    /// # Errors
    /// The seconds, at least 1.
    pub fn check(&self, client: &Client, cost: u32) -> Result<(), u64> {
        let bucket = u16::try_from(self.secret.hash_one(client.0) % BUCKETS).unwrap_or(0);
        let cost = NonZeroU32::new(cost).unwrap_or(NonZeroU32::MIN).min(self.burst);
        // No cost is above the burst, so it is never refused for ever.
        let checked = self.limiter.check_key_n(&bucket, cost).unwrap_or(Ok(()));
        checked.map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            wait.as_secs().saturating_add(1)
        })
    }
}

/// What a request counts as.
fn cost(uri: &Uri) -> u32 {
    if uri.path() == "/v1/snapshot" {
        return WHOLE;
    }
    let mut parameters = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    if parameters.any(|(name, _)| matches!(&*name, "q" | "sort")) { SORTED } else { 1 }
}

/// Lets a request pass, or refuses it.
pub(super) async fn pass(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let client = Client::of(request.extensions(), request.headers(), site.settings());
    match site.gate().check(&client, cost(request.uri())) {
        Ok(()) => {
            request.extensions_mut().insert(client);
            next.run(request).await
        }
        Err(seconds) => {
            let settings = site.settings();
            let detail = format!(
                "one address may ask {} times a second, {} at once, and what is large counts as several; ask again in \
                 {seconds} s, or follow /v1/events",
                settings.requests_per_second, settings.burst
            );
            let (parts, _) = request.into_parts();
            let ask = Ask::of(&parts, &site);
            ask.refuse(&Refusal::too_many(detail, seconds))
        }
    }
}

#[cfg(test)]
mod tests;
