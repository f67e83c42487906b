//! Real guardian processes, set up and driven through the commands an operator would type.

use anyhow::{Context, Result, bail, ensure};
use guardian_core::proposal::State;
use guardian_core::status::{ProposalStatus, StatusSnapshot};
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// Names of guardians 1, 2, 3 and 4.
pub const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];

/// The password of every key file in a test.
pub const PASSWORD: &str = "correct horse battery staple";

/// Longest a guardian may take to answer after its start.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Longest wait for a guardian to come to a wished status. The stories take about a minute.
const STATUS_LIMIT: Duration = Duration::from_secs(180);

/// Four guardians with their folders, ports and processes. Killed when dropped; their logs are shown unless the
/// story [`ended well`](Self::ended_well).
pub struct Guardians {
    program: PathBuf,
    dir: PathBuf,
    members: Vec<Member>,
    http: reqwest::Client,
    well: bool,
}

struct Member {
    dir: PathBuf,
    http_port: u16,
    child: Option<Child>,
}

impl Guardians {
    /// `guardian init` for each of the four, and `guardian network create` with 3 of 4 and the given rules.
    /// Guardian i watches `beacons[i % beacons.len()]`.
    ///
    /// # Errors
    /// When a command fails, with what it said.
    pub fn create(dir: &Path, beacons: &[&str], rules: &[&str]) -> Result<Self> {
        ensure!(!beacons.is_empty(), "a beacon node is needed");
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
        let mut guardians =
            Self { program: program()?, dir: dir.to_owned(), members: Vec::new(), http, well: false };
        secret_file(&guardians.password_file())?;
        for (name, beacon) in NAMES.iter().zip(beacons.iter().cycle()) {
            let (home, p2p_port, http_port) = (dir.join(name), free_port()?, free_port()?);
            guardians.command([
                "init".as_ref(),
                "--dir".as_ref(),
                home.as_os_str(),
                "--name".as_ref(),
                OsStr::new(name),
                "--beacon".as_ref(),
                OsStr::new(beacon),
                "--p2p-listen".as_ref(),
                format!("/ip4/127.0.0.1/tcp/{p2p_port}").as_ref(),
                "--http-listen".as_ref(),
                format!("127.0.0.1:{http_port}").as_ref(),
                "--password-file".as_ref(),
                guardians.password_file().as_os_str(),
                "--kdf".as_ref(),
                "light".as_ref(),
            ])?;
            guardians.members.push(Member { dir: home, http_port, child: None });
        }
        let mut create: Vec<&OsStr> =
            ["network", "create", "--name", "test", "--threshold", "3"].map(OsStr::new).into();
        let cards: Vec<PathBuf> =
            guardians.members.iter().map(|member| member.dir.join("member.toml")).collect();
        for card in &cards {
            create.extend([OsStr::new("--member"), card.as_os_str()]);
        }
        let definition = guardians.definition_file();
        create.extend([OsStr::new("--beacon"), OsStr::new(beacons[0])]);
        create.extend(rules.iter().map(OsStr::new));
        create.extend([OsStr::new("--out"), definition.as_os_str()]);
        guardians.command(create)?;
        for member in &guardians.members {
            std::fs::copy(&definition, member.dir.join("network.toml")).context("hand out the definition")?;
        }
        Ok(guardians)
    }

    /// `guardian custody split` of a keystore that [`PASSWORD`] opens, and `guardian custody import` by each.
    ///
    /// # Errors
    /// When a command fails, with what it said.
    pub fn give_custody(&self, keystore: &Path) -> Result<()> {
        let custody = self.dir.join("custody-of-validator.json");
        self.command([
            "custody".as_ref(),
            "split".as_ref(),
            "--keystore".as_ref(),
            keystore.as_os_str(),
            "--password-file".as_ref(),
            self.password_file().as_os_str(),
            "--network".as_ref(),
            self.definition_file().as_os_str(),
            "--out".as_ref(),
            custody.as_os_str(),
        ])?;
        for index in 1..=self.members.len() {
            let config = self.config_file(index);
            self.command([
                "custody".as_ref(),
                "import".as_ref(),
                "--kdf".as_ref(),
                "light".as_ref(),
                "--config".as_ref(),
                config.as_os_str(),
                custody.as_os_str(),
            ])?;
        }
        Ok(())
    }

    /// Starts guardian `index` (from 1) and waits until it answers.
    ///
    /// # Errors
    /// When it ends at once or does not answer in time.
    pub async fn start(&mut self, index: usize) -> Result<()> {
        let (config, log) = (self.config_file(index), self.log_file(index));
        let output = OpenOptions::new().create(true).append(true).open(&log)?;
        let child = Command::new(&self.program)
            .args(["run".as_ref(), "--config".as_ref(), config.as_os_str()])
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("start {}", self.program.display()))?;
        self.member_mut(index)?.child = Some(child);
        let started = tokio::time::Instant::now();
        loop {
            if let Some(status) =
                self.member_mut(index)?.child.as_mut().context("just started")?.try_wait()?
            {
                bail!("guardian {index} ended ({status}):\n{}", tail(&log));
            }
            if self.status(index).await.is_ok() {
                return Ok(());
            }
            ensure!(started.elapsed() < START_LIMIT, "guardian {index} does not answer:\n{}", tail(&log));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// SIGKILL to guardian `index`: no last word, no flush.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self, index: usize) -> Result<()> {
        let mut child =
            self.member_mut(index)?.child.take().with_context(|| format!("guardian {index} does not run"))?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Whether guardian `index` runs.
    pub fn runs(&mut self, index: usize) -> bool {
        self.member_mut(index).is_ok_and(|member| {
            member.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
        })
    }

    /// `GET /v1/status` of guardian `index`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn status(&self, index: usize) -> Result<StatusSnapshot> {
        let port = self.members.get(index.wrapping_sub(1)).context("guardians are 1 to 4")?.http_port;
        let url = format!("http://127.0.0.1:{port}/v1/status");
        Ok(self.http.get(url).send().await?.error_for_status()?.json().await?)
    }

    /// Asks guardian `index` until its status is as wished, and answers it.
    ///
    /// # Errors
    /// When it does not come to that in time, with its last status.
    pub async fn status_until(
        &self,
        index: usize,
        wish: &str,
        mut fulfilled: impl FnMut(&StatusSnapshot) -> bool,
    ) -> Result<StatusSnapshot> {
        let started = tokio::time::Instant::now();
        loop {
            let status = self.status(index).await;
            match status {
                Ok(status) if fulfilled(&status) => return Ok(status),
                status => ensure!(
                    started.elapsed() < STATUS_LIMIT,
                    "guardian {index} never came to `{wish}`; its last status: {}",
                    status.map_or_else(|problem| problem.to_string(), |status| format!("{status:#?}"))
                ),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The story ended as it should: nobody needs the logs.
    pub fn ended_well(mut self) {
        self.well = true;
    }

    /// The network's definition, as `guardian network create` wrote it.
    pub fn definition_file(&self) -> PathBuf {
        self.dir.join("network.toml")
    }

    /// A file with [`PASSWORD`] in it.
    pub fn password_file(&self) -> PathBuf {
        self.dir.join("password")
    }

    /// The folder of guardian `index`.
    pub fn home(&self, index: usize) -> PathBuf {
        NAMES.get(index.wrapping_sub(1)).map_or_else(|| self.dir.clone(), |name| self.dir.join(name))
    }

    /// Where guardian `index` logs to.
    pub fn log_file(&self, index: usize) -> PathBuf {
        self.home(index).join("guardian.log")
    }

    fn config_file(&self, index: usize) -> PathBuf {
        self.home(index).join("guardian.toml")
    }

    fn member_mut(&mut self, index: usize) -> Result<&mut Member> {
        self.members.get_mut(index.wrapping_sub(1)).context("guardians are 1 to 4")
    }

    /// Runs one command to its end.
    fn command<'a>(&self, args: impl IntoIterator<Item = &'a OsStr>) -> Result<Output> {
        let mut command = Command::new(&self.program);
        let output = command.args(args).stdin(Stdio::null()).output()?;
        ensure!(
            output.status.success(),
            "{command:?} failed ({}):\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(output)
    }
}

impl Drop for Guardians {
    fn drop(&mut self) {
        for member in &mut self.members {
            if let Some(child) = &mut member.child {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
        if !self.well {
            for index in 1..=self.members.len() {
                eprintln!("--- end of guardian {index}'s log\n{}", tail(&self.log_file(index)));
            }
        }
    }
}

/// How far a proposal has come on the way to [`State::Finalized`]; ends elsewhere count as nothing.
pub fn progress(state: State) -> usize {
    let way =
        [State::Open, State::Certified, State::Signed, State::Submitted, State::Included, State::Finalized];
    way.iter().position(|step| *step == state).map_or(0, |step| step + 1)
}

/// The proposal that has come furthest. One that found no quorum in its voting window is followed by another.
pub fn leading(status: &StatusSnapshot) -> Option<&ProposalStatus> {
    status.proposals.iter().max_by_key(|story| progress(story.state))
}

/// The guardian binary, built beside the test's own.
fn program() -> Result<PathBuf> {
    let test = std::env::current_exe().context("where this test lies")?;
    let profile = test.ancestors().nth(2).context("target/PROFILE/deps")?;
    let program = profile.join("guardian");
    ensure!(
        program.exists(),
        "{} is not there: run `make build` first (`make test` does)",
        program.display()
    );
    Ok(program)
}

/// Writes [`PASSWORD`] to a file only we can read.
fn secret_file(path: &Path) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(PASSWORD.as_bytes()).context("write the password")
}

/// A TCP port nobody listens on. Below the range from which outgoing connections take theirs, so that a process that was
/// killed finds its port free when it comes back.
///
/// # Errors
/// When none of the range is free.
pub fn free_port() -> Result<u16> {
    const FIRST: u16 = 20_000;
    const COUNT: u16 = 12_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test processes that run side by side start at different places.
    let offset = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap_or_default();
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (offset.wrapping_mul(17) % COUNT + step % COUNT) % COUNT;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port between {FIRST} and {}", FIRST + COUNT)
}

/// The last 60 lines of a log.
pub fn tail(log: &Path) -> String {
    let text =
        std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(60)).map(|line| format!("{line}\n")).collect()
}
