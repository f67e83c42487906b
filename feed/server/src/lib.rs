//! The public feed of one guardian, or of a mirror: read-only, beside the node and never in its way.
//!
//! | module | holds |
//! |---|---|
//! | [`snapshot`], [`view`], [`freshness`] | one status, indexed; what is shown of it; how old it is |
//! | [`history`] | what of the past the charts need |
//! | [`site`], [`settings`], [`role`] | what every answer is made of; the limits; who serves |
//! | [`server`], [`api`] | threads, connections and limits; what is asked and answered |
//! | `dossier` | all that the log tells of an exit |
//! | [`stream`] | what happens, as it happens |
//! | [`log`], [`tiles`] | the transparency log; how it is served |
//! | [`mirror`] | the same of others' feeds, verified |
//! | [`pages`] | what people read |
//!
//! # Design decisions
//! - It reads watched values and files, and nothing else: no request of a reader reaches the node's loop.
//! - It runs on threads of its own, at the lowest priority the system knows, with limits of its own.

#![forbid(unsafe_code)]

pub mod api;
mod assets;
mod dossier;
mod error;
pub mod freshness;
pub mod history;
pub mod log;
pub mod mirror;
pub mod pages;
pub mod role;
pub mod server;
pub mod settings;
pub mod site;
pub mod snapshot;
pub mod stream;
pub mod tiles;
pub mod view;

pub use error::Error;
pub use freshness::Freshness;
pub use role::{Role, RoleName, Source, SourceState};
pub use server::{bind, start};
pub use settings::Settings;
pub use site::{Inputs, Site};
pub use snapshot::Snapshot;

#[cfg(test)]
#[path = "../tests/world/mod.rs"]
mod world;
