//! The webhook: sends each notice to the operator's own service, as a POST of JSON.
//!
//! `{"network":"mynet","guardian":"alice","slot":812,"notice":{"notice":"held",...}}`. At most [`MAX_DELIVERIES`] wait,
//! what comes then is dropped and counted; each is tried [`MAX_TRIES`] times. A webhook that fails holds up nothing: it is
//! logged and counted. Its URL may hold a token and is in no log: errors come without it.

use crate::metrics::Metrics;
use crate::node::Arrival;
use crate::{Config, Error};
use crypto::spec::Slot;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::notice::Notice;
use reqwest::redirect::Policy;
use serde::Serialize;
use std::time::Duration;
use tokio::sync::mpsc;
use tracing::{debug, warn};
use url::Url;

/// Notices waiting to be sent.
pub const MAX_DELIVERIES: usize = 64;

/// Tries for one notice.
pub const MAX_TRIES: usize = 3;

/// Longest time for one try.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Wait before the second and before the third try.
const PAUSES: [Duration; MAX_TRIES - 1] = [Duration::from_secs(2), Duration::from_secs(10)];

/// One notice to send.
#[derive(Debug)]
pub struct Delivery {
    /// The slot it came up in.
    pub slot: Slot,
    /// It.
    pub notice: Notice,
}

/// What became of a notice. Codes are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Taken by the service.
    Sent,
    /// Refused, or not reached, three times.
    Failed,
    /// Not tried: too many were waiting.
    Dropped,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sent, Self::Failed, Self::Dropped];

    /// The stable code: in metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// The service, and in whose name it is told.
pub struct Webhook {
    client: reqwest::Client,
    url: Url,
    network: String,
    guardian: String,
    pauses: [Duration; MAX_TRIES - 1],
}

/// What is sent.
#[derive(Serialize)]
struct Body<'a> {
    network: &'a str,
    guardian: &'a str,
    slot: Slot,
    notice: &'a Notice,
}

impl Webhook {
    /// The webhook of a configuration, if it names one.
    ///
    /// # Errors
    /// [`Error::Identity`] when no client can be made of it.
    pub fn of(
        config: &Config,
        definition: &NetworkDefinition,
        me: GuardianIndex,
    ) -> Result<Option<Self>, Error> {
        let Some(webhook) = &config.webhook else { return Ok(None) };
        let guardian = definition.member(me)?.name.clone();
        Self::new(webhook.url.clone(), definition.name.clone(), guardian, PAUSES).map(Some)
    }

    pub(crate) fn new(
        url: Url,
        network: String,
        guardian: String,
        pauses: [Duration; MAX_TRIES - 1],
    ) -> Result<Self, Error> {
        // A redirect could carry the token to where it does not belong.
        let client = reqwest::Client::builder().timeout(TIMEOUT).redirect(Policy::none()).no_proxy().build();
        let client = client.map_err(|problem| Error::Identity {
            problem: format!("[webhook]: no client can be made ({}); check its url", problem.without_url()),
        })?;
        Ok(Self { client, url, network, guardian, pauses })
    }

    /// Sends one notice, trying again after a while.
    async fn deliver(&self, delivery: &Delivery) -> Outcome {
        let Delivery { slot, notice } = delivery;
        let body = Body { network: &self.network, guardian: &self.guardian, slot: *slot, notice };
        let mut problem = String::new();
        for pause in [Duration::ZERO].into_iter().chain(self.pauses) {
            tokio::time::sleep(pause).await;
            match self.client.post(self.url.clone()).json(&body).send().await {
                Ok(answer) if answer.status().is_success() => return Outcome::Sent,
                Ok(answer) => problem = format!("it answered {}", answer.status()),
                Err(error) => problem = error.without_url().to_string(),
            }
            debug!(code = notice.code(), problem, "webhook not told");
        }
        warn!(
            code = notice.code(),
            tries = MAX_TRIES,
            problem,
            "webhook not told of a notice; check [webhook]"
        );
        Outcome::Failed
    }
}

/// Works until nobody has notices any more or the node stops.
pub async fn run(
    webhook: Webhook,
    mut deliveries: mpsc::Receiver<Delivery>,
    inbox: mpsc::Sender<Arrival>,
    metrics: Metrics,
) {
    let work = async {
        while let Some(delivery) = deliveries.recv().await {
            metrics.attention.delivered(webhook.deliver(&delivery).await);
        }
    };
    tokio::select! {
        () = work => {}
        // What is under way then may take half a minute; the node does not wait for it.
        () = inbox.closed() => {}
    }
}

#[cfg(test)]
mod tests;
