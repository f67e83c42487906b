//! `Gate`: how often one address may ask.
//!
//! # Design decisions
//! - Addresses are counted in [`BUCKETS`] buckets by a hash with a secret of this run: memory is bounded whoever comes, and
//!   nobody can choose whose bucket to share.

use super::client::Client;
use crate::api::answer::Refusal;
use crate::api::ask::Ask;
use crate::settings::Settings;
use crate::site::Site;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU32;

/// How many counters there are at most.
const BUCKETS: u64 = 1 << 16;

/// One counter for each bucket.
#[derive(Debug)]
pub struct Gate {
    limiter: RateLimiter<u16, HashMapStateStore<u16>, DefaultClock>,
    secret: RandomState,
    clock: DefaultClock,
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
        }
    }

    /// Lets a client pass, or says after how many seconds it may.
    ///
    /// # Errors
    /// The seconds, at least 1.
    pub fn check(&self, client: &Client) -> Result<(), u64> {
        let bucket = u16::try_from(self.secret.hash_one(client.0) % BUCKETS).unwrap_or(0);
        self.limiter.check_key(&bucket).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            wait.as_secs().saturating_add(1)
        })
    }
}

/// Lets a request pass, or refuses it.
pub(super) async fn pass(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let client = Client::of(request.extensions(), request.headers(), site.settings());
    match site.gate().check(&client) {
        Ok(()) => {
            request.extensions_mut().insert(client);
            next.run(request).await
        }
        Err(seconds) => {
            let settings = site.settings();
            let detail = format!(
                "one address may ask {} times a second, {} at once; ask again in {seconds} s, or follow /v1/events",
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
