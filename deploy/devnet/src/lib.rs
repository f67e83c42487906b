//! The whole network on one machine: an embedded beacon chain and four guardians.

pub mod chain;
mod error;

pub use error::Error;
