//! Reads and posts to beacon nodes.
