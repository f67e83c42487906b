//! Where a password comes from: a file that only its owner can read, or the terminal. Never a flag, never the
//! environment.

use crate::{Error, file};
use crypto::password::Password;
use std::io::IsTerminal;
use std::path::Path;
use zeroize::Zeroizing;

/// Most bytes of a password file.
const MAX_FILE: u64 = 4096;
/// Fewest characters of a password chosen on the terminal.
const MIN_CHOSEN: usize = 8;

/// The first line of a password file.
///
/// # Errors
/// [`Error::Permissions`] naming the fix, [`Error::File`], [`Error::TooLarge`], [`Error::Password`].
pub fn from_file(path: &Path) -> Result<Password, Error> {
    file::refuse_if_shared(path)?;
    let bytes = file::read(path, "password file", MAX_FILE)?;
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let problem = |problem: &str| Error::Password { problem: format!("{} {problem}", path.display()) };
    let text = std::str::from_utf8(line).map_err(|_| problem("is not UTF-8 text"))?;
    if text.is_empty() {
        return Err(problem("has an empty first line; write the password there"));
    }
    Ok(Password::new(text))
}

/// From the file when there is one, else from the terminal.
///
/// # Errors
/// As [`from_file`]; [`Error::Password`] when there is no terminal.
pub fn obtain(path: Option<&Path>, what: &str) -> Result<Password, Error> {
    match path {
        Some(path) => from_file(path),
        None => ask(&format!("Password of {what}: ")).map(|text| Password::new(&text)),
    }
}

/// A new password: from the file when there is one, else chosen on the terminal, asked twice.
///
/// # Errors
/// As [`obtain`]; [`Error::Password`] when it is too short or the two differ.
pub fn choose(path: Option<&Path>) -> Result<Password, Error> {
    if let Some(path) = path {
        return from_file(path);
    }
    let first = ask("New password for this guardian's keys: ")?;
    if first.chars().count() < MIN_CHOSEN {
        return Err(Error::Password { problem: format!("too short; use at least {MIN_CHOSEN} characters") });
    }
    let again = ask("The same again: ")?;
    if *first != *again {
        return Err(Error::Password { problem: "the two differ; run the command again".into() });
    }
    Ok(Password::new(&first))
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Error> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::Password {
            problem: "there is no terminal to ask on; give a password file (mode 0600)".into(),
        });
    }
    let text = rpassword::prompt_password(prompt)
        .map_err(|e| Error::Password { problem: format!("cannot be read from the terminal: {e}") })?;
    Ok(Zeroizing::new(text))
}

#[cfg(test)]
mod tests;
