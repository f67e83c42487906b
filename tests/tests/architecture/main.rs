//! Gates on the tree itself: which way dependencies point, whose code we ship, and how files are named and how long
//! they may grow. What ARCHITECTURE.md promises is proved here.

mod dependencies;
mod licences;
mod tree;
