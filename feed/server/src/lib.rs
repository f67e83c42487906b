//! The public feed of one guardian, or of a mirror: read-only, beside the node and never in its way.
pub mod log;
