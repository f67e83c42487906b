//! The whole network on one machine: an embedded beacon chain and four guardians.
