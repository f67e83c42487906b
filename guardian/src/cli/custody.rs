//! `guardian custody split|import`: a validator's key on its way to the guardians. The key itself is never written.

use super::{Kdf, Output, print, print_json, randomness};
use crate::file::{self, Access};
use crate::shares::{CustodyPackage, Imported, MAX_SHARES_HELD};
use crate::{Config, Error, Shares, Store, definition, keyfile, password};
use anyhow::{Context, bail};
use crypto::custody::CustodyPublicKey;
use crypto::keystore::{self, MAX_KEYSTORE};
use crypto::password::Password;
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

const SPLIT_EXAMPLES: &str = "\
Examples:
  guardian custody split --keystore keystore.json --password-file keystore.password \\
    --network network.toml --out shares.json
  guardian custody split --keystore a.json --keystore b.json --network network.toml --out shares/

With several keystores --out is a directory, with one file for each validator. The output holds no secret in the
open: give it to every guardian.";

const IMPORT_EXAMPLES: &str = "\
Examples:
  guardian custody import --config alice/guardian.toml shares.json
  guardian custody import --config alice/guardian.toml shares/*.json

The guardian must not be running. Either every file is imported or none; importing the same again changes nothing.";

#[derive(Debug, clap::Subcommand)]
pub(super) enum Custody {
    /// Split validator keys (EIP-2335 keystores) into one sealed share for each guardian
    Split(Split),
    /// Take this guardian's shares out of custody files, check them and keep them encrypted
    Import(Import),
}

#[derive(Debug, clap::Args)]
#[command(after_help = SPLIT_EXAMPLES)]
pub(super) struct Split {
    /// EIP-2335 keystore of a validator; may be given several times
    #[arg(long, value_name = "FILE", required = true)]
    keystore: Vec<PathBuf>,
    /// File with the keystores' password on its first line, mode 0600; asked on the terminal when absent
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The network definition
    #[arg(long, value_name = "FILE")]
    network: PathBuf,
    /// File to write; a directory with several keystores
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, clap::Args)]
#[command(after_help = IMPORT_EXAMPLES)]
pub(super) struct Import {
    /// Configuration of the guardian
    #[arg(long, value_name = "FILE", default_value = "guardian.toml")]
    config: PathBuf,
    /// Files made by `guardian custody split`
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// What opening the data key costs, when this import makes it
    #[arg(long, value_enum, default_value = "standard")]
    kdf: Kdf,
    #[command(flatten)]
    output: Output,
}

impl Custody {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Split(command) => command.run(),
            Self::Import(command) => command.run(),
        }
    }
}

impl Split {
    fn run(self) -> anyhow::Result<()> {
        let definition = definition::load(&self.network)?;
        let several = self.keystore.len() > 1;
        if !several && self.out.exists() {
            return Err(Error::Exists { path: self.out }.into());
        }
        let password = password::obtain(self.password_file.as_deref(), "the validator keystores")?;

        // All keystores are opened and split before anything is written.
        let progress = bar(self.keystore.len(), "splitting");
        let mut packages = BTreeMap::new();
        for path in &self.keystore {
            let package = split(path, &password, &definition)
                .with_context(|| format!("{} was not split, nothing was written", path.display()))?;
            let out =
                if several { self.out.join(format!("{}.json", package.pubkey)) } else { self.out.clone() };
            if out.exists() {
                return Err(Error::Exists { path: out }.into());
            }
            if packages.insert(out, package).is_some() {
                bail!("{} holds the key of a keystore given before; give each once", path.display());
            }
            progress.inc(1);
        }
        progress.finish_and_clear();
        if several {
            file::create_directory(&self.out)?;
        }
        for (path, package) in &packages {
            let mut text = serde_json::to_vec_pretty(package)?;
            text.push(b'\n');
            file::create(path, &text, Access::Public)?;
        }

        if self.output.json {
            let list: Vec<_> = packages
                .iter()
                .map(|(path, package)| serde_json::json!({ "file": path, "pubkey": package.pubkey }))
                .collect();
            return print_json(&serde_json::json!({ "network_id": definition.id(), "packages": list }));
        }
        let threshold = definition.guardian_set.threshold;
        for (path, package) in &packages {
            print(&format!(
                "{}: {} of {} shares of {}",
                path.display(),
                threshold.t(),
                threshold.n(),
                package.pubkey
            ))?;
        }
        print(
            "Next: give this to every guardian, for `guardian custody import`. It holds no secret in the open.",
        )
    }
}

fn split(
    path: &std::path::Path,
    password: &Password,
    definition: &NetworkDefinition,
) -> anyhow::Result<CustodyPackage> {
    let json = file::read(path, "keystore", MAX_KEYSTORE as u64)?;
    let secret = keystore::decrypt(&json, password).map_err(|e| match e {
        crypto::Error::WrongPassword => Error::WrongPassword { path: path.into() },
        other => Error::Document { path: path.into(), line: None, problem: other.to_string() },
    })?;
    Ok(CustodyPackage::split(&secret, definition, &mut randomness())?)
}

impl Import {
    fn run(self) -> anyhow::Result<()> {
        if self.files.len() > MAX_SHARES_HELD {
            bail!("{} files are more than a guardian may hold shares, {MAX_SHARES_HELD}", self.files.len());
        }
        let config = Config::load(&self.config)?;
        let definition = definition::load(&config.network)?;
        let password = password::obtain(config.keys.password_file.as_deref(), "this guardian's keys")?;
        let key = keyfile::open_custody(&config.keys.custody, &password)?;
        let me = member_by_custody_key(&definition, key.public_key())?;
        // Both keys must be the same guardian's, or it would run under one number with the shares of another.
        let peer_id = keyfile::peer_id(&config.keys.identity)?;
        if definition.member(me)?.peer_id != peer_id {
            return Err(Error::Identity {
                problem: format!(
                    "the custody key is guardian {}'s, the identity key (PeerId {peer_id}) is not; \
                     check [keys] in {}",
                    me.0,
                    self.config.display()
                ),
            }
            .into());
        }

        let progress = bar(self.files.len(), "checking");
        let mut shares = Vec::with_capacity(self.files.len());
        for path in &self.files {
            let share = CustodyPackage::load(path)
                .and_then(|package| package.open(&definition, me, &key))
                .with_context(|| format!("nothing was imported, because of {}", path.display()))?;
            shares.push(share);
            progress.inc(1);
        }
        progress.finish_and_clear();
        let store = Arc::new(Store::open(&config.data_dir, definition.id(), me)?);
        let mut held = Shares::open(&store, &definition, me, &password)?;
        let Imported { added, known } = held
            .import(&shares, &password, self.kdf.cost(), &mut randomness())
            .context("nothing was imported")?;

        let total = held.custody().len();
        if self.output.json {
            let pubkeys: Vec<_> = shares.iter().map(|(key_set, _)| key_set.public_key()).collect();
            return print_json(&serde_json::json!({
                "guardian": me, "added": added, "known": known, "held": total, "validators": pubkeys,
            }));
        }
        print(&format!(
            "Guardian {}: {added} shares imported, {known} were held already, {total} held now.\n\
             Next: guardian run --config {}",
            me.0,
            self.config.display()
        ))
    }
}

fn member_by_custody_key(
    definition: &NetworkDefinition,
    key: CustodyPublicKey,
) -> Result<GuardianIndex, Error> {
    let mut members = definition.guardian_set.members.iter();
    let member =
        members.find(|member| member.custody_key.parse() == Ok(key)).ok_or_else(|| Error::Identity {
            problem: format!(
                "the custody key file does not hold the key of any member of network `{}` ({}); \
             check `keys.custody` and `network` in the configuration",
                definition.name,
                definition.id()
            ),
        })?;
    Ok(member.index)
}

/// A progress bar on standard error; hidden where that is no terminal.
fn bar(length: usize, what: &'static str) -> ProgressBar {
    if length < 2 {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}, {eta} left");
    ProgressBar::new(length as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(what)
}
