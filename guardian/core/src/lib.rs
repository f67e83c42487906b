//! The guardian's decisions: [`Event`]s in, [`Command`]s out. No clock, no randomness, no I/O, no async.
//!
//! | module | holds |
//! |---|---|
//! | [`event`], [`command`] | what happened; what to do |
//! | [`message`], [`record`], [`journal`] | what is said; what is written down; the chain that it makes |
//! | [`guardian_set`], [`policy`], [`contracts`] | who decides; by which rules and within which caps; about which contracts |
//! | [`registration`] | what the contracts logged, judged |
//! | [`proposal`] | `ExitProposal`, its states and the one transition table |
//! | [`fault`], [`status`] | stable codes of misbehaviour and holds; the public projection |
//! | [`ceremony`], [`statement`], [`succession`], [`signing`] | what is done with the keys, together; who guards after us |
//! | [`logs`] | the guardians' public logs, and when the network's key signs them |
//! | [`readiness`] | who proved today that its shares work |
//! | [`lifecycle`], [`evidence`] | every validator's way out; what we saw when we decided |
//! | [`governor`], [`voting`], [`catch_up`] | the bounds that operators may want to know |
//!
//! Inside, `view` is the chain as we see it, `offline` the rule, `docket` all proposals, and [`Guardian`] takes events
//! through `voting`, `certificate`, `release` and `follow`.

#![forbid(unsafe_code)]

pub mod catch_up;
pub mod ceremony;
pub mod command;
pub mod contracts;
pub mod emergency;
pub mod event;
pub mod evidence;
pub mod fault;
pub mod forecast;
pub mod governor;
pub mod guardian_set;
pub mod journal;
pub mod lifecycle;
pub mod logs;
pub mod message;
pub mod notice;
pub mod pause;
pub mod policy;
pub mod proposal;
pub mod readiness;
pub mod record;
pub mod registration;
pub mod request;
pub mod settings;
pub mod signing;
pub mod statement;
pub mod status;
pub mod succession;
pub mod tickets;
pub mod voting;

mod agenda;
mod asking;
mod balance;
mod ballot;
mod case;
mod certificate;
mod conducting;
mod convening;
mod deciding;
mod docket;
mod enforcement;
mod epoch_set;
mod error;
mod finding;
mod follow;
mod guardian;
mod judgement;
mod logged;
mod matter;
mod offer;
mod offline;
mod projection;
mod protocol;
mod registry;
mod release;
mod restore;
mod roster;
mod rule;
#[cfg(test)]
mod scale;
mod scan;
#[cfg(test)]
mod scene;
mod shortage;
mod standing;
mod timeline;
mod view;

pub use command::Command;
pub use error::Error;
pub use event::Event;
pub use guardian::Guardian;
pub use journal::JournalHead;
