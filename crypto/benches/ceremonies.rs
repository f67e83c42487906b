//! What a ceremony costs.

fn main() {}
