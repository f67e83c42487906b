//! What the feed shows, as it is serialized: made of a snapshot when it is asked for, the same for the API and the pages.
//!
//! | module | shows |
//! |---|---|
//! | [`network`] | the whole: rules, caps, pauses, counts |
//! | [`guardian`] | one guardian, as this one sees it |
//! | [`validator`] | one validator: health, dangers, registration |
//! | [`operator`] | one node operator and how long its tickets last |
//! | [`proposal`], [`emergency`] | what was proposed, who said what, what holds it |
//! | [`exit`] | one validator's way out |
//! | [`fault`], [`ceremony`] | who did wrong; what is done with the keys |
//!
//! # Design decisions
//! - Numbers for slots, epochs, indices and counts; amounts as decimal text, because JSON numbers are not exact that far;
//!   keys, roots and addresses as `0x` and hex.
//! - Every slot or epoch that a reader may want to see as a date comes with it, Unix seconds.
//! - Nothing that only the operator of a guardian should know has a place in these types.

pub mod amount;
pub mod calendar;
pub mod ceremony;
pub mod date;
pub mod emergency;
pub mod exit;
pub mod fault;
pub mod guardian;
pub mod network;
pub mod operator;
pub mod proposal;
pub mod schema;
pub mod validator;

pub use amount::Amount;
pub use calendar::{Calendar, Moment};
pub use ceremony::CeremonyView;
pub use date::Date;
pub use emergency::EmergencyView;
pub use exit::{ExitView, StepView};
pub use fault::FaultView;
pub use guardian::{Clients, GuardianView};
pub use network::NetworkView;
pub use operator::{Deadline, OperatorView, RunwayView};
pub use proposal::{HoldView, ProposalView, VoteView};
pub use validator::{DangerView, Health, RegistrationView, ValidatorView};
