//! The guardian's decisions: [`Event`]s in, [`Command`]s out. No clock, no randomness, no I/O, no async.

#![forbid(unsafe_code)]

pub mod command;
pub mod event;
pub mod fault;
pub mod guardian_set;
pub mod message;
pub mod policy;
pub mod proposal;
pub mod record;
pub mod status;

mod error;
mod guardian;

pub use command::Command;
pub use error::Error;
pub use event::Event;
pub use guardian::Guardian;
