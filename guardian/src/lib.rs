//! The guardian node: the shell around [`guardian_core`], its store, its keys and its commands.
//!
//! The core decides and this crate does. What touches a disk is here: [`store`] (journal and encrypted shares),
//! [`keyfile`], [`config`] and [`definition`]. The node loop and its edges are beside it.

pub mod config;
pub mod file;
pub mod http;
pub mod metrics;
pub mod store;
pub mod ticker;

mod error;

pub use config::Config;
pub use error::Error;
pub use store::Store;
