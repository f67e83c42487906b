//! `guardian replay`: what another policy would have done with what was recorded.

use super::table::{short, table};
use super::{Output, print, print_json};
use crate::recording::{self, History, Owner};
use crate::replay::{self, Candidate, Coverage, Outcome};
use crate::{Config, definition};
use anyhow::bail;
use crypto::spec::Epoch;
use guardian_core::guardian_set::GuardianIndex;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;

/// Least epochs of a range for which progress is shown.
const LONG: u64 = 32;

const EXAMPLES: &str = "\
Examples:
  guardian replay --config alice/guardian.toml --policy stricter.toml
  guardian replay --from 54000 --to 60300 --policy stricter.toml --json
  guardian replay --recording backup/recording --from 54000

The policy file holds [policy] and [caps] as network.toml does, only the tables that differ, such as:
  [policy.offline]
  enforcement = \"enforce\"
  epochs = 100
  tolerance = 2
A whole network.toml works too. The recording may be read while the guardian runs.

Replayed is this guardian's own view: other guardians' votes are not, nor is a difference between
contracts and definition. Balances are known to 0.01 ETH.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Replay {
    /// Configuration file
    #[arg(long, value_name = "FILE", default_value = "guardian.toml")]
    config: PathBuf,
    /// Policy and caps to try; those of the network definition when left out
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// First epoch in which the policy is in force; the first one recorded when left out
    #[arg(long, value_name = "EPOCH")]
    from: Option<u64>,
    /// Last epoch; the last one recorded when left out
    #[arg(long, value_name = "EPOCH")]
    to: Option<u64>,
    /// Directory of the recording, if not the one below data_dir
    #[arg(long, value_name = "DIR")]
    recording: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl Replay {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let config = Config::load(&self.config)?;
        let mut definition = definition::load(&config.network)?;
        // Who recorded does not matter, in which network does.
        let owner = Owner { network: definition.id(), guardian: GuardianIndex(0) };
        if let Some(policy) = &self.policy {
            definition = replay::apply(policy, definition)?;
        }
        let directory = self.recording.unwrap_or_else(|| recording::directory(&config.data_dir));
        let (first, last) = recording::reach(&directory, owner)?;
        let (from, to) = (self.from.map_or(first, Epoch), self.to.map_or(last, Epoch));
        if from > to {
            bail!("the range {from} to {to} is empty; recorded are epochs {first} to {last}");
        }
        let history = History::read(&directory)?;
        let frames = recording::frames(&directory, owner, replay::looks_back_to(&definition, from))?;
        let bar = bar(from, to);
        let came_to = |epoch: Epoch| bar.set_position(epoch.0.saturating_sub(from.0));
        let outcome = replay::replay(frames, &history, definition, (from, to), came_to);
        bar.finish_and_clear();
        let outcome = outcome?;
        if self.output.json {
            return print_json(&outcome);
        }
        print(&render(&outcome))
    }
}

fn render(outcome: &Outcome) -> String {
    let rows: Vec<_> = outcome.candidates.iter().map(row).collect();
    let header =
        ["validator", "index", "operator", "rule", "due epoch", "leaves in epoch", "slot", "held by"];
    let leaving = outcome.leaving();
    let staying = outcome.candidates.len() - leaving;
    let mut lines = vec![format!(
        "Epochs {} to {}, {} validators: {leaving} would have left{}.",
        outcome.from,
        outcome.to,
        outcome.validators,
        if staying == 0 { String::new() } else { format!(", {staying} were due and stayed") }
    )];
    if !rows.is_empty() {
        lines.push(table(header, &rows));
    }
    let holds: Vec<_> = outcome.holds.iter().map(|(code, count)| format!("{count} {code}")).collect();
    lines.push(format!(
        "Proposals held: {}.",
        if holds.is_empty() { "none".to_owned() } else { holds.join(", ") }
    ));
    lines.push(covered(&outcome.coverage, outcome.to.0.saturating_sub(outcome.from.0).saturating_add(1)));
    lines.join("\n")
}

fn row(candidate: &Candidate) -> [String; 8] {
    let causes: Vec<_> = candidate.held_by.iter().map(|cause| cause.0.code()).collect();
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        short(&candidate.validator),
        candidate.index.to_string(),
        or_dash(candidate.operator.map(|operator| short(&operator))),
        candidate.rule.code().to_owned(),
        candidate.due.to_string(),
        candidate.leaves.map_or_else(|| "stays".to_owned(), |leave| leave.epoch.to_string()),
        or_dash(candidate.leaves.map(|leave| leave.slot.to_string())),
        or_dash((!causes.is_empty()).then(|| causes.join(", "))),
    ]
}

/// How much of the range the answer rests on.
fn covered(coverage: &Coverage, epochs: u64) -> String {
    let mut text = format!("Recorded: {} of {epochs} epochs", coverage.recorded);
    if coverage.in_part > 0 {
        text.push_str(&format!(", {} of them in part", coverage.in_part));
    }
    if !coverage.gaps.is_empty() {
        let stretch = |(first, last): &(Epoch, Epoch)| {
            if first == last { first.to_string() } else { format!("{first} to {last}") }
        };
        let gaps: Vec<_> = coverage.gaps.iter().map(stretch).collect();
        text.push_str(&format!(". Without recording: {}; nothing is concluded over a gap", gaps.join(", ")));
    }
    text.push('.');
    text
}

/// A progress bar on standard error; hidden where that is no terminal, and for a short range.
fn bar(from: Epoch, to: Epoch) -> ProgressBar {
    let epochs = to.0.saturating_sub(from.0).saturating_add(1);
    if epochs < LONG {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("replaying {wide_bar} {pos}/{len} epochs, {eta} left");
    ProgressBar::new(epochs).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

#[cfg(test)]
mod tests;
