//! Guardian processes: made, set up and driven through the commands an operator types.
//!
//! [`Guardians::prepare`] is `guardian init` for each, `guardian network create`, `guardian custody split` for each
//! keystore and `guardian custody import` at each guardian. [`Guardians::launch`] also starts them. All processes die
//! with the value: by SIGKILL when it is dropped, and, where the program is the devnet itself, by the end of their
//! standard input when even that did not happen.

pub(crate) mod command;
pub mod ports;

use crate::Error;
use command::{Program, Sources};
use crypto::execution::Address;
use futures::future::try_join_all;
use guardian_core::status::StatusSnapshot;
use ports::Port;
use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Child;

/// Names of the first guardians; the later ones are `guardian-5` and so on.
const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// Longest wait for one answer of a guardian's HTTP server.
const STATUS_TIME: Duration = Duration::from_secs(2);

/// Longest time for a started guardian to answer at all: it opens its keys and its store first.
const START_TIME: Duration = Duration::from_secs(60);

/// Lines of a log that [`Guardians::log_tail`] shows.
const TAIL_LINES: usize = 12;

/// A guardian network to be set up.
#[derive(Debug, Clone)]
pub struct GuardianSpec {
    /// The guardian program, or one that behaves like it behind [`Self::prefix_args`].
    pub program: PathBuf,
    /// Arguments before the guardian's own, such as `guardian` for the devnet program.
    pub prefix_args: Vec<OsString>,
    /// An existing folder for everything: one folder a guardian, the definition, the custody files.
    pub dir: PathBuf,
    /// Name of the network, 1 to 32 characters of `a-z 0-9 -`.
    pub network: String,
    /// For each guardian, the Beacon API URLs of its own nodes. As many entries as there are guardians.
    pub beacon_urls_per_guardian: Vec<Vec<String>>,
    /// For each guardian, the JSON-RPC URLs of its own execution nodes. Empty for a network that acts on no contracts.
    pub execution_urls_per_guardian: Vec<Vec<String>>,
    /// For each guardian, its account in the contracts. Empty for a network that acts on none.
    pub accounts: Vec<Address>,
    /// How many guardians must act together.
    pub threshold: u16,
    /// How many of the last guardians are not in the network yet: they have keys and a folder, and no definition.
    pub newcomers: usize,
    /// EIP-2335 keystores of the validators to guard. May be empty.
    pub keystores: Vec<PathBuf>,
    /// A file whose first line is the password of all keystores. Mode 0600.
    pub keystore_password_file: PathBuf,
    /// Further flags of `guardian network create`, such as `["--offline-epochs", "2"]`.
    pub policy: Vec<String>,
}

/// One guardian: its folder, its ports, and its process when it runs.
struct Member {
    name: String,
    dir: PathBuf,
    p2p: Port,
    http: Port,
    feed: Port,
    child: Option<Child>,
}

/// A set of guardians. Index 0 is the first, whose [`guardian_core::guardian_set::GuardianIndex`] is 1.
pub struct Guardians {
    spec: GuardianSpec,
    program: Program,
    members: Vec<Member>,
    client: reqwest::Client,
}

impl Guardians {
    /// Makes keys and configuration of every guardian, defines the network, and gives out the shares. Starts nothing.
    ///
    /// # Errors
    /// [`Error::Command`] with what the failed command said; [`Error::System`], [`Error::File`].
    pub async fn prepare(spec: GuardianSpec) -> Result<Self, Error> {
        let mut guardians = Self::create(spec).await?;
        guardians.define().await?;
        guardians.give_custody().await?;
        Ok(guardians)
    }

    /// [`Self::prepare`], and starts all of them.
    ///
    /// # Errors
    /// As [`Self::prepare`] and [`Self::start`].
    pub async fn launch(spec: GuardianSpec) -> Result<Self, Error> {
        let mut guardians = Self::prepare(spec).await?;
        for index in 0..guardians.len() {
            guardians.start(index)?;
        }
        for index in 0..guardians.len() {
            guardians.answering(index).await?;
        }
        Ok(guardians)
    }

    /// The first step of [`Self::prepare`]: `guardian init` for each.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    pub async fn create(spec: GuardianSpec) -> Result<Self, Error> {
        let program = Program::new(&spec);
        // Fails when somebody was first; either way one is installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client =
            reqwest::Client::builder().timeout(STATUS_TIME).build().map_err(|error| Error::System {
                action: "cannot make an HTTP client".into(),
                source: std::io::Error::other(error),
            })?;
        let mut members = Vec::new();
        for index in 0..spec.beacon_urls_per_guardian.len() {
            let name = name_of(index);
            let dir = spec.dir.join(&name);
            members.push(Member {
                name,
                dir,
                p2p: Port::free()?,
                http: Port::free()?,
                feed: Port::free()?,
                child: None,
            });
        }
        let sources = (0..members.len()).map(|index| Sources::of(&spec, index));
        try_join_all(members.iter().zip(sources).map(|(member, sources)| program.init(member, sources)))
            .await?;
        Ok(Self { spec, program, members, client })
    }

    /// Further flags for [`Self::define`] that were not known before: where the contracts are.
    pub fn add_flags(&mut self, flags: impl IntoIterator<Item = String>) {
        self.spec.policy.extend(flags);
    }

    /// The second step: `guardian network create`, and a copy of the definition for each.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    pub async fn define(&mut self) -> Result<(), Error> {
        let definition = self.definition();
        let url = self.spec.beacon_urls_per_guardian.first().and_then(|urls| urls.first());
        self.program.create_network(&self.spec, self.first_set(), url, &definition).await?;
        for member in self.first_set() {
            let copy = member.dir.join("network.toml");
            std::fs::copy(&definition, &copy).map_err(|source| Error::File {
                action: "cannot copy the network definition to",
                path: copy,
                source,
            })?;
        }
        Ok(())
    }

    /// The third step: `guardian custody split` of the keystores, `guardian custody import` at each guardian.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    pub async fn give_custody(&mut self) -> Result<(), Error> {
        if self.spec.keystores.is_empty() {
            return Ok(());
        }
        let files = self.program.split(&self.spec, &self.definition()).await?;
        let imports = self.first_set().iter().map(|member| self.program.import(member, &files));
        try_join_all(imports).await?;
        Ok(())
    }

    /// Those that are in the network from the beginning.
    fn first_set(&self) -> &[Member] {
        let n = self.members.len().saturating_sub(self.spec.newcomers);
        self.members.get(..n).unwrap_or_default()
    }

    /// Starts a guardian that does not run.
    ///
    /// # Errors
    /// [`Error::System`] when it cannot be started, [`Error::File`] when its log cannot be written.
    pub fn start(&mut self, index: usize) -> Result<(), Error> {
        let log = self.log_path(index);
        let opened: Result<File, _> = OpenOptions::new().create(true).append(true).open(&log);
        let output =
            opened.map_err(|source| Error::File { action: "cannot write", path: log.clone(), source })?;
        let program = &self.program;
        let Some(member) = self.members.get_mut(index) else { return Err(unknown(index)) };
        member.p2p.release();
        member.http.release();
        member.feed.release();
        let config = member.config();
        let errors =
            output.try_clone().map_err(|source| Error::File { action: "cannot write", path: log, source })?;
        let child = program
            .command(&[OsStr::new("run"), OsStr::new("--config"), config.as_os_str()])
            // Held open as long as we live: see the module's words.
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            // A Ctrl-C at the terminal is for us; we end them.
            .process_group(0)
            .spawn()
            .map_err(|source| Error::System {
                action: format!("cannot start guardian {}", member.name),
                source,
            })?;
        member.child = Some(child);
        Ok(())
    }

    /// Lets a guardian's ports go without starting it, for somebody else who takes its seat.
    pub fn release_ports(&mut self, index: usize) {
        if let Some(member) = self.members.get_mut(index) {
            member.p2p.release();
            member.http.release();
            member.feed.release();
        }
    }

    /// Waits until a started guardian tells its status.
    ///
    /// # Errors
    /// [`Error::NotRunning`] when it ends instead, [`Error::Status`] when it takes longer than a minute.
    pub async fn answering(&mut self, index: usize) -> Result<StatusSnapshot, Error> {
        let started = tokio::time::Instant::now();
        loop {
            self.check(index)?;
            match self.status(index).await {
                Ok(status) => return Ok(status),
                Err(error) if started.elapsed() > START_TIME => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// SIGKILL: no last word, no flush. Returns when the process is gone; nothing when it was already.
    ///
    /// # Errors
    /// [`Error::System`] when the system refuses.
    pub async fn kill(&mut self, index: usize) -> Result<(), Error> {
        let Some(mut child) = self.members.get_mut(index).and_then(|member| member.child.take()) else {
            return Ok(());
        };
        child
            .kill()
            .await
            .map_err(|source| Error::System { action: format!("cannot kill guardian {index}"), source })
    }

    /// Starts a guardian again, after SIGKILL when it still runs, and waits until it answers.
    ///
    /// # Errors
    /// As [`Self::start`] and [`Self::answering`].
    pub async fn restart(&mut self, index: usize) -> Result<(), Error> {
        self.kill(index).await?;
        self.start(index)?;
        self.answering(index).await?;
        Ok(())
    }

    /// What a guardian shows the world.
    ///
    /// # Errors
    /// [`Error::Status`] when it does not answer, or not with a status.
    pub async fn status(&self, index: usize) -> Result<StatusSnapshot, Error> {
        let name = self.name(index).to_owned();
        let answer =
            async { self.client.get(self.status_url(index)).send().await?.error_for_status()?.json().await };
        answer.await.map_err(|error: reqwest::Error| Error::Status { name, problem: error.to_string() })
    }

    /// Runs a command of the guardian program to its end, as this guardian's operator does on its machine: with its
    /// configuration. `args` are the command's name and what follows it. Answers its standard output.
    ///
    /// # Errors
    /// [`Error::Command`] with what it said when it fails, [`Error::System`] when it cannot be run.
    pub async fn command(&self, index: usize, args: &[&str]) -> Result<String, Error> {
        let config = self.config_path(index);
        let mut all: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        all.extend([OsStr::new("--config"), config.as_os_str()]);
        self.program.run(&all).await
    }

    /// Whether a guardian's process still runs.
    ///
    /// # Errors
    /// [`Error::NotRunning`] with the way it ended.
    pub fn check(&mut self, index: usize) -> Result<(), Error> {
        let log = self.log_path(index);
        let Some(member) = self.members.get_mut(index) else { return Err(unknown(index)) };
        let status = match member.child.as_mut().map(Child::try_wait) {
            Some(Ok(None)) => return Ok(()),
            Some(Ok(Some(status))) => status.to_string(),
            Some(Err(error)) => error.to_string(),
            None => "not started".to_owned(),
        };
        Err(Error::NotRunning { name: member.name.clone(), status, log })
    }

    /// The process of a guardian that runs.
    pub fn pid(&self, index: usize) -> Option<u32> {
        self.members.get(index)?.child.as_ref()?.id()
    }

    /// How many guardians there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// A guardian's name; empty for an index that is none.
    pub fn name(&self, index: usize) -> &str {
        self.members.get(index).map_or("", |member| &member.name)
    }

    /// Where a guardian tells its status.
    pub fn status_url(&self, index: usize) -> String {
        let port = self.members.get(index).map_or(0, |member| member.http.number());
        format!("http://127.0.0.1:{port}/v1/status")
    }

    /// Where a guardian serves its public feed.
    pub fn feed_url(&self, index: usize) -> String {
        let port = self.members.get(index).map_or(0, |member| member.feed.number());
        format!("http://127.0.0.1:{port}")
    }

    /// Where a guardian logs, in JSON lines.
    pub fn log_path(&self, index: usize) -> PathBuf {
        self.spec.dir.join(format!("{}.log", self.name(index)))
    }

    /// The network definition all of them have.
    pub fn definition(&self) -> PathBuf {
        self.spec.dir.join("network.toml")
    }

    /// A guardian's public card.
    pub fn card_path(&self, index: usize) -> PathBuf {
        self.members.get(index).map(|member| member.dir.join("member.toml")).unwrap_or_default()
    }

    /// A guardian's configuration file.
    pub fn config_path(&self, index: usize) -> PathBuf {
        self.members.get(index).map(Member::config).unwrap_or_default()
    }

    /// The last lines of a guardian's log.
    pub fn log_tail(&self, index: usize) -> String {
        tail(&self.log_path(index))
    }
}

impl Member {
    fn config(&self) -> PathBuf {
        self.dir.join("guardian.toml")
    }
}

/// The name a guardian gets by its place in the set, from 0.
pub fn name_of(index: usize) -> String {
    NAMES.get(index).map_or_else(|| format!("guardian-{}", index + 1), |&name| name.into())
}

fn unknown(index: usize) -> Error {
    Error::Status { name: index.to_string(), problem: "there is no such guardian".into() }
}

fn tail(path: &Path) -> String {
    let Ok(text) = std::fs::read_to_string(path) else { return "(no log)".into() };
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default().join("\n")
}
