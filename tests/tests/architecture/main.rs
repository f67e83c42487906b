//! Gates on the tree itself: which way dependencies point, whose code we ship, and how files are named and how long
//! they may grow. What ARCHITECTURE.md promises is proved here.

#![allow(clippy::expect_used, clippy::panic, reason = "a gate that cannot read the tree fails")]

mod dependencies;
mod licences;
mod tree;
