//! `guardian network accept|reject|abort`: this guardian's operator's word on a ceremony.

use crate::cli::ceremony::{Verb, find};
use crate::cli::decide::note;
use crate::cli::desk::{DeskFlags, ceremony_prefix, unexpected};
use crate::cli::{print, print_json};
use crate::id_prefix::IdPrefix;
use guardian_core::ceremony::CeremonyId;
use guardian_core::request::{Answer, Request};

const EXAMPLES: &str = "\
Examples:
  guardian network status
  guardian network accept 0x5f1d09c2 --note 'talked to all four'
  guardian network reject 0x5f1d09c2 --note 'who is erin?'
  guardian network abort 0x5f1d09c2

An answer is published and cannot be changed into the other one; `abort` takes an agreement back
until this guardian endorsed the result. An id may be cut to its first 8 digits or more.";

/// Which ceremony, and why.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Word {
    /// Its id, or the first 8 digits or more of it
    #[arg(value_name = "ID", value_parser = ceremony_prefix)]
    id: IdPrefix,
    /// Why, in one line of at most 280 bytes: for this guardian's journal
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, value_parser = note)]
    note: String,
    #[command(flatten)]
    desk: DeskFlags,
}

impl Word {
    pub(super) fn accept(self) -> anyhow::Result<()> {
        self.say("agrees to", |ceremony, note| Request::AnswerCeremony { ceremony, agrees: true, note })
    }

    pub(super) fn reject(self) -> anyhow::Result<()> {
        self.say("rejects", |ceremony, note| Request::AnswerCeremony { ceremony, agrees: false, note })
    }

    pub(super) fn abort(self) -> anyhow::Result<()> {
        self.say("left", |ceremony, note| Request::AbortCeremony { ceremony, note })
    }

    fn say(self, does: &str, request: impl FnOnce(CeremonyId, String) -> Request) -> anyhow::Result<()> {
        let desk = self.desk.open()?;
        let status = desk.status();
        let id = match (&status, self.id.whole()) {
            (_, Some(id)) => id,
            (Ok(status), None) => find(&self.id, status)?,
            (Err(problem), None) => anyhow::bail!(
                "cannot look up which ceremony begins with {}: {problem:#}. Give the id in full, or see that the guardian \
                 runs",
                self.id
            ),
        };
        let answer = desk.ask(&request(id, self.note))?;
        if desk.json {
            return print_json(&answer);
        }
        let Answer::Convened { ceremony } = answer else { return Err(unexpected(&answer)) };
        let mut text = format!("This guardian {does} ceremony {ceremony}");
        // As it was before: what it is does not change.
        let known = status.ok().and_then(|status| status.ceremonies.into_iter().find(|one| one.id == id));
        let Some(known) = known else {
            return print(&format!("{text}.\nNext: `guardian network status`"));
        };
        text.push_str(&format!(" ({}):", known.kind));
        for change in &known.changes {
            text.push_str(&format!("\n  {change}"));
        }
        if does == "agrees to" {
            let verb = Verb::of(&known).name();
            text.push_str(&format!(
                "\nNext: keep this guardian running; to follow it: guardian {verb} --join {id}"
            ));
        } else {
            text.push_str("\nNext: `guardian network status` shows what the others do");
        }
        print(&text)
    }
}
