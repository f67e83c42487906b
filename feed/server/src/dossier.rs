//! Dossiers: for each exit everything the log tells of it, in one document that anybody verifies offline.
//!
//! An index follows the logs in the background, so that a dossier is made of the entries that tell of the exit and not of
//! the whole log. One is made at a time; the newest are kept.

mod assembly;
mod index;
mod maker;

pub(crate) use maker::{Maker, Problem, follow};
