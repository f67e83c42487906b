//! Ceremonies from the operator's side: how one is opened or joined by a command, and then followed.

mod follow;
mod sheet;
mod watch;
mod words;

pub(super) use sheet::sheet;
pub(super) use words::is_own_to_decide;

use super::desk::{Desk, DeskFlags, ceremony_prefix, unexpected};
use super::life::{self, Life};
use super::{Misused, print, print_json};
use crate::id_prefix::IdPrefix;
use anyhow::bail;
use guardian_core::ceremony::{CeremonyId, CeremonyStatus, Kind};
use guardian_core::request::{Answer, Request};
use guardian_core::status::StatusSnapshot;
use serde_json::json;

/// The command that a ceremony is opened and joined with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Reshare,
    Refresh,
    Dkg,
    Repair,
}

impl Verb {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Reshare => "reshare",
            Self::Refresh => "refresh",
            Self::Dkg => "dkg",
            Self::Repair => "repair",
        }
    }

    /// Whether it is for ceremonies of the kind with this code.
    fn is_for(self, kind: &str) -> bool {
        match self {
            Self::Reshare | Self::Refresh => kind == "succession",
            Self::Dkg => matches!(kind, "group_key" | "validator_keys"),
            Self::Repair => kind == "repair",
        }
    }

    /// The one to join a ceremony with.
    pub(super) fn of(ceremony: &CeremonyStatus) -> Self {
        match ceremony.kind.as_str() {
            "group_key" | "validator_keys" => Self::Dkg,
            "repair" => Self::Repair,
            _ if ceremony.changes.iter().any(|change| change.starts_with("refresh:")) => Self::Refresh,
            _ => Self::Reshare,
        }
    }
}

/// How a ceremony is joined and followed.
#[derive(Debug, clap::Args)]
pub(super) struct Course {
    /// Agree to the ceremony with this id that another guardian opened, and follow it
    #[arg(long, value_name = "ID", value_parser = ceremony_prefix)]
    join: Option<IdPrefix>,
    /// How long it may take, agreement included: 2d, 36h, 90m or 600slots [default: 2d]
    #[arg(long, value_name = "TIME", value_parser = Life::read, conflicts_with = "join")]
    lifetime: Option<Life>,
    /// Return at once instead of following it
    #[arg(long)]
    detach: bool,
    #[command(flatten)]
    desk: DeskFlags,
}

/// What opens a ceremony, and what it would change, for people.
pub(super) struct Opening {
    pub(super) request: Request,
    pub(super) changes: Vec<String>,
}

impl Opening {
    pub(super) fn of(kind: Kind, lifetime: u64, changes: Vec<String>) -> Self {
        Self { request: Request::Convene { kind: Box::new(kind), lifetime }, changes }
    }
}

impl Course {
    /// Opens the ceremony that `open` describes, given the guardian's status and a lifetime in slots, or joins the one
    /// named; then follows it to its end.
    ///
    /// # Errors
    /// What is wrong with the wish, what the guardian refuses, and a ceremony that ended without a result.
    pub(super) fn conduct(
        self,
        verb: Verb,
        open: impl FnOnce(&Desk, &StatusSnapshot, u64) -> anyhow::Result<Opening>,
    ) -> anyhow::Result<()> {
        let mut desk = self.desk.open()?;
        desk.in_lines = !self.detach;
        let status = desk.status()?;
        let id = match &self.join {
            Some(prefix) => join(&desk, &status, verb, prefix, self.detach)?,
            None => {
                refuse_second(&status, |kind| verb.is_for(kind), Some(verb))?;
                let lifetime = life::ceremony_slots(self.lifetime, &desk.definition)?;
                let opening = open(&desk, &status, lifetime)?;
                convene(&desk, &opening, lifetime, Some(verb), self.detach)?
            }
        };
        if self.detach { Ok(()) } else { watch::follow(&desk, id, verb) }
    }
}

/// Opens a ceremony and says so; `verb` is the command that joins it, None where it is the plain one.
pub(super) fn convene(
    desk: &Desk,
    opening: &Opening,
    lifetime: u64,
    verb: Option<Verb>,
    alone: bool,
) -> anyhow::Result<CeremonyId> {
    let answer = desk.ask(&opening.request)?;
    let Answer::Convened { ceremony } = &answer else { return Err(unexpected(&answer)) };
    if desk.json {
        announce(&answer, *ceremony, alone)?;
        return Ok(*ceremony);
    }
    let times = desk.times();
    let until = times.slot(times.now().saturating_add(lifetime));
    let join = verb.map_or_else(
        || format!("guardian network accept {ceremony}"),
        |verb| format!("guardian {} --join {ceremony}", verb.name()),
    );
    let mut text = format!("Opened ceremony {ceremony}, with this guardian's agreement:");
    for change in &opening.changes {
        text.push_str(&format!("\n  {change}"));
    }
    text.push_str(&format!(
        "\nIt ends without a result at {until}; nothing changes before its end.\nNext: each other operator looks at it \
         with `guardian network status` and agrees with: {join}"
    ));
    print(&text)?;
    Ok(*ceremony)
}

/// For programs: alone the answer as it is, before others one line as theirs.
fn announce(answer: &Answer, ceremony: CeremonyId, alone: bool) -> anyhow::Result<()> {
    if alone {
        return print_json(answer);
    }
    print(&json!({ "event": "convened", "ceremony": ceremony }).to_string())
}

/// Agrees to an open ceremony, unless that was done before.
fn join(
    desk: &Desk,
    status: &StatusSnapshot,
    verb: Verb,
    prefix: &IdPrefix,
    alone: bool,
) -> anyhow::Result<CeremonyId> {
    let id = find(prefix, status)?;
    let known = status.ceremonies.iter().find(|one| one.id == id);
    if let Some(other) = known.filter(|one| !verb.is_for(&one.kind)) {
        let right = Verb::of(other).name();
        return Err(Misused(format!(
            "--join: ceremony {id} is a {}; use: guardian {right} --join {id}",
            other.kind
        ))
        .into());
    }
    // What is over, or was agreed to before, is only followed.
    if known.is_some_and(|one| one.outcome.is_some() || one.own == Some(true)) {
        if desk.json {
            announce(&Answer::Convened { ceremony: id }, id, alone)?;
        }
        return Ok(id);
    }
    let request = Request::AnswerCeremony { ceremony: id, agrees: true, note: String::new() };
    let answer = desk.ask(&request)?;
    let Answer::Convened { ceremony } = &answer else { return Err(unexpected(&answer)) };
    if desk.json {
        announce(&answer, *ceremony, alone)?;
        return Ok(*ceremony);
    }
    let mut text = format!("This guardian agrees to ceremony {id}:");
    for change in known.iter().flat_map(|one| &one.changes) {
        text.push_str(&format!("\n  {change}"));
    }
    print(&text)?;
    Ok(*ceremony)
}

/// One ceremony of a kind at a time: says which is open and how to join it.
///
/// # Errors
/// When there is one.
pub(super) fn refuse_second(
    status: &StatusSnapshot,
    is_alike: impl Fn(&str) -> bool,
    verb: Option<Verb>,
) -> anyhow::Result<()> {
    // One that this operator rejected stands in nobody's way here.
    let is_open =
        |one: &&CeremonyStatus| one.outcome.is_none() && one.own != Some(false) && is_alike(&one.kind);
    let Some(one) = status.ceremonies.iter().find(is_open) else { return Ok(()) };
    let does = if one.own == Some(true) { "follow it" } else { "agree to it and follow it" };
    let follow = format!("guardian {} --join {}", Verb::of(one).name(), one.id);
    let next = match (verb, one.own) {
        (None, None) => format!("To agree to it: guardian network accept {}", one.id),
        _ => format!("To {does}: {follow}"),
    };
    bail!(
        "a {} is open already, ceremony {} by guardian {}: {}\n{next}\nTo be rid of it: guardian network {} {}",
        one.kind,
        one.id,
        one.raiser.0,
        one.changes.join("; "),
        if one.own == Some(true) { "abort" } else { "reject" },
        one.id
    )
}

/// The ceremony whose id begins like this.
///
/// # Errors
/// When there is none, or more than one. One that is written out is for the guardian to judge.
pub(super) fn find(prefix: &IdPrefix, status: &StatusSnapshot) -> anyhow::Result<CeremonyId> {
    if let Some(whole) = prefix.whole() {
        return Ok(whole);
    }
    let known = status.ceremonies.iter().map(|one| one.id);
    let fitting: Vec<_> = known.filter(|id| prefix.begins(id)).collect();
    match fitting[..] {
        [id] => Ok(id),
        [] => bail!(
            "the guardian knows no ceremony whose id begins with {prefix}; `guardian network status` lists them"
        ),
        [one, other, ..] => bail!(
            "{prefix} is ambiguous: {} ceremonies begin like it, such as {one} and {other}; give more digits",
            fitting.len()
        ),
    }
}

#[cfg(test)]
pub(super) mod tests;
