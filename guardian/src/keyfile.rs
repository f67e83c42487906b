//! Key files: one secret key each, encrypted under the operator's password.
//!
//! JSON, mode 0600: `format`, `version`, `kind`, `public` (readable without the password), `wrapped_key` (a random
//! data key under scrypt and AES-256-GCM) and `sealed` (the secret under the data key, bound to kind and public key).

use crate::Error;
use crate::file::{self, Access};
use crypto::custody::{CustodyPublicKey, CustodySecretKey};
use crypto::password::{Password, ScryptCost};
use crypto::vault::{DataKey, WrappedKey};
use p2p::identity;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use std::path::Path;
use zeroize::Zeroizing;

const FORMAT: &str = "guardian key";
const VERSION: u16 = 1;
/// Most bytes of a key file; a whole one has about 700.
const MAX_FILE: u64 = 16 << 10;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Identity,
    Custody,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Custody => "custody",
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    format: String,
    version: u16,
    kind: Kind,
    public: String,
    wrapped_key: WrappedKey,
    sealed: String,
}

/// Writes the identity key to a new file.
///
/// # Errors
/// [`Error::Exists`], [`Error::File`]; [`Error::Identity`] when it is no secp256k1 key.
pub fn create_identity(
    path: &Path,
    key: &identity::Keypair,
    password: &Password,
    cost: ScryptCost,
    rng: &mut impl CryptoRng,
) -> Result<(), Error> {
    let secp256k1 = key
        .clone()
        .try_into_secp256k1()
        .map_err(|_| Error::Identity { problem: "the identity key must be a secp256k1 key".into() })?;
    let secret = Zeroizing::new(secp256k1.secret().to_bytes());
    let public = key.public().to_peer_id().to_string();
    create(path, Kind::Identity, public, &*secret, password, cost, rng)
}

/// Opens the identity key.
///
/// # Errors
/// [`Error::WrongPassword`], [`Error::Document`] for a file that is none or another, [`Error::File`].
pub fn open_identity(path: &Path, password: &Password) -> Result<identity::Keypair, Error> {
    let (public, mut secret) = open(path, Kind::Identity, password)?;
    let foreign = || document(path, "holds no secp256k1 key");
    // Wipes the bytes it takes.
    let secret = identity::secp256k1::SecretKey::try_from_bytes(&mut secret[..]).map_err(|_| foreign())?;
    let key = identity::Keypair::from(identity::secp256k1::Keypair::from(secret));
    if key.public().to_peer_id().to_string() != public {
        return Err(document(path, "`public` is not the PeerId of the key inside"));
    }
    Ok(key)
}

/// The PeerId an identity key file says it is for. Readable without the password, so not proven.
///
/// # Errors
/// [`Error::Document`] for a file that is none or another, [`Error::File`].
pub fn peer_id(path: &Path) -> Result<String, Error> {
    read(path, Kind::Identity).map(|content| content.public)
}

/// Writes the custody key to a new file.
///
/// # Errors
/// [`Error::Exists`], [`Error::File`].
pub fn create_custody(
    path: &Path,
    key: &CustodySecretKey,
    password: &Password,
    cost: ScryptCost,
    rng: &mut impl CryptoRng,
) -> Result<(), Error> {
    create(path, Kind::Custody, key.public_key().to_string(), &*key.to_bytes(), password, cost, rng)
}

/// Opens the custody key.
///
/// # Errors
/// As [`open_identity`].
pub fn open_custody(path: &Path, password: &Password) -> Result<CustodySecretKey, Error> {
    let (public, secret) = open(path, Kind::Custody, password)?;
    let secret = <&[u8; 32]>::try_from(&secret[..]).map_err(|_| document(path, "holds no 32-byte key"))?;
    let key = CustodySecretKey::from_bytes(secret)?;
    if public.parse::<CustodyPublicKey>().ok() != Some(key.public_key()) {
        return Err(document(path, "`public` is not the public key of the key inside"));
    }
    Ok(key)
}

/// What opening a custody key costs: what else this guardian's password wraps shall cost no less.
///
/// # Errors
/// As [`peer_id`].
pub fn custody_cost(path: &Path) -> Result<ScryptCost, Error> {
    read(path, Kind::Custody).map(|content| content.wrapped_key.cost())
}

/// What opening the identity key costs: what else this guardian's password wraps shall cost no less.
///
/// # Errors
/// As [`peer_id`].
pub fn identity_cost(path: &Path) -> Result<ScryptCost, Error> {
    read(path, Kind::Identity).map(|content| content.wrapped_key.cost())
}

fn create(
    path: &Path,
    kind: Kind,
    public: String,
    secret: &[u8],
    password: &Password,
    cost: ScryptCost,
    rng: &mut impl CryptoRng,
) -> Result<(), Error> {
    let data_key = DataKey::generate(rng);
    let sealed = hex::encode(data_key.seal(&binding(kind, &public), secret, rng)?);
    let wrapped_key = data_key.wrap(password, cost, rng)?;
    let content = KeyFile { format: FORMAT.into(), version: VERSION, kind, public, wrapped_key, sealed };
    let mut text =
        serde_json::to_vec_pretty(&content).map_err(|e| document(path, format!("cannot be written: {e}")))?;
    text.push(b'\n');
    file::create(path, &text, Access::Private)
}

fn read(path: &Path, kind: Kind) -> Result<KeyFile, Error> {
    file::refuse_if_shared(path)?;
    let text = file::read(path, "key file", MAX_FILE)?;
    let content: KeyFile = serde_json::from_slice(&text).map_err(|e| {
        document(path, format!("is no key file, or a truncated one ({e}); restore it from a backup"))
    })?;
    if content.format != FORMAT {
        return Err(document(path, format!("is no key file: `format` is not {FORMAT:?}")));
    }
    if content.version != VERSION {
        let problem = format!(
            "has version {}, this program reads {VERSION}; run the program that wrote it",
            content.version
        );
        return Err(document(path, problem));
    }
    if content.kind != kind {
        let problem = format!(
            "is a key file for the {} key, not the {} key; check [keys] in the configuration",
            content.kind.name(),
            kind.name()
        );
        return Err(document(path, problem));
    }
    Ok(content)
}

fn open(path: &Path, kind: Kind, password: &Password) -> Result<(String, Zeroizing<Vec<u8>>), Error> {
    let content = read(path, kind)?;
    let refused = |e| match e {
        crypto::Error::WrongPassword => Error::WrongPassword { path: path.into() },
        other => document(path, other.to_string()),
    };
    let sealed = hex::decode(&content.sealed).map_err(|_| document(path, "`sealed` is not hexadecimal"))?;
    let data_key = content.wrapped_key.unwrap(password).map_err(refused)?;
    let secret = data_key.open(&binding(kind, &content.public), &sealed).map_err(refused)?;
    Ok((content.public, secret))
}

/// What the sealed secret is bound to.
fn binding(kind: Kind, public: &str) -> Vec<u8> {
    format!("guardian/key/v{VERSION}/{}/{public}", kind.name()).into_bytes()
}

fn document(path: &Path, problem: impl Into<String>) -> Error {
    Error::Document { path: path.into(), line: None, problem: problem.into() }
}

#[cfg(test)]
mod tests;
