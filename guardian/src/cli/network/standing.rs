//! `guardian network status`: the definition in force, and every ceremony with who did what.

use crate::cli::ceremony::sheet;
use crate::cli::status::MAX_SHOWN;
use crate::cli::table::table;
use crate::cli::vigil::Vigil;
use crate::cli::when::Times;
use crate::cli::window::{Window, reasons};
use crate::cli::{Output, print};
use anyhow::{Context, bail};
use guardian_core::status::StatusSnapshot;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
Examples:
  guardian network status --config alice/guardian.toml
  guardian network status --follow
  guardian network status --url http://127.0.0.1:8440 --json

Needs a running guardian. With --follow it is shown anew whenever it changes, with --json one
object a line; Ctrl-C ends it (code 130).";

/// Between two looks.
const EVERY: Duration = Duration::from_secs(2);

/// Longest time without an answer while following.
const PATIENCE: Duration = Duration::from_secs(180);

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Standing {
    /// Show it again whenever it changes
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    window: Window,
    #[command(flatten)]
    output: Output,
}

impl Standing {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let times = self.window.times()?;
        if !self.follow {
            let status = self.look()?;
            return if self.output.json {
                crate::cli::print_json(&document(&status))
            } else {
                print(&render(&status, times.as_ref()))
            };
        }
        let mut vigil = Vigil::new("No longer following.".to_owned())?;
        let mut shown = None;
        let mut silent: Option<Instant> = None;
        loop {
            match self.look() {
                Ok(status) => {
                    let after = silent.take().map(|since| since.elapsed().as_secs());
                    if let Some(seconds) = after.filter(|_| !self.output.json) {
                        print(&format!("The guardian answers again, after {seconds} s."))?;
                    }
                    self.tell(&status, &mut shown)?;
                }
                Err(problem) => match silent {
                    // One that never answered is no guardian to wait for.
                    None if shown.is_none() => return Err(problem),
                    None => {
                        silent = Some(Instant::now());
                        self.miss(&problem)?;
                    }
                    Some(since) if since.elapsed() >= PATIENCE => return Err(problem),
                    Some(_) => {}
                },
            }
            vigil.rest(EVERY)?;
        }
    }

    fn look(&self) -> anyhow::Result<StatusSnapshot> {
        let base = self.window.base()?;
        let answers = self.window.ask(&["v1/status", "readyz"])?;
        let [(code, body), (_, readiness)] = &answers[..] else { bail!("an answer is missing") };
        if *code == StatusCode::SERVICE_UNAVAILABLE {
            bail!("the guardian at {base} is starting: {}; ask again in a moment", reasons(readiness));
        }
        if !code.is_success() {
            bail!("{base} answered {code} to /v1/status; is it a guardian?");
        }
        serde_json::from_value(body.clone()).context("the answer is no status of a guardian of this version")
    }

    /// Shows it, unless nothing but the slot changed.
    fn tell(&self, status: &StatusSnapshot, shown: &mut Option<Value>) -> anyhow::Result<()> {
        let document = document(status);
        let lasting = lasting(document.clone());
        if shown.as_ref() == Some(&lasting) {
            return Ok(());
        }
        let is_first = shown.replace(lasting).is_none();
        if self.output.json {
            return print(&document.to_string());
        }
        let times = self.window.times()?;
        let rule = if is_first { "" } else { "\n----\n" };
        print(&format!("{rule}{}", render(status, times.as_ref())))
    }

    fn miss(&self, problem: &anyhow::Error) -> anyhow::Result<()> {
        let seconds = PATIENCE.as_secs();
        if self.output.json {
            let problem = format!("{problem:#}");
            let event = json!({ "event": "unanswered", "problem": problem, "patience": seconds });
            return print(&event.to_string());
        }
        print(&format!(
            "The guardian gives no answer ({problem:#}). It may be reopening with the next definition; it is asked again for \
             up to {seconds} s."
        ))
    }
}

/// For programs.
fn document(status: &StatusSnapshot) -> Value {
    let own = json!({ "guardian": status.guardian, "name": status.name, "connected": null });
    let peers = status
        .peers
        .iter()
        .map(|peer| json!({ "guardian": peer.guardian, "name": peer.name, "connected": peer.connected }));
    let mut members: Vec<_> = peers.chain([own]).collect();
    members.sort_by_key(|member| member.get("guardian").and_then(Value::as_u64));
    json!({
        "network": status.network, "network_id": status.network_id,
        "guardian_set_epoch": status.guardian_set_epoch, "threshold": status.threshold,
        "guardian": status.guardian, "members": members, "joining": status.joining,
        "group_key": status.group_key, "slot": status.slot, "ceremonies": status.ceremonies,
        "signatures": status.signatures,
    })
}

/// What is new when it differs: all but the slot.
fn lasting(mut document: Value) -> Value {
    if let Some(fields) = document.as_object_mut() {
        fields.remove("slot");
    }
    document
}

fn render(status: &StatusSnapshot, times: Option<&Times>) -> String {
    let mut text = format!(
        "Network     {} {}\nGuardians   {} of {}, set {}; this is {} {}\n",
        status.network,
        status.network_id,
        status.threshold.t(),
        status.threshold.n(),
        status.guardian_set_epoch.0,
        status.guardian.0,
        status.name,
    );
    if status.joining {
        text.push_str(
            "Joining     YES: not at work yet, this guardian waits for the set before it to hand over\n",
        );
    }
    text.push_str(&format!(
        "Group key   {}\n",
        status.group_key.as_deref().unwrap_or("none yet; all guardians make one with: guardian dkg --group")
    ));
    let peers = status.peers.iter().map(|peer| {
        let connected = if peer.connected { "yes" } else { "NO" };
        (peer.guardian, [peer.guardian.0.to_string(), peer.name.clone(), connected.to_owned()])
    });
    let own = [status.guardian.0.to_string(), status.name.clone(), "this one".to_owned()];
    let mut members: Vec<_> = peers.chain([(status.guardian, own)]).collect();
    members.sort_by_key(|(index, _)| *index);
    let rows: Vec<_> = members.into_iter().map(|(_, row)| row).collect();
    text.push_str(&table(["#", "name", "connected"], &rows));
    if status.ceremonies.is_empty() {
        text.push_str("\nCeremonies  none");
    }
    let names: Vec<_> = rows.into_iter().map(|[_, name, _]| name).collect();
    // What is open comes first; each of the two is in order of time.
    let (open, over): (Vec<_>, Vec<_>) = status.ceremonies.iter().partition(|one| one.outcome.is_none());
    for ceremony in open.into_iter().chain(over).take(MAX_SHOWN) {
        text.push_str(&format!("\n\n{}", sheet(ceremony, &names, times)));
    }
    let more = status.ceremonies.len().saturating_sub(MAX_SHOWN);
    if more > 0 {
        text.push_str(&format!("\n\nand {more} more; --json shows them"));
    }
    text
}

#[cfg(test)]
mod tests;
