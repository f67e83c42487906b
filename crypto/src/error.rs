//! The one error type of this crate.

/// What can be wrong with input to this crate. No variant ever carries secret bytes.
#[derive(Debug, thiserror::Error, PartialEq, Eq, Clone)]
#[non_exhaustive]
pub enum Error {
    /// A byte string has the wrong length.
    #[error("{what} must be {expected} bytes, got {got}")]
    Length {
        /// The thing that was parsed.
        what: &'static str,
        /// The length it must have.
        expected: usize,
        /// The length it had.
        got: usize,
    },
    /// Text that should be hexadecimal is not.
    #[error("{what} is not hexadecimal (0x optional, two digits a byte)")]
    Hex {
        /// The thing that was parsed.
        what: &'static str,
    },
    /// t and n do not make a threshold.
    #[error("threshold {t} of {n} is impossible: needs 1 <= t <= n <= 100")]
    Threshold {
        /// Signers needed.
        t: u16,
        /// Shares in all.
        n: u16,
    },
    /// A share index outside 1..=100.
    #[error("share index {got} is outside 1..=100")]
    ShareIndex {
        /// The value that was refused.
        got: u64,
    },
    /// A fork schedule that cannot be real.
    #[error("fork schedule: {0}")]
    ForkSchedule(&'static str),
    /// A secret key or share that is zero or not below the group order.
    #[error("{what} is zero or not below the BLS12-381 group order: it is damaged or not a BLS key")]
    SecretScalar {
        /// Key or share.
        what: &'static str,
    },
    /// Bytes that are not a BLS public key.
    #[error("not a BLS public key: not a point of the right group, or the point at infinity")]
    PublicKey,
    /// Bytes that are not a BLS signature or signature share.
    #[error("not a BLS signature: not a point on the curve, or the point at infinity")]
    Signature,
    /// A public key set of an impossible length.
    #[error("public key set must be 48 bytes times 1..=100, got {got} bytes")]
    PublicKeySetLength {
        /// The length it had.
        got: usize,
    },
    /// Commitments of an impossible length.
    #[error("commitments must be {point} bytes times 1..=100, got {got} bytes")]
    CommitmentsLength {
        /// Bytes of a point on this curve.
        point: usize,
        /// The length they had.
        got: usize,
    },
    /// Dealings, or parts of a share, that cannot be put together.
    #[error("dealings cannot be put together: {0}")]
    Dealings(&'static str),
    /// A share that does not belong to its public key set.
    #[error(
        "share {index} does not belong to this public key set: it is for another validator, another guardian or damaged"
    )]
    ForeignShare {
        /// The index it claimed.
        index: u16,
    },
    /// Bytes that are not a secret key of secp256k1.
    #[error("custody secret key is zero or out of range: it is damaged or not a secp256k1 key")]
    CustodySecretKey,
    /// Bytes that are not a public key of secp256k1.
    #[error("custody public key is not an uncompressed secp256k1 point (65 bytes beginning with 04)")]
    CustodyPublicKey,
    /// An account's signature that nobody can have made.
    #[error(
        "account signature is none: it is not r, s and v of secp256k1 with s in the lower half and v 27 or 28"
    )]
    AccountSignature,
    /// Bytes that are not a compressed point of secp256k1, or the point at infinity.
    #[error("{what} is not a point of secp256k1 (33 bytes beginning with 02 or 03)")]
    Secp256k1Point {
        /// What should have been one.
        what: &'static str,
    },
    /// Bytes that are not a scalar of secp256k1.
    #[error("{what} is zero or not below the group order of secp256k1: it is damaged or none")]
    Secp256k1Scalar {
        /// What should have been one.
        what: &'static str,
    },
    /// Commitments of the group key that do not belong to its threshold.
    #[error("commitments of a group key of threshold {t} must be {t} times 33 bytes, got {got} bytes")]
    GroupKeyLength {
        /// Signers needed.
        t: u16,
        /// The length they had, bytes.
        got: usize,
    },
    /// Commitments of the group key under which a guardian's share would be zero.
    #[error("commitments of a group key make share {index} zero: nobody deals such a key by chance")]
    ZeroShare {
        /// Whose.
        index: u16,
    },
    /// A custody envelope that does not open.
    #[error(
        "custody envelope does not open with this custody key: it was sealed for another guardian or is damaged"
    )]
    Envelope,
    /// Something sealed at rest that does not open.
    #[error(
        "sealed data does not open: it is cut short, changed, from another place or under another data key"
    )]
    Sealed,
    /// A password that does not open what it should.
    #[error("wrong password (or the file is damaged): try again, or restore the file from a backup")]
    WrongPassword,
    /// A key derivation that asks for too much or nothing at all.
    #[error(
        "the {kdf} parameters are out of bounds: such a file would take gigabytes or minutes to open, or none at all"
    )]
    WorkFactor {
        /// Which function.
        kdf: &'static str,
    },
    /// A file of a format this version does not know.
    #[error(
        "{what} has version {got}, this software knows {expected}: use the version that wrote it, or upgrade"
    )]
    Version {
        /// The file.
        what: &'static str,
        /// The version that is known.
        expected: u64,
        /// The version it has.
        got: u64,
    },
    /// A keystore that cannot be read.
    #[error("keystore: {field} {problem}")]
    Keystore {
        /// The field at fault, as a JSON path.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Text that is no PeerId of a guardian.
    #[error("`{text}` is no PeerId with a secp256k1 key; copy it again from that guardian's member card")]
    PeerId {
        /// Its beginning.
        text: String,
    },
}
