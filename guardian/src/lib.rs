//! The guardian node: the shell around [`guardian_core`], its store, its keys and its commands.
//!
//! The core decides and this crate does. What touches a disk is here: [`store`] (journal and encrypted shares),
//! [`keyfile`], [`config`] and [`definition`]; [`audit`] reads the journal back. The node loop and its edges are beside it.

pub mod admin;
pub mod audit;
pub mod backup;
pub mod ceremonies;
pub mod cli;
pub mod config;
pub mod custodian;
pub mod definition;
pub mod doctor;
pub mod effects;
pub mod epochs;
pub mod file;
pub mod http;
pub mod id_prefix;
pub mod inbound;
pub mod keyfile;
pub mod logging;
pub mod metrics;
pub mod node;
pub mod observe;
pub mod password;
pub mod press;
pub mod progress;
pub mod recording;
pub mod replay;
pub mod shares;
pub mod signer;
pub mod store;
pub mod ticker;
pub mod webhook;

mod error;

pub use config::Config;
pub use error::Error;
pub use shares::Shares;
pub use store::Store;
