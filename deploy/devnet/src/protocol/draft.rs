//! What an operator hands in to register a validator: a key split among the guardians, sealed, and a signed deposit;
//! sound, or with one flaw on purpose.

use crate::Error;
use crypto::custody::{self, CustodyEnvelope, CustodyPublicKey};
use crypto::deposit::DepositMessage;
use crypto::execution::WithdrawalCredentials;
use crypto::keys::{PublicKeySet, SecretKey, SecretKeyShare};
use crypto::spec::{BlsPubkey, ForkVersion};
use crypto::threshold::Threshold;
use rand::CryptoRng;

/// What every registration of a network is made for.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The guardians' custody keys, in the order of the set.
    pub custody_keys: Vec<CustodyPublicKey>,
    /// How many guardians must act together, of how many.
    pub threshold: Threshold,
    /// `getWithdrawalCredentials` of the module.
    pub withdrawal_credentials: WithdrawalCredentials,
    /// The beacon chain's genesis fork version, which deposits are signed under.
    pub genesis_fork: ForkVersion,
}

/// The arguments of one `registerValidatorKey`. All public, so that a test can spoil anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The validator key.
    pub pubkey: Vec<u8>,
    /// Deposit signature.
    pub signature: Vec<u8>,
    /// Deposit data root.
    pub deposit_data_root: [u8; 32],
    /// One sealed share for each guardian.
    pub envelopes: Vec<Vec<u8>>,
    /// The public key set.
    pub key_set: Vec<u8>,
}

/// One thing wrong with a registration that the contract does not notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The validator key is 48 random bytes.
    GarbagePubkey,
    /// The public key set is random bytes of the right length.
    GarbageKeySet,
    /// The public key set is a sound one of another key, and the shares are that key's.
    ForeignKeySet,
    /// Envelopes are random bytes of the right length.
    GarbageEnvelopes,
    /// Envelopes are one byte short.
    ShortEnvelopes,
    /// Each guardian got the next one's envelope.
    SwappedEnvelopes,
    /// Envelopes open, but hold the shares of another split.
    ForeignShares,
    /// The deposit signature is another key's; the deposit data root fits it.
    ForeignSignature,
    /// The deposit signature is 96 random bytes; the deposit data root fits it.
    GarbageSignature,
    /// The deposit was signed for other withdrawal credentials.
    ForeignCredentials,
    /// The deposit data root is another one.
    WrongRoot,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::GarbagePubkey,
        Self::GarbageKeySet,
        Self::ForeignKeySet,
        Self::GarbageEnvelopes,
        Self::ShortEnvelopes,
        Self::SwappedEnvelopes,
        Self::ForeignShares,
        Self::ForeignSignature,
        Self::GarbageSignature,
        Self::ForeignCredentials,
        Self::WrongRoot,
    ];
}

impl Draft {
    /// A sound registration of `key`: a new split each time.
    ///
    /// # Errors
    /// [`Error::Crypto`] should sealing fail, which nothing here makes it.
    pub fn sound(key: &SecretKey, terms: &Terms, rng: &mut impl CryptoRng) -> Result<Self, Error> {
        let (key_set, shares) = key.split(terms.threshold, rng);
        Self::of(key, key, &key_set, &shares, terms, rng)
    }

    /// A registration of `key` with `flaw`, sound in everything else.
    ///
    /// # Errors
    /// As [`sound`](Self::sound).
    pub fn flawed(
        key: &SecretKey,
        flaw: Flaw,
        terms: &Terms,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, Error> {
        let stranger = SecretKey::generate(rng);
        let (key_set, shares) = key.split(terms.threshold, rng);
        let (other_set, other_shares) = stranger.split(terms.threshold, rng);
        let mut draft = match flaw {
            Flaw::ForeignKeySet => Self::of(key, key, &other_set, &other_shares, terms, rng)?,
            Flaw::ForeignShares => Self::of(key, key, &key_set, &other_shares, terms, rng)?,
            Flaw::ForeignSignature => Self::of(key, &stranger, &key_set, &shares, terms, rng)?,
            Flaw::ForeignCredentials => {
                let elsewhere = WithdrawalCredentials([7; 32]);
                let terms = Terms { withdrawal_credentials: elsewhere, ..terms.clone() };
                Self::of(key, key, &key_set, &shares, &terms, rng)?
            }
            _ => Self::of(key, key, &key_set, &shares, terms, rng)?,
        };
        match flaw {
            Flaw::GarbagePubkey => rng.fill_bytes(&mut draft.pubkey),
            Flaw::GarbageKeySet => rng.fill_bytes(&mut draft.key_set),
            Flaw::GarbageEnvelopes => {
                draft.envelopes.iter_mut().for_each(|envelope| rng.fill_bytes(envelope));
            }
            Flaw::ShortEnvelopes => draft.envelopes.iter_mut().for_each(|envelope| {
                envelope.pop();
            }),
            Flaw::SwappedEnvelopes => draft.envelopes.rotate_left(1),
            Flaw::GarbageSignature => {
                let mut signature = crypto::spec::BlsSignature([0; 96]);
                rng.fill_bytes(&mut signature.0);
                let message = DepositMessage::new(key.public_key().to_bytes(), terms.withdrawal_credentials);
                draft.signature = signature.0.to_vec();
                draft.deposit_data_root =
                    crypto::deposit::DepositData { message, signature }.hash_tree_root().0;
            }
            Flaw::WrongRoot => draft.deposit_data_root[0] ^= 1,
            Flaw::ForeignKeySet | Flaw::ForeignShares | Flaw::ForeignSignature | Flaw::ForeignCredentials => {
            }
        }
        Ok(draft)
    }

    /// The validator key, if it has its length.
    pub fn pubkey(&self) -> Option<BlsPubkey> {
        BlsPubkey::try_from(&self.pubkey[..]).ok()
    }

    fn of(
        key: &SecretKey,
        signer: &SecretKey,
        key_set: &PublicKeySet,
        shares: &[SecretKeyShare],
        terms: &Terms,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, Error> {
        let pubkey = key.public_key().to_bytes();
        let deposit =
            DepositMessage::new(pubkey, terms.withdrawal_credentials).sign(signer, terms.genesis_fork);
        let envelopes = terms.custody_keys.iter().zip(shares).map(|(recipient, share)| {
            custody::seal(recipient, share, rng).map(|CustodyEnvelope(bytes)| bytes.to_vec())
        });
        Ok(Self {
            pubkey: pubkey.0.to_vec(),
            envelopes: envelopes.collect::<Result<_, _>>()?,
            signature: deposit.signature.0.to_vec(),
            deposit_data_root: deposit.hash_tree_root().0,
            key_set: key_set.to_bytes(),
        })
    }
}
