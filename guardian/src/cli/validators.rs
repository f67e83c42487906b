//! `guardian validators`: every registration with its verdict, every validator with its state, its operator's tickets.

use super::runway::until_floor;
use super::status::{name_of, or_none};
use super::table::{short, table};
use super::window::{Window, reasons};
use super::{Output, print, print_json};
use crate::http::validators::{ValidatorView, verdict};
use anyhow::{Context, bail};
use crypto::execution::{Address, ModuleName};
use crypto::registration::Verdict;
use reqwest::StatusCode;
use serde_json::Value;

const EXAMPLES: &str = "\
Examples:
  guardian validators --config alice/guardian.toml
  guardian validators --verdict needs_trace
  guardian validators --operator 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --json

Verdicts: accepted means that this guardian's share is verified and stored. Any other names the
defect: such a registration should be skipped.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Validators {
    #[command(flatten)]
    window: Window,
    /// Only validators of this node operator
    #[arg(long, value_name = "ADDRESS")]
    operator: Option<Address>,
    /// Only registrations with this verdict
    #[arg(long, value_name = "CODE", value_parser = verdict)]
    verdict: Option<Verdict>,
    #[command(flatten)]
    output: Output,
}

impl Validators {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let filters = self
            .operator
            .map(|operator| format!("operator={operator}"))
            .into_iter()
            .chain(self.verdict.map(|verdict| format!("verdict={}", verdict.code())));
        let page = format!("v1/validators?{}", filters.collect::<Vec<_>>().join("&"));
        let answers = self.window.ask(&[&page, "v1/status", "readyz"])?;
        let [(code, body), (_, status), (_, readiness)] = &answers[..] else { bail!("an answer is missing") };
        if *code == StatusCode::SERVICE_UNAVAILABLE {
            let base = self.window.base()?;
            bail!("the guardian at {base} is starting: {}; ask again in a moment", reasons(readiness));
        }
        if !code.is_success() {
            bail!("the guardian answered {code} to /v1/validators; is it of this version?");
        }
        if self.output.json {
            return print_json(body);
        }
        let list: Vec<ValidatorView> = serde_json::from_value(body.clone())
            .context("the answer is no list of validators of a guardian of this version")?;
        print(&render(&list, status.get("seconds_per_epoch").and_then(Value::as_u64)))
    }
}

fn render(list: &[ValidatorView], seconds_per_epoch: Option<u64>) -> String {
    let rows: Vec<_> = list
        .iter()
        .map(|view| {
            let (registration, beacon) = (view.registration.as_ref(), view.beacon.as_ref());
            let runway = view.tickets.as_ref().and_then(|tickets| tickets.runway);
            [
                or_none(view.pubkey.map(|pubkey| short(&pubkey))),
                or_none(view.operator.map(|operator| short(&operator))),
                or_none(registration.map(|one| format!("{}/{}", module(&one.id.module), one.id.index))),
                registration.map_or("imported", |one| one.verdict.code()).to_owned(),
                or_none(registration.map(|one| one.life.code())),
                or_none(beacon.and_then(|one| one.index)),
                or_none(beacon.and_then(|one| one.status).map(name_of)),
                or_none(beacon.and_then(|one| one.balance).map(super::amount::eth)),
                until_floor(runway, seconds_per_epoch),
            ]
        })
        .collect();
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for view in list {
        *counts
            .entry(view.registration.as_ref().map_or("imported", |one| one.verdict.code()))
            .or_default() += 1;
    }
    if rows.is_empty() {
        return "No validators: none is registered, or none passes the filter.".to_owned();
    }
    let header = [
        "validator",
        "operator",
        "module/index",
        "verdict",
        "life",
        "beacon",
        "status",
        "balance",
        "epochs to floor",
    ];
    let counts: Vec<_> = counts.iter().map(|(code, count)| format!("{count} {code}")).collect();
    format!("{}\n{} in all: {}", table(header, &rows), list.len(), counts.join(", "))
}

/// A module's name as text, by the convention that it is text padded with zeros; in hex otherwise.
fn module(name: &ModuleName) -> String {
    let end = name.0.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    match name.0.get(..end).map(std::str::from_utf8) {
        Some(Ok(text)) if !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic()) => text.to_owned(),
        _ => short(name),
    }
}

#[cfg(test)]
mod tests;
