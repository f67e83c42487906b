//! One ceremony in full: what it is about, and a row for each member with what it did.

use super::Verb;
use super::words::{ending, is_own_to_decide, names};
use crate::cli::table::table;
use crate::cli::when::Times;
use crypto::spec::Slot;
use guardian_core::ceremony::{CeremonyStatus, Outcome};
use std::collections::BTreeSet;

/// All of it. `members` are those of the set in force, in order; others that took part come after them.
pub(in crate::cli) fn sheet(ceremony: &CeremonyStatus, members: &[String], times: Option<&Times>) -> String {
    let at = |slot: Slot| times.map_or_else(|| format!("slot {slot}"), |times| times.slot(slot));
    let mut text = format!("Ceremony    {} ({}, {})\n", ceremony.id, ceremony.kind, ceremony.phase.code());
    for (number, change) in ceremony.changes.iter().enumerate() {
        let title = if number == 0 { "Changes" } else { "" };
        text.push_str(&format!("{title:12}{change}\n"));
    }
    text.push_str(&format!(
        "Keys        {}\nOpened      by guardian {}, {}; without a result it ends at {}\nAgreement   {} of {} needed\n",
        ceremony.keys,
        ceremony.raiser.0,
        at(ceremony.opened),
        at(ceremony.expires),
        ceremony.agreed.len(),
        ceremony.needed,
    ));
    if let Some((done, all)) = ceremony.progress {
        text.push_str(&format!("Fetched     {done} of {all} batches of keys\n"));
    }
    if ceremony.outcome.is_none() && !ceremony.awaited.is_empty() {
        text.push_str(&format!("Waits for   {}\n", names(&ceremony.awaited)));
    }
    let (id, verb) = (ceremony.id, Verb::of(ceremony).name());
    let own = match (is_own_to_decide(ceremony), ceremony.own) {
        (true, _) => {
            format!("YOURS TO DECIDE: guardian network accept {id}, or reject; guardian {verb} --join {id}")
        }
        (false, Some(true)) => "agreed".to_owned(),
        (false, Some(false)) => "REJECTED, or left".to_owned(),
        (false, None) => "-".to_owned(),
    };
    text.push_str(&format!("This one    {own}\n"));
    match &ceremony.outcome {
        Some(Outcome::Done { result }) => text.push_str(&format!("Outcome     in force, result {result}\n")),
        Some(outcome) => {
            let told = ending(ceremony, outcome).unwrap_or_else(|why| why);
            text.push_str(&format!("Outcome     {}\n", told.replace('\n', "\n            ")));
        }
        None => {}
    }
    text.push_str(&table(
        ["member", "agreed", "dealt", "checked here", "proven", "endorsed", "destroyed", "remarks"],
        &rows(ceremony, members),
    ));
    text
}

fn rows(ceremony: &CeremonyStatus, members: &[String]) -> Vec<[String; 8]> {
    let lists = [
        &ceremony.agreed,
        &ceremony.rejected,
        &ceremony.dealt,
        &ceremony.collected,
        &ceremony.proven,
        &ceremony.endorsed,
        &ceremony.destroyed,
        &ceremony.awaited,
    ];
    let named = lists.into_iter().flatten().chain(ceremony.blamed.iter().map(|(name, _)| name));
    let others: BTreeSet<&String> = named.filter(|name| !members.contains(name)).collect();
    let row = |name: &String| {
        let is = |list: &[String]| if list.contains(name) { "yes" } else { "-" }.to_owned();
        let agreed = if ceremony.rejected.contains(name) { "NO".to_owned() } else { is(&ceremony.agreed) };
        let mut remarks = Vec::new();
        if ceremony.awaited.contains(name) {
            remarks.push("AWAITED".to_owned());
        }
        let blames = ceremony.blamed.iter().filter(|(blamed, _)| blamed == name);
        remarks.extend(blames.map(|(_, blame)| format!("BLAMED {}", blame.code())));
        [
            name.clone(),
            agreed,
            is(&ceremony.dealt),
            is(&ceremony.collected),
            is(&ceremony.proven),
            is(&ceremony.endorsed),
            is(&ceremony.destroyed),
            remarks.join(", "),
        ]
    };
    members.iter().chain(others).map(row).collect()
}
