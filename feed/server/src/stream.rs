//! `/v1/events`: what happens, as it happens (server-sent events).
//!
//! | event | id | data |
//! |---|---|---|
//! | `entry` | `<log>:<index>` | an entry of the current log, as it is in the log |
//! | `status` | none | a summary of each new snapshot |
//! | `gap` | `<log>:<index>` | what a reader missed is too much to send again; names the tiles that have it |
//!
//! # Design decisions
//! - Every event is serialized once, into one ring that all readers share. A reader is a cursor into it: 10,000 of them cost
//!   10,000 cursors and connections, not 10,000 queues.
//! - A reader that the ring overtakes is dropped; it comes again with `Last-Event-ID` and gets what it missed from the log.
//! - There is no timer for each reader: heartbeats are in the ring too, and a connection has a timer only while its reader
//!   takes nothing.

mod backlog;
mod feeder;
mod frame;
pub(crate) mod reader;
mod ring;
mod seats;

pub(crate) use feeder::feed;
pub use ring::Ring;
pub use seats::Seats;
pub(crate) use seats::{Full, Seat};
