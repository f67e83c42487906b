//! `Deed`: what operators ask of their guardians, and when. Who is not answered asks again in the next slot.

use crypto::spec::{Slot, ValidatorIndex};
use guardian_core::emergency::Severity;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::pause::PauseScope;
use guardian_core::proposal::ProposalId;
use guardian_core::request::{Answer, OperatorName, Request, Selection, ValidatorName};
use guardian_core::status::EmergencyStatus;

/// One request of one operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Slot in which it is asked first.
    pub at: Slot,
    /// Whose operator.
    pub guardian: GuardianIndex,
    /// What.
    pub deed: Deed,
}

/// What an operator does. Emergencies go by a label, which is their reason: nobody knows an id beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Raises an emergency.
    Propose {
        /// Its label.
        label: String,
        /// Whom, by their place in the story.
        validators: Vec<usize>,
        /// How urgent.
        severity: Severity,
        /// Slots it lives.
        lifetime: u64,
    },
    /// Votes for the one with this label.
    Approve(String),
    /// Votes against it.
    Reject(String),
    /// Takes the vote for it back.
    Withdraw(String),
    /// Takes the emergency back.
    Cancel(String),
    /// Begins a pause.
    Pause(PauseScope),
    /// Ends a pause.
    Resume(PauseScope),
}

impl Asked {
    /// In slot `at`, guardian `number`'s operator does this.
    pub fn new(at: u64, number: u16, deed: Deed) -> Self {
        Self { at: Slot(at), guardian: GuardianIndex(number), deed }
    }

    /// Several guardians' operators do the same in one slot.
    pub fn by_all(at: u64, numbers: impl IntoIterator<Item = u16>, deed: &Deed) -> Vec<Self> {
        numbers.into_iter().map(|number| Self::new(at, number, deed.clone())).collect()
    }

    /// Who asks.
    pub fn by(&self) -> OperatorName {
        OperatorName { uid: 1_000, name: format!("operator-{}", self.guardian.0) }
    }
}

impl Deed {
    /// Which emergency it is about.
    pub fn label(&self) -> Option<&str> {
        match self {
            Self::Propose { label, .. }
            | Self::Approve(label)
            | Self::Reject(label)
            | Self::Withdraw(label)
            | Self::Cancel(label) => Some(label),
            Self::Pause(_) | Self::Resume(_) => None,
        }
    }

    /// The request, for a guardian that shows these emergencies. None while it does not show the one it is about.
    pub fn request(&self, shown: &[EmergencyStatus]) -> Option<Request> {
        let note = String::new();
        Some(match self {
            Self::Propose { label, validators, severity, lifetime } => Request::Propose {
                selection: Selection::Validators(validators.iter().map(|place| named(*place)).collect()),
                severity: *severity,
                reason: label.clone(),
                lifetime: *lifetime,
                dry_run: false,
            },
            Self::Approve(label) => Request::Approve { emergency: labelled(label, shown)?, note },
            Self::Reject(label) => Request::Reject { emergency: labelled(label, shown)?, note },
            Self::Withdraw(label) => Request::Withdraw { emergency: labelled(label, shown)?, note },
            Self::Cancel(label) => Request::Cancel { emergency: labelled(label, shown)?, signature: None },
            Self::Pause(scope) => Request::Pause { scope: *scope, note },
            Self::Resume(scope) => Request::Resume { scope: *scope, note },
        })
    }
}

/// Whether an operator asks again although it was answered: its guardian saw too little, as after a start.
pub fn is_too_early(answer: &Answer) -> bool {
    let Answer::Refused { problems } = answer else { return false };
    problems.iter().any(|problem| matches!(problem.code.as_str(), "view_unknown" | "unknown_validator"))
}

fn named(place: usize) -> ValidatorName {
    ValidatorName::Index(ValidatorIndex(u64::try_from(place).expect("few validators")))
}

/// The emergency with a label: one that is not over rather than one that is.
fn labelled(label: &str, shown: &[EmergencyStatus]) -> Option<ProposalId> {
    let all = shown.iter().filter(|status| status.emergency.reason == label);
    all.min_by_key(|status| status.state.is_over()).map(|status| status.id)
}
