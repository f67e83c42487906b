//! What is said of a ceremony in one line.

use super::Verb;
use guardian_core::ceremony::{AbortReason, CeremonyStatus, Outcome, Phase};

/// Whether the ceremony waits for this guardian's operator.
pub(in crate::cli) fn is_own_to_decide(ceremony: &CeremonyStatus) -> bool {
    ceremony.outcome.is_none() && ceremony.phase == Phase::Open && ceremony.own.is_none()
}

/// Names, or that there are none.
pub(super) fn names(list: &[String]) -> String {
    if list.is_empty() { "nobody".to_owned() } else { list.join(", ") }
}

/// Where it stands and who is waited for.
pub(super) fn standing(ceremony: &CeremonyStatus) -> String {
    let mut text = match ceremony.phase {
        Phase::Open => format!(
            "open: {} of {} agree ({})",
            ceremony.agreed.len(),
            ceremony.needed,
            names(&ceremony.agreed)
        ),
        Phase::Dealing => {
            format!(
                "dealing: dealt by {}; checked here: {}",
                names(&ceremony.dealt),
                names(&ceremony.collected)
            )
        }
        Phase::Proving => {
            let endorsed = match &ceremony.endorsed[..] {
                [] => String::new(),
                list => format!("; endorsed by {}", list.join(", ")),
            };
            format!("proving: proven by {}{endorsed}", names(&ceremony.proven))
        }
        Phase::Done => "done".to_owned(),
        Phase::Aborted => "aborted".to_owned(),
    };
    if !ceremony.rejected.is_empty() {
        text.push_str(&format!("; REJECTED by {}", ceremony.rejected.join(", ")));
    }
    if !ceremony.awaited.is_empty() {
        text.push_str(&format!("; waits for {}", ceremony.awaited.join(", ")));
    }
    text
}

/// What is counted in a phase, how many are there, and of how many.
pub(super) fn measure(ceremony: &CeremonyStatus) -> (&'static str, u64, u64) {
    let count = |list: &[String]| u64::try_from(list.len()).unwrap_or(u64::MAX);
    let with_awaited = |list: &[String]| count(list).saturating_add(count(&ceremony.awaited));
    match (ceremony.phase, ceremony.progress) {
        (Phase::Open, _) => ("operators agreed", count(&ceremony.agreed), ceremony.needed),
        (Phase::Dealing | Phase::Proving, Some((done, all))) => ("batches of keys", done, all),
        (Phase::Dealing, None) => ("dealings", count(&ceremony.dealt), with_awaited(&ceremony.dealt)),
        (Phase::Proving, None) if ceremony.awaited.is_empty() => {
            ("proofs", count(&ceremony.proven), count(&ceremony.proven))
        }
        (Phase::Proving, None) => ("proofs", count(&ceremony.proven), with_awaited(&ceremony.proven)),
        (Phase::Done | Phase::Aborted, _) => ("done", 1, 1),
    }
}

/// How it ended, and what to do next. For one that is done this is an answer, for others an error.
///
/// # Errors
/// Why there is no result, and who was waited for.
pub(super) fn ending(ceremony: &CeremonyStatus, outcome: &Outcome) -> Result<String, String> {
    let (reason, absent) = match outcome {
        Outcome::Done { result } => return Ok(success(ceremony, &result.to_string())),
        Outcome::Aborted { reason, absent } => (*reason, absent),
    };
    let verb = Verb::of(ceremony).name();
    let (why, next) = match reason {
        AbortReason::Expired => (
            "its time was over".to_owned(),
            format!(
                "see that those guardians run and their operators agree, then run `guardian {verb}` again, with a longer \
                 --lifetime if need be"
            ),
        ),
        AbortReason::Rejected => (
            format!("too many operators rejected it: {}", names(&ceremony.rejected)),
            "ask them why before you open another".to_owned(),
        ),
        AbortReason::Withdrawn => (
            "this guardian's operator left it".to_owned(),
            "the others may finish it without this guardian, in which case it is done here too: `guardian network status`"
                .to_owned(),
        ),
        AbortReason::Dealers => {
            let blamed: Vec<_> =
                ceremony.blamed.iter().map(|(name, blame)| format!("{name} ({})", blame.code())).collect();
            (
                format!("too few dealings hold; at fault: {}", names(&blamed)),
                "their operators look into their logs; then open another".to_owned(),
            )
        }
        AbortReason::Superseded => (
            "another definition came into force".to_owned(),
            "`guardian network status` shows which".to_owned(),
        ),
    };
    let waited =
        if absent.is_empty() { String::new() } else { format!(" Waited for: {}.", absent.join(", ")) };
    Err(format!(
        "ceremony {} was aborted ({}): {why}.{waited} Nothing changed: keys and shares are as before.\nNext: {next}",
        ceremony.id,
        reason.code()
    ))
}

fn success(ceremony: &CeremonyStatus, result: &str) -> String {
    let mut text = format!("Done: ceremony {} is in force, result {result}", ceremony.id);
    for change in &ceremony.changes {
        text.push_str(&format!("\n  {change}"));
    }
    if ceremony.kind == "succession" {
        text.push_str(&format!(
            "\nOld shares are destroyed, as they say, by: {}\nNext: `guardian network status` until everybody said so",
            names(&ceremony.destroyed)
        ));
    } else if ceremony.kind == "validator_keys" {
        text.push_str(&format!(
            "\nNext: deposit with deposits/deposit_data-{}.json in the data_dir of a guardian",
            hex::encode(&ceremony.id.0[..4])
        ));
    } else {
        text.push_str("\nNext: `guardian network status`");
    }
    text
}
