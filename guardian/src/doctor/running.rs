//! The guardian itself, when it runs: what it says over its own HTTP window.

use super::{Area, Finding};
use crate::config::Config;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::status::StatusSnapshot;
use serde::Deserialize;
use std::net::SocketAddr;
use std::time::Duration;

/// Longest wait for an answer from this machine.
const PATIENCE: Duration = Duration::from_secs(3);

/// Most bytes of an answer.
const MAX_ANSWER: usize = 64 << 20;

/// A guardian that answers where ours should, and is not known to be another.
pub(super) struct Running {
    at: SocketAddr,
    readiness: Readiness,
    /// What it shows, once it does.
    pub(super) status: Option<StatusSnapshot>,
}

#[derive(Deserialize)]
struct Readiness {
    ready: bool,
    reasons: Vec<Reason>,
    degraded: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    code: String,
    detail: String,
}

/// What answers at `http.listen`.
pub(super) enum Answer {
    /// Nothing.
    Nobody,
    /// A guardian of this network, or one that does not say of which yet.
    Guardian(Box<Running>),
    /// Something else, in words.
    Stranger(String),
}

/// Asks at `http.listen`.
pub(super) async fn ask(config: &Config, definition: &NetworkDefinition) -> Answer {
    let at = config.http.reached_at();
    let Ok(client) = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build() else {
        return Answer::Nobody;
    };
    if client.get(format!("http://{at}/healthz")).send().await.is_err() {
        return Answer::Nobody;
    }
    let Some(readiness) = get::<Readiness>(&client, at, "readyz").await else {
        return Answer::Stranger(format!("what answers at {at} is no guardian of this version"));
    };
    let status = get::<StatusSnapshot>(&client, at, "v1/status").await;
    match &status {
        Some(status) if status.network_id != definition.id() => Answer::Stranger(format!(
            "the guardian at {at} belongs to network `{}` ({}), not to this one",
            status.network, status.network_id
        )),
        Some(_) | None => Answer::Guardian(Box::new(Running { at, readiness, status })),
    }
}

impl Answer {
    /// The guardian that runs, if it is ours. `me` is who we are, if the keys say so; a stranger is a finding.
    pub(super) fn ours(self, me: Option<GuardianIndex>, tell: &mut impl FnMut(Finding)) -> Option<Running> {
        let stranger = match self {
            Self::Nobody => return None,
            Self::Guardian(running) => match (running.status.as_ref().map(|status| status.guardian), me) {
                (Some(theirs), Some(me)) if theirs != me => {
                    format!(
                        "the guardian at {} is guardian {}, this one is guardian {}",
                        running.at, theirs.0, me.0
                    )
                }
                _ => return Some(*running),
            },
            Self::Stranger(words) => words,
        };
        let fix = "give this guardian its own http.listen, or stop what has the address";
        tell(Finding::faulty(Area::Guardian, "http_taken", stranger, fix));
        None
    }
}

async fn get<T: serde::de::DeserializeOwned>(
    client: &reqwest::Client,
    at: SocketAddr,
    path: &str,
) -> Option<T> {
    let mut answer = client.get(format!("http://{at}/{path}")).send().await.ok()?;
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.ok()? {
        body.extend_from_slice(&part);
        if body.len() > MAX_ANSWER {
            return None;
        }
    }
    serde_json::from_slice(&body).ok()
}

/// What a running guardian says of itself.
pub(super) fn examine(running: Option<&Running>, tell: &mut impl FnMut(Finding)) {
    let Some(running) = running else {
        let says = "no guardian answers at http.listen; what only a running one shows was not examined";
        tell(Finding::unknown(Area::Guardian, "not_running", says, "start it with `guardian run`"));
        return;
    };
    if running.readiness.ready {
        tell(Finding::sound(Area::Guardian, "ready", format!("the guardian at {} is ready", running.at)));
    }
    for reason in &running.readiness.reasons {
        let says = format!("not ready ({}): {}", reason.code, reason.detail);
        tell(Finding::faulty(
            Area::Guardian,
            "not_ready",
            says,
            "see above for the cause, and the guardian's log",
        ));
    }
    for reason in &running.readiness.degraded {
        let says = format!("degraded ({}): {}", reason.code, reason.detail);
        tell(Finding::weak(
            Area::Guardian,
            "degraded",
            says,
            "see above for the cause, and the guardian's log",
        ));
    }
}
