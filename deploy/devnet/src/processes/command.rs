//! The guardian program's commands, run to their end. Keys are wrapped at the light cost: these networks are thrown
//! away.

use super::{GuardianSpec, Member};
use crate::Error;
use crypto::execution::Address;
use rand::TryRng;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// How to call the guardian program.
pub(super) struct Program {
    path: PathBuf,
    prefix: Vec<OsString>,
}

/// What one guardian sees the world through, and who it is in the contracts.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    beacon: &'a [String],
    execution: &'a [String],
    account: Option<Address>,
}

impl<'a> Sources<'a> {
    pub(super) fn of(spec: &'a GuardianSpec, index: usize) -> Self {
        let urls = |all: &'a [Vec<String>]| all.get(index).map(Vec::as_slice).unwrap_or_default();
        Self {
            beacon: urls(&spec.beacon_urls_per_guardian),
            execution: urls(&spec.execution_urls_per_guardian),
            account: spec.accounts.get(index).copied(),
        }
    }
}

impl Program {
    pub(super) fn new(spec: &GuardianSpec) -> Self {
        Self { path: spec.program.clone(), prefix: spec.prefix_args.clone() }
    }

    /// A call that dies with its handle.
    pub(super) fn command(&self, args: &[&OsStr]) -> Command {
        let mut command = Command::new(&self.path);
        command.args(&self.prefix).args(args).kill_on_drop(true);
        command
    }

    /// `guardian init`, with a password of the member's own; logs in JSON.
    pub(super) async fn init(&self, member: &Member, sources: Sources<'_>) -> Result<(), Error> {
        std::fs::create_dir_all(&member.dir).map_err(|source| Error::File {
            action: "cannot make",
            path: member.dir.clone(),
            source,
        })?;
        let password = member.dir.join("password");
        write_secret(&password, &format!("{}\n", random_password()?))?;
        let p2p = format!("/ip4/127.0.0.1/tcp/{}", member.p2p.number());
        let http = format!("127.0.0.1:{}", member.http.number());
        let feed = format!("127.0.0.1:{}", member.feed.number());
        let mut args: Vec<&OsStr> = ["init", "--dir"].map(OsStr::new).into();
        args.push(member.dir.as_os_str());
        args.extend(["--name", &member.name, "--p2p-listen", &p2p, "--http-listen", &http].map(OsStr::new));
        args.extend(["--feed-listen", &feed].map(OsStr::new));
        args.extend(["--kdf", "light", "--password-file"].map(OsStr::new));
        args.push(password.as_os_str());
        for url in sources.beacon {
            args.extend(["--beacon", url].map(OsStr::new));
        }
        for url in sources.execution {
            args.extend(["--execution", url].map(OsStr::new));
        }
        let account = sources.account.map(|account| account.to_string());
        if let Some(account) = &account {
            args.extend(["--account", account].map(OsStr::new));
        }
        self.run(&args).await?;
        log_in_json(&member.config())
    }

    /// `guardian network create`.
    pub(super) async fn create_network(
        &self,
        spec: &GuardianSpec,
        members: &[Member],
        beacon_url: Option<&String>,
        out: &Path,
    ) -> Result<(), Error> {
        let threshold = spec.threshold.to_string();
        let cards: Vec<PathBuf> = members.iter().map(|member| member.dir.join("member.toml")).collect();
        let mut args: Vec<&OsStr> =
            ["network", "create", "--name", &spec.network, "--threshold", &threshold].map(OsStr::new).into();
        for card in &cards {
            args.extend([OsStr::new("--member"), card.as_os_str()]);
        }
        if let Some(url) = beacon_url {
            args.extend(["--beacon", url].map(OsStr::new));
        }
        args.extend(spec.policy.iter().map(OsStr::new));
        args.extend([OsStr::new("--out"), out.as_os_str()]);
        self.run(&args).await.map(drop)
    }

    /// `guardian custody split` of all keystores. Answers the custody files, one for each validator.
    pub(super) async fn split(&self, spec: &GuardianSpec, network: &Path) -> Result<Vec<PathBuf>, Error> {
        let dir = spec.dir.join("custody");
        let failed = |action| {
            let path = dir.clone();
            move |source| Error::File { action, path, source }
        };
        std::fs::create_dir_all(&dir).map_err(failed("cannot make"))?;
        // With several keystores the command names the files itself.
        let out = if spec.keystores.len() == 1 { dir.join("validator.json") } else { dir.clone() };
        let mut args: Vec<&OsStr> = ["custody", "split"].map(OsStr::new).into();
        for keystore in &spec.keystores {
            args.extend([OsStr::new("--keystore"), keystore.as_os_str()]);
        }
        args.extend([OsStr::new("--password-file"), spec.keystore_password_file.as_os_str()]);
        args.extend([OsStr::new("--network"), network.as_os_str(), OsStr::new("--out"), out.as_os_str()]);
        self.run(&args).await?;
        let entries = std::fs::read_dir(&dir).map_err(failed("cannot read"))?;
        let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
        let mut files = paths.map_err(failed("cannot read"))?;
        files.sort();
        Ok(files)
    }

    /// `guardian custody import`.
    pub(super) async fn import(&self, member: &Member, files: &[PathBuf]) -> Result<(), Error> {
        let config = member.config();
        let mut args: Vec<&OsStr> =
            ["custody", "import", "--kdf", "light", "--config"].map(OsStr::new).into();
        args.push(config.as_os_str());
        args.extend(files.iter().map(|file| file.as_os_str()));
        self.run(&args).await.map(drop)
    }

    /// Any command, to its end; answers its standard output.
    pub(super) async fn run(&self, args: &[&OsStr]) -> Result<String, Error> {
        let words = args.iter().take(2).map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        let output = self.command(args).stdin(Stdio::null()).output().await;
        let output = output.map_err(|source| Error::System {
            action: format!("cannot run {}", self.path.display()),
            source,
        })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said =
            [output.stderr, output.stdout].map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        Err(Error::Command { command: words, status: output.status.to_string(), output: said.join("\n") })
    }
}

/// A password nobody needs to remember: 128 random bits in hex.
pub(crate) fn random_password() -> Result<String, Error> {
    let mut bytes = [0u8; 16];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).map_err(|error| Error::System {
        action: "the system has no randomness".into(),
        source: std::io::Error::other(error),
    })?;
    Ok(hex::encode(bytes))
}

/// Writes a new file that only its owner can read.
pub(crate) fn write_secret(path: &Path, text: &str) -> Result<(), Error> {
    use std::io::Write;
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|source| Error::File {
        action: "cannot write",
        path: path.to_owned(),
        source,
    })
}

/// Turns the sample configuration's `format` to JSON, as an operator would with an editor.
fn log_in_json(config: &Path) -> Result<(), Error> {
    let failed = |action| move |source| Error::File { action, path: config.to_owned(), source };
    let text = std::fs::read_to_string(config).map_err(failed("cannot read"))?;
    let changed = text.replace("format = \"human\"", "format = \"json\"");
    if changed == text {
        return Err(failed("cannot choose JSON logs in")(std::io::ErrorKind::InvalidData.into()));
    }
    std::fs::write(config, changed).map_err(failed("cannot write"))
}
