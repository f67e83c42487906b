//! Partial signatures: sign, verify, combine.

crate::fixed_bytes!(
    /// One guardian's partial signature as it travels: an *uncompressed* G2 point, 192 bytes, unchecked.
    ///
    /// Twice the size of the compressed form and about fifty times quicker to read; what is posted to the chain is
    /// the combined signature, compressed as always ([`crate::spec::BlsSignature`]).
    SignatureShare, 192
);
