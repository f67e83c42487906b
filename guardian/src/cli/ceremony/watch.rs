//! The loop that follows a ceremony: asks, says what is new, and ends with the ceremony or with Ctrl-C.

use super::Verb;
use super::follow::{Event, Follow, PATIENCE};
use super::words::{ending, measure, standing};
use crate::cli::desk::Desk;
use crate::cli::print;
use crate::cli::runway::wall_time;
use crate::cli::vigil::Vigil;
use crate::progress::Steps;
use anyhow::bail;
use guardian_core::ceremony::CeremonyId;
use std::time::{Duration, Instant};

/// Between two questions.
const EVERY: Duration = Duration::from_secs(1);

/// Follows a ceremony to its end.
///
/// # Errors
/// When it ends without a result, when the guardian is silent for too long, and when the operator wants to follow no
/// longer.
pub(super) fn follow(desk: &Desk, id: CeremonyId, verb: Verb) -> anyhow::Result<()> {
    let again =
        format!("`guardian network status`, or follow it again: guardian {} --join {id}", verb.name());
    let mut vigil =
        Vigil::new(format!("No longer following. Ceremony {id} goes on without this command: {again}"))?;
    let steps = Steps::new(desk.json);
    let mut follow = Follow::new(id);
    loop {
        let answer = desk.status().map_err(|problem| format!("{problem:#}"));
        let events = follow.take(answer.as_ref().map_err(Clone::clone), Instant::now());
        if let Some(status) = follow.last() {
            let (what, done, all) = measure(status);
            steps.at(what, done, all);
        }
        for event in events {
            if desk.json {
                print(&serde_json::to_string(&event)?)?;
            } else if let Some(text) = line(&event) {
                steps.beside(|| print(&text))?;
            }
            match event {
                Event::Ended { status, outcome } => return ended(desk, &ending(&status, &outcome)),
                Event::GaveUp { problem } => bail!(
                    "nothing was heard for {}: {problem}. Ceremony {id} goes on where guardians run. Next: see that this \
                     one does, then {again}",
                    wall_time(PATIENCE.as_secs())
                ),
                _ => {}
            }
        }
        vigil.rest(EVERY)?;
    }
}

fn ended(desk: &Desk, ending: &Result<String, String>) -> anyhow::Result<()> {
    match ending {
        Ok(_) if desk.json => Ok(()),
        Ok(text) => print(text),
        Err(why) => bail!("{why}"),
    }
}

/// What people read of it, if anything now.
fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Unanswered { problem, patience } => format!(
            "The guardian gives no answer ({problem}). It may be reopening with the next definition; it is asked again for \
             up to {}.",
            wall_time(*patience)
        ),
        Event::Answered { seconds } => format!("The guardian answers again, after {}.", wall_time(*seconds)),
        Event::Missing { patience } => format!(
            "The guardian answers, but does not show this ceremony; it is asked again for up to {}.",
            wall_time(*patience)
        ),
        Event::Reopened { epoch } => format!("The guardian works in set {} now.", epoch.0),
        Event::Moved { slot, status } => format!("slot {slot}  {}", standing(status)),
        Event::Counted { done, all } => format!("{done} of {all} batches of keys are here"),
        Event::Blamed { member, blame } => format!("BLAMED {member}: {}", blame.code()),
        Event::Ended { .. } | Event::GaveUp { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ceremony::tests::{ceremony, id};
    use guardian_core::ceremony::Blame;
    use guardian_core::guardian_set::GuardianSetEpoch;

    #[test]
    fn lines_say_what_happens_and_for_how_long_it_is_borne() {
        let said = |event: Event| line(&event).unwrap();
        let moved = Event::Moved { slot: crypto::spec::Slot(812), status: Box::new(ceremony("5f")) };
        assert_eq!(said(moved), "slot 812  open: 1 of 3 agree (alice); waits for bob, carol, dave");
        let silent = said(Event::Unanswered { problem: "refused".into(), patience: 180 });
        assert!(silent.contains("(refused)") && silent.contains("up to 3 min 0 s"), "{silent}");
        assert_eq!(said(Event::Reopened { epoch: GuardianSetEpoch(2) }), "The guardian works in set 2 now.");
        let blamed = Event::Blamed { member: "dave".into(), blame: Blame::InvalidDealing };
        assert_eq!(said(blamed), "BLAMED dave: invalid_dealing");
    }

    #[test]
    fn programs_read_one_tagged_object_a_line() {
        let moved = Event::Moved { slot: crypto::spec::Slot(812), status: Box::new(ceremony("5f")) };
        let value = serde_json::to_value(&moved).unwrap();
        assert_eq!((&value["event"], &value["slot"]), (&"moved".into(), &812.into()));
        assert_eq!(value["status"]["id"], id("5f").to_string());
        assert!(!serde_json::to_string(&moved).unwrap().contains('\n'));
    }
}
