//! The whole network on one machine: an embedded beacon chain, an embedded execution chain and four guardians.
//!
//! | module | holds |
//! |---|---|
//! | [`chain`] | the beacon chain, for tests of every crate; alone without the feature `story` |
//! | [`execution`] | the execution chain, likewise |
//! | [`protocol`] | the contracts for local networks, and everyone who calls them but the guardians |
//! | [`processes`] | guardian processes, set up through the real commands |
//! | [`real`] | anvil and Lodestar, instead of the embedded chains |
//! | `server` | the HTTP server of one node |
//! | [`story`] | the stories: a validator goes dark; two operators run out of tickets |
//! | [`narrator`] | tells it |

pub mod chain;
mod error;
pub mod execution;
#[cfg(feature = "story")]
pub mod narrator;
#[cfg(feature = "story")]
pub mod processes;
pub mod protocol;
#[cfg(feature = "story")]
pub mod real;
mod server;
#[cfg(feature = "story")]
pub mod story;

pub use error::Error;
