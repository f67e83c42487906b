//! `guardian pause|resume`: whether anything is released, combined and posted here, or in the whole network.

use super::decide::note;
use super::desk::{Desk, DeskFlags, unexpected};
use super::{print, print_json};
use guardian_core::pause::{PauseScope, PauseStatus};
use guardian_core::request::{Answer, Request};

const EXAMPLES: &str = "\
Examples:
  guardian pause --reason 'looking at odd proposals'
  guardian pause --network --reason 'the contracts were upgraded'
  guardian resume
  guardian resume --network

Paused, a guardian still watches, votes and keeps its journal; it releases, combines and posts
nothing. --network also wishes the whole network paused: it is once t guardians wish it.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Switch {
    /// Not only here: wish it for the whole network too
    #[arg(long)]
    network: bool,
    /// Why, in one line of at most 280 bytes: for this guardian's journal
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true, value_parser = note)]
    reason: String,
    #[command(flatten)]
    desk: DeskFlags,
}

impl Switch {
    pub(super) fn pause(self) -> anyhow::Result<()> {
        self.ask(|scope, note| Request::Pause { scope, note })
    }

    pub(super) fn resume(self) -> anyhow::Result<()> {
        self.ask(|scope, note| Request::Resume { scope, note })
    }

    fn ask(self, request: impl FnOnce(PauseScope, String) -> Request) -> anyhow::Result<()> {
        let desk = self.desk.open()?;
        let scope = if self.network { PauseScope::Network } else { PauseScope::Local };
        let answer = desk.ask(&request(scope, self.reason))?;
        if desk.json {
            return print_json(&answer);
        }
        let Answer::Pauses(pauses) = answer else { return Err(unexpected(&answer)) };
        print(&render(&pauses, &desk))
    }
}

fn render(pauses: &PauseStatus, desk: &Desk) -> String {
    let here = match &pauses.local {
        Some(pause) => {
            let why = if pause.note.is_empty() { String::new() } else { format!(": {}", pause.note) };
            let since = desk.times().slot(pause.since);
            format!("paused since {since} by {}{why}", pause.by.name)
        }
        None => "not paused".to_owned(),
    };
    let named =
        |index| desk.definition.member(index).map_or_else(|_| "?".to_owned(), |member| member.name.clone());
    let wished: Vec<_> = pauses.wished_by.iter().map(|index| named(*index)).collect();
    let network = match (pauses.network, &wished[..]) {
        (true, _) => "PAUSED",
        (false, []) => "not paused, nobody wishes it",
        (false, _) => "not paused",
    };
    let wishes = match &wished[..] {
        [] => String::new(),
        names => format!("; {} of {} wish it: {}", names.len(), pauses.threshold, names.join(", ")),
    };
    format!("This guardian  {here}\nThe network    {network}{wishes}")
}
