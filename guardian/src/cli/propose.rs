//! `guardian propose`: ask the network to force a list of validators off the chain.

mod draft;
mod forecast;
mod selection;
mod submit;

pub(super) use draft::{read_signature, typed_document, write_document};
pub(super) use forecast::{bounds, targets};

use super::desk::{Desk, DeskFlags, unexpected};
use super::life::{self, Life};
use super::{print, print_json};
use clap::ValueEnum;
use forecast::render;
use guardian_core::emergency::{MAX_REASON, Severity, is_unprintable};
use guardian_core::request::{Answer, Request};
use selection::Chosen;

const EXAMPLES: &str = "\
Examples:
  guardian propose --validators 1201,1202,1300-1315 --reason 'this host is lost' --dry-run
  guardian propose --validators-file list.txt --reason 'keys leaked' --severity urgent
  guardian propose --of-operator 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 \\
    --reason 'operator gone' --expires 2d
  guardian propose --module PUFFER_MODULE_0 --reason 'module closed'

By an account that the definition allows, with any wallet:
  guardian propose draft --validators 1201 --reason 'keys leaked' \\
    --proposer 0x7099... --out exit.json
  (the account signs exit.json as EIP-712 typed data)
  guardian propose submit exit.json --signature 0x...

An emergency names at most 1,024 validators, none twice. The other guardians look at it and vote.
With t approvals, for severity normal not before the cancel window is over, each exit is signed as
the caps allow. What was released cannot be taken back.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Propose {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    wish: Wish,
    /// Only say what it would do
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    desk: DeskFlags,
}

#[derive(Debug, clap::Subcommand)]
enum Other {
    /// Write the typed data that an account signs to raise an emergency
    Draft(draft::Draft),
    /// Bring an emergency that an account signed
    Submit(submit::Submit),
}

/// What is wished for.
#[derive(Debug, clap::Args)]
struct Wish {
    #[command(flatten)]
    chosen: Chosen,
    /// Why, in one line of at most 280 bytes: every guardian's operator reads it
    #[arg(long, value_name = "TEXT", required = true, value_parser = line)]
    reason: Option<String>,
    /// How urgent
    #[arg(long, value_enum, default_value = "normal")]
    severity: Urgency,
    /// How long votes and releases may take: 6h, 30m, 2d, 90s or 1800slots [default: 6h, or the definition's most]
    #[arg(long, value_name = "TIME", value_parser = Life::read)]
    expires: Option<Life>,
}

/// [`Severity`] on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Urgency {
    /// Certified only after the cancel window
    Normal,
    /// Certified as soon as enough guardians approve
    Urgent,
}

impl From<Urgency> for Severity {
    fn from(urgency: Urgency) -> Self {
        match urgency {
            Urgency::Normal => Self::Normal,
            Urgency::Urgent => Self::Urgent,
        }
    }
}

/// Checks a text that operators read in one line.
pub(super) fn line(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("it is empty; say why".to_owned());
    }
    if text.len() > MAX_REASON {
        return Err(format!("it has {} bytes; {MAX_REASON} are the most", text.len()));
    }
    if text.chars().any(is_unprintable) {
        return Err("it must be one line, without control characters".to_owned());
    }
    Ok(text.to_owned())
}

impl Wish {
    /// The request it makes.
    ///
    /// # Errors
    /// What is wrong with the list of validators or the lifetime.
    fn request(&self, desk: &Desk, dry_run: bool) -> anyhow::Result<Request> {
        Ok(Request::Propose {
            selection: self.chosen.selection()?,
            severity: self.severity.into(),
            reason: self.reason(),
            lifetime: self.lifetime(desk)?,
            dry_run,
        })
    }

    /// clap asks for it.
    fn reason(&self) -> String {
        self.reason.clone().unwrap_or_default()
    }

    fn lifetime(&self, desk: &Desk) -> anyhow::Result<u64> {
        life::slots(self.expires, &desk.definition)
    }
}

impl Propose {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self.other {
            Some(Other::Draft(draft)) => return draft.run(),
            Some(Other::Submit(submit)) => return submit.run(),
            None => {}
        }
        let desk = self.desk.open()?;
        let request = self.wish.request(&desk, self.dry_run)?;
        show(&desk, &desk.ask(&request)?)
    }
}

/// Shows what came of asking for exits.
fn show(desk: &Desk, answer: &Answer) -> anyhow::Result<()> {
    if desk.json {
        return print_json(answer);
    }
    let (times, threshold) = (desk.times(), desk.definition.guardian_set.threshold.t());
    match answer {
        Answer::Forecast(forecast) => print(&format!(
            "{}\nNothing was raised: this was a dry run. Next: the same without --dry-run.",
            render(forecast, &times)
        )),
        Answer::Raised { emergency, known: true, forecast } => print(&format!(
            "{}\nIt was known already, nothing was done. `guardian proposals {emergency}` shows where it stands.",
            render(forecast, &times)
        )),
        Answer::Raised { emergency, known: false, forecast } => print(&format!(
            "{}\nRaised, with this guardian's approval. {threshold} guardians must approve: their operators see it with \
             `guardian proposals`.\nNext: `guardian proposals {emergency}` shows where it stands; `guardian cancel \
             {emergency}` takes it back until it is certified.",
            render(forecast, &times)
        )),
        other => Err(unexpected(other)),
    }
}

#[cfg(test)]
pub(super) mod tests;
