//! EIP-2335 keystores of interop validators, as a node operator would have them.

use crate::Error;
use crate::chain::interop;
use crate::processes::command::{random_password, write_secret};
use crypto::keystore::{self, Kdf, Password, ScryptCost};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use std::path::{Path, PathBuf};

/// Writes keystores of the first `count` interop validators and the file with their password into a new folder.
///
/// Lightly encrypted: the keys are known to everybody.
pub(super) fn write(dir: &Path, count: u64) -> Result<(Vec<PathBuf>, PathBuf), Error> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::File { action: "cannot write", path, source }
    };
    std::fs::create_dir_all(dir).map_err(failed(dir))?;
    let password = random_password()?;
    let password_file = dir.join("password");
    write_secret(&password_file, &format!("{password}\n"))?;
    let password = Password::new(&password);
    let mut paths = Vec::new();
    for index in 0..count {
        let key = interop::secret_key(index)?;
        // Panics where the system has no randomness; `random_password` has just found some.
        let json =
            keystore::encrypt(&key, &password, Kdf::Scrypt(ScryptCost::LIGHT), &mut UnwrapErr(SysRng))?;
        let path = dir.join(format!("keystore-{index}.json"));
        std::fs::write(&path, json).map_err(failed(&path))?;
        paths.push(path);
    }
    Ok((paths, password_file))
}
