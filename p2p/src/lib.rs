//! Signed bytes between known guardians over libp2p.
