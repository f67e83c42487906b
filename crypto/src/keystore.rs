//! EIP-2335 keystores, version 4: bytes in, bytes out.
//!
//! Reads scrypt and PBKDF2 keystores as other staking tools write them; writes either. What a hostile file can ask for
//! is bounded: its size, and the work of its key derivation ([`crate::password`]).

use crate::Error;
use crate::keys::SecretKey;
pub use crate::password::{Password, ScryptCost};
use aes::Aes128;
use ctr::cipher::{KeyIvInit, StreamCipher};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// Largest keystore that is read, bytes. Real ones are about 800.
pub const MAX_KEYSTORE: usize = 16 * 1024;

/// Longest salt that is read, bytes. Real ones are 32.
const MAX_SALT: usize = 256;

/// How the password becomes a key, when writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kdf {
    /// scrypt at this cost.
    Scrypt(ScryptCost),
    /// PBKDF2-HMAC-SHA-256 with this many rounds; EIP-2335 uses 262,144.
    Pbkdf2 {
        /// `c`.
        rounds: u32,
    },
}

/// The parts of a keystore that are needed to open it. Unknown fields (`name`, `description`, `uuid`) are other
/// tools' and pass.
#[derive(Deserialize)]
struct Keystore {
    version: u64,
    crypto: Crypto,
    #[serde(default)]
    pubkey: String,
}

#[derive(Deserialize)]
struct Crypto {
    kdf: Module<Value>,
    checksum: Module<Value>,
    cipher: Module<CipherParams>,
}

#[derive(Deserialize)]
struct Module<P> {
    function: String,
    params: P,
    message: String,
}

#[derive(Deserialize)]
struct CipherParams {
    iv: String,
}

#[derive(Deserialize)]
struct ScryptParams {
    dklen: u64,
    n: u64,
    r: u32,
    p: u32,
    salt: String,
}

#[derive(Deserialize)]
struct Pbkdf2Params {
    dklen: u64,
    c: u32,
    prf: String,
    salt: String,
}

/// Opens a keystore and checks that it holds the key it says it holds.
///
/// # Errors
/// [`Error::Keystore`] naming the field that is missing, unknown or impossible; [`Error::WorkFactor`] when it asks for
/// more memory or time than any honest one; [`Error::WrongPassword`]; [`Error::SecretScalar`].
pub fn decrypt(json: &[u8], password: &Password) -> Result<SecretKey, Error> {
    if json.len() > MAX_KEYSTORE {
        return Err(wrong("file", format!("is {} bytes, more than {MAX_KEYSTORE}", json.len())));
    }
    let keystore: Keystore = serde_json::from_slice(json)
        .map_err(|problem| wrong("file", format!("is not an EIP-2335 keystore: {problem}")))?;
    if keystore.version != 4 {
        return Err(wrong("version", format!("is {}, only 4 is known", keystore.version)));
    }
    let Crypto { kdf, checksum, cipher } = keystore.crypto;
    expect("crypto.checksum.function", &checksum.function, "sha256")?;
    expect("crypto.cipher.function", &cipher.function, "aes-128-ctr")?;
    let checksum: [u8; 32] = fixed("crypto.checksum.message", &checksum.message)?;
    let ciphertext: [u8; 32] = fixed("crypto.cipher.message", &cipher.message)?;
    let iv: [u8; 16] = fixed("crypto.cipher.params.iv", &cipher.params.iv)?;

    let key = derive(kdf, password)?;
    let (cipher_key, checksum_key) = key.split_at(16);
    let found: [u8; 32] = Sha256::new().chain_update(checksum_key).chain_update(ciphertext).finalize().into();
    if !bool::from(found.ct_eq(&checksum)) {
        return Err(Error::WrongPassword);
    }
    let mut secret = Zeroizing::new(ciphertext);
    apply_cipher(cipher_key, &iv, secret.as_mut())?;
    let secret = SecretKey::from_bytes(&secret)?;

    if !keystore.pubkey.is_empty() {
        let named: [u8; 48] = fixed("pubkey", &keystore.pubkey)?;
        if named != secret.public_key().to_bytes().0 {
            return Err(wrong("pubkey", "is not the public key of the secret key inside".into()));
        }
    }
    Ok(secret)
}

/// Writes a keystore.
///
/// # Errors
/// [`Error::WorkFactor`] when the cost is out of bounds.
pub fn encrypt(
    secret: &SecretKey,
    password: &Password,
    kdf: Kdf,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, Error> {
    let (mut salt, mut iv, mut uuid) = ([0u8; 32], [0u8; 16], [0u8; 16]);
    rng.fill_bytes(&mut salt);
    rng.fill_bytes(&mut iv);
    rng.fill_bytes(&mut uuid);
    let (key, kdf) = match kdf {
        Kdf::Scrypt(cost) => (
            password.scrypt(&salt, cost)?,
            // `scrypt` above has bounded `log_n`.
            json!({ "function": "scrypt", "message": "", "params": {
                "dklen": 32, "n": 1u64 << cost.log_n, "r": cost.r, "p": cost.p, "salt": hex::encode(salt) } }),
        ),
        Kdf::Pbkdf2 { rounds } => (
            password.pbkdf2(&salt, rounds)?,
            json!({ "function": "pbkdf2", "message": "", "params": {
                "dklen": 32, "c": rounds, "prf": "hmac-sha256", "salt": hex::encode(salt) } }),
        ),
    };
    let (cipher_key, checksum_key) = key.split_at(16);
    let mut ciphertext = secret.to_bytes();
    apply_cipher(cipher_key, &iv, ciphertext.as_mut())?;
    let checksum = Sha256::new().chain_update(checksum_key).chain_update(ciphertext.as_ref()).finalize();
    let file = File {
        version: 4,
        uuid: uuid_v4(uuid),
        path: "",
        pubkey: hex::encode(secret.public_key().to_bytes().0),
        crypto: json!({
            "kdf": kdf,
            "checksum": { "function": "sha256", "params": {}, "message": hex::encode(checksum) },
            "cipher": { "function": "aes-128-ctr", "params": { "iv": hex::encode(iv) },
                        "message": hex::encode(ciphertext.as_ref()) },
        }),
    };
    serde_json::to_vec_pretty(&file).map_err(|problem| wrong("file", problem.to_string()))
}

#[derive(Serialize)]
struct File {
    crypto: Value,
    pubkey: String,
    path: &'static str,
    uuid: String,
    version: u64,
}

fn derive(kdf: Module<Value>, password: &Password) -> Result<Zeroizing<[u8; 32]>, Error> {
    let params = |problem: serde_json::Error| wrong("crypto.kdf.params", problem.to_string());
    match kdf.function.as_str() {
        "scrypt" => {
            let ScryptParams { dklen, n, r, p, salt } = serde_json::from_value(kdf.params).map_err(params)?;
            check_dklen(dklen)?;
            if !n.is_power_of_two() {
                return Err(wrong("crypto.kdf.params.n", format!("is {n}, not a power of two")));
            }
            // At most 63.
            let log_n = u8::try_from(n.trailing_zeros()).unwrap_or(u8::MAX);
            password.scrypt(&salt_bytes(&salt)?, ScryptCost { log_n, r, p })
        }
        "pbkdf2" => {
            let Pbkdf2Params { dklen, c, prf, salt } = serde_json::from_value(kdf.params).map_err(params)?;
            check_dklen(dklen)?;
            expect("crypto.kdf.params.prf", &prf, "hmac-sha256")?;
            password.pbkdf2(&salt_bytes(&salt)?, c)
        }
        other => Err(wrong("crypto.kdf.function", format!("is {other:?}, neither scrypt nor pbkdf2"))),
    }
}

fn check_dklen(dklen: u64) -> Result<(), Error> {
    if dklen == 32 {
        Ok(())
    } else {
        Err(wrong("crypto.kdf.params.dklen", format!("is {dklen}, must be 32")))
    }
}

fn salt_bytes(salt: &str) -> Result<Vec<u8>, Error> {
    let field = "crypto.kdf.params.salt";
    if salt.len() > 2 * MAX_SALT {
        return Err(wrong(field, format!("is longer than {MAX_SALT} bytes")));
    }
    hex::decode(salt).map_err(|_| wrong(field, "is not hexadecimal".into()))
}

/// AES-128-CTR, the same both ways.
fn apply_cipher(key: &[u8], iv: &[u8; 16], text: &mut [u8]) -> Result<(), Error> {
    let mut cipher = ctr::Ctr128BE::<Aes128>::new_from_slices(key, iv)
        .map_err(|_| wrong("crypto.cipher", "cannot be set up".into()))?;
    cipher.apply_keystream(text);
    Ok(())
}

fn fixed<const N: usize>(field: &'static str, text: &str) -> Result<[u8; N], Error> {
    crate::wire::parse_hex(field, text).map_err(|problem| wrong(field, problem.to_string()))
}

fn expect(field: &'static str, found: &str, only: &str) -> Result<(), Error> {
    if found == only { Ok(()) } else { Err(wrong(field, format!("is {found:?}, only {only:?} is known"))) }
}

fn wrong(field: &'static str, problem: String) -> Error {
    Error::Keystore { field, problem }
}

/// RFC 9562, section 5.4, in its usual spelling.
fn uuid_v4(mut bytes: [u8; 16]) -> String {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = hex::encode(bytes);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}
