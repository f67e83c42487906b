//! Real networks on 127.0.0.1 with ports of the operating system's choice. Tests wait for events, never for time to
//! pass, and give up after [`nodes::PATIENCE`].

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod catch_up;
mod ceremonies;
mod gossip;
mod load;
mod nodes;
mod reconnect;
mod refusals;
