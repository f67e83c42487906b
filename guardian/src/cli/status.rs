//! `guardian status`: what a running guardian sees, read from its HTTP window.

use super::table::{short, table};
use super::{Output, print, print_json};
use crate::Config;
use anyhow::{Context, bail};
use guardian_core::event::PostOutcome;
use guardian_core::message::Decision;
use guardian_core::status::{ProposalStatus, StatusSnapshot};
use reqwest::StatusCode;
use serde::Serialize;
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

const EXAMPLES: &str = "\
Examples:
  guardian status --config alice/guardian.toml
  guardian status --url http://127.0.0.1:8440 --json";

/// Longest time for one answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes of one answer; 10,000 validators take about 3 MB.
const MAX_ANSWER: usize = 64 << 20;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Status {
    /// Configuration of the guardian to ask
    #[arg(long, value_name = "FILE", default_value = "guardian.toml", conflicts_with = "url")]
    config: PathBuf,
    /// Or where its HTTP window is
    #[arg(long)]
    url: Option<Url>,
    #[command(flatten)]
    output: Output,
}

impl Status {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let base = match self.url {
            Some(url) => url,
            None => {
                let mut listen = Config::load(&self.config)?.http.listen;
                // Listening everywhere includes here.
                if listen.ip().is_unspecified() {
                    listen.set_ip(if listen.is_ipv4() {
                        [127, 0, 0, 1].into()
                    } else {
                        [0u16, 0, 0, 0, 0, 0, 0, 1].into()
                    });
                }
                Url::parse(&format!("http://{listen}")).context("http.listen makes no URL")?
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (status, readiness) = runtime.block_on(async {
            let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
            let status = get(&client, &base, "v1/status").await?;
            let readiness = get(&client, &base, "readyz").await?;
            anyhow::Ok((status, readiness))
        })?;
        let (code, body) = status;
        if code == StatusCode::SERVICE_UNAVAILABLE {
            bail!("the guardian at {base} is starting: {}; ask again in a moment", reasons(&readiness.1));
        }
        if !code.is_success() {
            bail!("{base} answered {code} to /v1/status; is it a guardian?");
        }
        let snapshot: StatusSnapshot = serde_json::from_value(body.clone())
            .context("the answer is no status of a guardian of this version")?;
        if self.output.json {
            return print_json(&serde_json::json!({ "readiness": readiness.1, "status": body }));
        }
        print(&render(&snapshot, &readiness.1))
    }
}

async fn get(client: &reqwest::Client, base: &Url, path: &str) -> anyhow::Result<(StatusCode, Value)> {
    let mut url = base.clone();
    let prefix = base.path().trim_end_matches('/');
    url.set_path(&format!("{prefix}/{path}"));
    let unreachable =
        || format!("cannot reach a guardian at {base}; is it running, and is this its http.listen?");
    let mut answer = client.get(url.clone()).send().await.with_context(unreachable)?;
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.with_context(unreachable)? {
        body.extend_from_slice(&part);
        if body.len() > MAX_ANSWER {
            bail!("{url} answered more than {MAX_ANSWER} bytes; is it a guardian?");
        }
    }
    let value = serde_json::from_slice(&body)
        .with_context(|| format!("{url} did not answer JSON; is it a guardian?"))?;
    Ok((answer.status(), value))
}

/// What a list in an answer of `/readyz` says, for people; empty when it is.
fn details(readiness: &Value, list: &str) -> String {
    let reasons = readiness.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<&str> = reasons.iter().filter_map(|reason| reason.get("detail")?.as_str()).collect();
    texts.join("; ")
}

/// Why the guardian is not ready.
fn reasons(readiness: &Value) -> String {
    Some(details(readiness, "reasons")).filter(|text| !text.is_empty()).unwrap_or("no reason given".into())
}

fn render(status: &StatusSnapshot, readiness: &Value) -> String {
    let ready = match readiness.get("ready").and_then(Value::as_bool) {
        Some(true) => match details(readiness, "degraded") {
            degraded if degraded.is_empty() => "yes".to_owned(),
            degraded => format!("yes, but {degraded}"),
        },
        _ => format!("NO: {}", reasons(readiness)),
    };
    let mut text = format!(
        "Guardian {} `{}` of network `{}` {} ({} of {}, set {})\n\
         Ready       {ready}\n\
         Slot        {}, head {}, finalized epoch {}\n\
         Own nodes   {} of {} healthy{}\n",
        status.guardian.0,
        status.name,
        status.network,
        short(&status.network_id),
        status.threshold.t(),
        status.threshold.n(),
        status.guardian_set_epoch.0,
        status.slot,
        or_none(status.head),
        or_none(status.finalized.map(|checkpoint| checkpoint.epoch)),
        status.nodes.healthy,
        status.nodes.total,
        if status.nodes.disagree { ", and they DISAGREE about finality" } else { "" },
    );

    let peers: Vec<_> = status
        .peers
        .iter()
        .map(|peer| {
            let heard = peer.heartbeat.as_ref();
            [
                peer.guardian.0.to_string(),
                peer.name.clone(),
                if peer.connected { "yes" } else { "NO" }.into(),
                or_none(heard.map(|(slot, _)| slot)),
                or_none(heard.map(|(_, heartbeat)| heartbeat.head)),
                or_none(heard.map(|(_, heartbeat)| heartbeat.finalized.epoch)),
                or_none(heard.map(|(_, heartbeat)| heartbeat.shares)),
            ]
        })
        .collect();
    section(
        &mut text,
        "Peers",
        &table(["#", "name", "connected", "heard at", "head", "finalized", "shares"], &peers),
        peers.is_empty(),
    );

    let validators: Vec<_> = status
        .validators
        .iter()
        .map(|validator| {
            [
                short(&validator.pubkey),
                or_none(validator.index),
                or_none(validator.status.map(name_of)),
                or_none(validator.last_live),
                validator.dark_epochs.to_string(),
            ]
        })
        .collect();
    section(
        &mut text,
        "Validators",
        &table(["pubkey", "index", "status", "last attested", "dark epochs"], &validators),
        validators.is_empty(),
    );

    let proposals: Vec<_> = status.proposals.iter().map(proposal_row).collect();
    section(
        &mut text,
        "Proposals",
        &table(
            [
                "id",
                "validator",
                "state",
                "held by",
                "approve/reject",
                "partials",
                "exit epoch",
                "submissions",
            ],
            &proposals,
        ),
        proposals.is_empty(),
    );

    let faults: Vec<_> = status
        .faults
        .iter()
        .map(|fault| {
            [
                fault.guardian.0.to_string(),
                fault.kind.code().into(),
                or_none(fault.proposal.map(|id| short(&id))),
            ]
        })
        .collect();
    section(&mut text, "Faults", &table(["guardian", "what", "proposal"], &faults), faults.is_empty());
    text.truncate(text.trim_end().len());
    text
}

fn proposal_row(status: &ProposalStatus) -> [String; 8] {
    let count =
        |wanted: fn(&Decision) -> bool| status.votes.iter().filter(|(_, decision)| wanted(decision)).count();
    let approvals = count(|decision| matches!(decision, Decision::Approve));
    let refusals = count(|decision| matches!(decision, Decision::Reject(_) | Decision::Withdraw(_)));
    let submissions: Vec<String> = status
        .submissions
        .iter()
        .map(|(node, outcome)| match outcome {
            PostOutcome::Accepted => format!("{node}: accepted"),
            PostOutcome::AlreadyKnown => format!("{node}: already known"),
            PostOutcome::Rejected(why) => format!("{node}: rejected ({why})"),
            PostOutcome::Unreachable(why) => format!("{node}: unreachable ({why})"),
        })
        .collect();
    [
        short(&status.id),
        status.proposal.exit.validator_index.to_string(),
        name_of(status.state),
        or_none(status.hold.map(|hold| hold.code())),
        format!("{approvals}/{refusals}"),
        status.partials.len().to_string(),
        or_none(status.exit_epoch),
        submissions.join(", "),
    ]
}

/// A value's stable name: the one it has in JSON.
fn name_of(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => name,
        _ => "?".into(),
    }
}

fn or_none(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".into(), |value| value.to_string())
}

fn section(text: &mut String, title: &str, table: &str, empty: bool) {
    if empty {
        text.push_str(&format!("{title}: none\n"));
    } else {
        text.push_str(&format!("{title}\n{table}\n"));
    }
}

#[cfg(test)]
mod tests;
