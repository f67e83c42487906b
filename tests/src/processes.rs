//! Real guardian processes in a story: the devnet's launcher with the installed guardian program, guardians numbered
//! from 1 as in the network's definition, and logs shown when the story ends badly.

use anyhow::{Context, Result, ensure};
use crypto::keystore::{self, Kdf, Password, ScryptCost};
use crypto::spec::ValidatorIndex;
use devnet::chain::interop;
use devnet::processes::GuardianSpec;
pub use devnet::real::tethered;
use guardian_core::proposal::State;
use guardian_core::status::{ProposalStatus, StatusSnapshot};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest wait for a guardian to come to a wished status. The stories take one to three minutes in all.
const STATUS_LIMIT: Duration = Duration::from_secs(180);

/// The password of the validator's keystore.
const PASSWORD: &str = "correct horse battery staple";

/// Guardians with shares of one interop validator's key, set up and not yet started. Killed when dropped; their logs are
/// shown unless the story [`ended well`](Self::ended_well).
pub struct Guardians {
    processes: devnet::processes::Guardians,
    dir: PathBuf,
    well: bool,
}

impl Guardians {
    /// Makes a guardian for each of `beacons`, which is the one it watches, in a network of `threshold` with the given
    /// rules, and gives out shares of `validator`'s key.
    ///
    /// # Errors
    /// When a command fails, with what it said.
    pub async fn prepare(
        dir: &Path,
        beacons: &[&str],
        threshold: u16,
        rules: &[&str],
        validator: ValidatorIndex,
    ) -> Result<Self> {
        Self::prepare_with(dir, beacons, threshold, 0, rules, validator).await
    }

    /// As [`Guardians::prepare`], the last `newcomers` of them not in the network yet.
    ///
    /// # Errors
    /// When a command fails, with what it said.
    pub async fn prepare_with(
        dir: &Path,
        beacons: &[&str],
        threshold: u16,
        newcomers: usize,
        rules: &[&str],
        validator: ValidatorIndex,
    ) -> Result<Self> {
        let password_file = dir.join("keystore.password");
        let mut file =
            std::fs::File::options().write(true).create_new(true).mode(0o600).open(&password_file)?;
        file.write_all(PASSWORD.as_bytes())?;
        let keystore = dir.join("keystore.json");
        let key = interop::secret_key(validator.0)?;
        let kdf = Kdf::Scrypt(ScryptCost::LIGHT);
        std::fs::write(&keystore, keystore::encrypt(&key, &Password::new(PASSWORD), kdf, &mut rand::rng())?)?;
        let (program, prefix_args) = tethered(program()?);
        let processes = devnet::processes::Guardians::prepare(GuardianSpec {
            program,
            prefix_args,
            dir: dir.to_owned(),
            network: "test".into(),
            beacon_urls_per_guardian: beacons.iter().map(|url| vec![(*url).to_owned()]).collect(),
            execution_urls_per_guardian: Vec::new(),
            accounts: Vec::new(),
            newcomers,
            threshold,
            keystores: vec![keystore],
            keystore_password_file: password_file,
            policy: rules.iter().map(|rule| (*rule).to_owned()).collect(),
        });
        Ok(Self { processes: processes.await?, dir: dir.to_owned(), well: false })
    }

    /// Starts guardian `index` and waits until it answers.
    ///
    /// # Errors
    /// When it ends or does not answer in time.
    pub async fn start(&mut self, index: usize) -> Result<()> {
        self.processes.start(place(index)?)?;
        let answering = self.processes.answering(place(index)?).await;
        answering.with_context(|| format!("its log ends:\n{}", tail(&self.log_file(index))))?;
        Ok(())
    }

    /// SIGKILL to guardian `index`: no last word, no flush.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&mut self, index: usize) -> Result<()> {
        // A guardian that ended by itself would make a story of killed guardians one of crashed ones.
        self.processes.check(place(index)?)?;
        Ok(self.processes.kill(place(index)?).await?)
    }

    /// What guardian `index` shows.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn status(&self, index: usize) -> Result<StatusSnapshot> {
        Ok(self.processes.status(place(index)?).await?)
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
            match self.status(index).await {
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
    pub fn definition(&self) -> PathBuf {
        self.processes.definition()
    }

    /// The folder of guardian `index`.
    pub fn home(&self, index: usize) -> PathBuf {
        self.dir.join(index.checked_sub(1).map(devnet::processes::name_of).unwrap_or_default())
    }

    /// Where guardian `index` serves its public feed.
    pub fn feed_url(&self, index: usize) -> String {
        self.processes.feed_url(index.saturating_sub(1))
    }

    /// Frees the seat of guardian `index`, which was not started, for somebody else: lets its ports go and answers its
    /// identity key file with the password.
    ///
    /// # Errors
    /// When the password cannot be read.
    pub fn give_up_seat(&mut self, index: usize) -> Result<(PathBuf, Password)> {
        self.processes.release_ports(place(index)?);
        let text =
            std::fs::read_to_string(self.home(index).join("password")).context("a guardian's password")?;
        Ok((self.home(index).join("identity.json"), Password::new(text.trim_end())))
    }

    fn log_file(&self, index: usize) -> PathBuf {
        index.checked_sub(1).map(|place| self.processes.log_path(place)).unwrap_or_default()
    }
}

impl Drop for Guardians {
    fn drop(&mut self) {
        if !self.well {
            for index in 1..=self.processes.len() {
                eprintln!("--- end of guardian {index}'s log\n{}", tail(&self.log_file(index)));
            }
        }
    }
}

/// Guardians are numbered from 1, the launcher's places from 0.
fn place(index: usize) -> Result<usize> {
    index.checked_sub(1).context("guardians are numbered from 1")
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
///
/// # Errors
/// When it is not built.
pub fn program() -> Result<PathBuf> {
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

/// The last 60 lines of a log.
pub fn tail(log: &Path) -> String {
    let text =
        std::fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(60)).map(|line| format!("{line}\n")).collect()
}
