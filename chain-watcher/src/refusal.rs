//! What a refused exit means: whether the exit is to blame or the node.
//!
//! Clients word the same refusal differently and with different statuses (one answers 500 where others say 400), so
//! words that name the exit's fault decide, whatever the status. Without such words the status does: 400 and 422 are
//! about what was sent, everything else is about who was asked.

use crate::endpoint::capped;
use crate::observation::PostOutcome;

/// What a refusal says, in letters and digits only, when the exit is in the pool or the validator is already leaving.
const ALREADY: [&str; 11] = [
    "alreadyexist",     // VOLUNTARY_EXIT_ERROR_ALREADY_EXISTS
    "alreadyexit",      // "validator has already exited", "is already exiting"
    "alreadyinitiated", // AlreadyInitiatedExit
    "initiatedexitalready",
    "exitalready", // "exit already seen", "exit already initiated"
    "alreadyknown",
    "alreadysubmitted", // "has already submitted an exit"
    "alreadyseen",
    "alreadyinpool",
    "priorvoluntaryexitknown",
    "publisherrorduplicate", // PublishError.Duplicate: into the pool, but gossiped before
];

/// What a refusal says, in letters and digits only, when the exit is wrong or comes too early.
const EXIT: [&str; 20] = [
    "voluntaryexiterror", // VOLUNTARY_EXIT_ERROR_INVALID, _INVALID_SIGNATURE, _INACTIVE, _EARLY_EPOCH
    "blsterror",          // "BLST_ERROR: bad point encoding"
    "cannotreadproperties", // "Cannot read properties of undefined (reading 'activationEpoch')": unknown validator
    "invalidexit",          // "Invalid exit: ..."
    "invalidvoluntaryexit",
    "exitinvalid", // ExitInvalid
    "exitvalidationerror",
    "gossipvalidationfailed",
    "gossipverificationfailed",
    "neverpassvalidation", // "it will never pass validation so it's rejected"
    "invalidsignature",
    "badsignature",
    "futureepoch",
    "isinthefuture",
    "unknownvalidator",
    "validatorunknown",
    "validatorindexoutof", // range, bounds
    "notactive",           // NotActive, "validator is not active"
    "tooyoung",            // TooYoungToExit
    "activelongenough",
];

/// What comes before the status in the text of a refusal that does not name the exit's fault.
const STATUS: &str = "HTTP status ";

/// Who is to blame that a node did not take an exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The exit: signature, epoch, unknown or inactive validator, on duty for too short. Other nodes of the same chain
    /// will say the same; asking again soon is of no use.
    Exit,
    /// The node: away, syncing, overloaded, broken, without the endpoint. Another node, or this one a little later,
    /// may take the exit.
    Node,
}

impl PostOutcome {
    /// Who is to blame, or none when the node has the exit.
    pub fn blame(&self) -> Option<Blame> {
        match self {
            Self::Accepted | Self::AlreadyKnown => None,
            Self::Rejected(text) => Some(blame(text)),
            Self::Unreachable(_) => Some(Blame::Node),
        }
    }
}

/// A refusal with this status and these words, at most 256 characters.
///
/// The status is kept in the text where the words alone would not tell who is to blame.
pub(crate) fn outcome(status: u16, text: String) -> PostOutcome {
    if contains_one(&text, &ALREADY) {
        return PostOutcome::AlreadyKnown;
    }
    PostOutcome::Rejected(if text.is_empty() {
        format!("{STATUS}{status}")
    } else if names_exit(&text) || is_about_request(status) {
        text
    } else {
        capped(&format!("{STATUS}{status}: {text}"))
    })
}

fn blame(text: &str) -> Blame {
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    let status = text.strip_prefix(STATUS).and_then(|rest| digits(rest).parse().ok());
    if names_exit(text) || status.is_none_or(is_about_request) { Blame::Exit } else { Blame::Node }
}

fn is_about_request(status: u16) -> bool {
    matches!(status, 400 | 422)
}

fn names_exit(text: &str) -> bool {
    contains_one(text, &EXIT)
}

fn contains_one(text: &str, list: &[&str]) -> bool {
    let plain: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    list.iter().any(|words| plain.contains(words))
}

#[cfg(test)]
mod tests;
