//! The story: a chain, four guardians, one validator that goes dark, and its exit.
//!
//! [`run`] is all of it. [`play`] keeps what was started, for whoever wants to look around afterwards.

pub mod fact;
mod journal;
mod keystores;
mod witness;

use crate::Error;
use crate::chain::Chain;
use crate::chain::config::{ChainConfig, Clock};
use crate::chain::node::Node;
use crate::narrator::{CHAIN, Narrator, OPERATOR};
use crate::processes::{GuardianSpec, Guardians, name_of};
use crypto::spec::{Epoch, Slot, ValidatorIndex};
use fact::Fact;
use futures::future::join_all;
use guardian_core::status::StatusSnapshot;
use serde::Serialize;
use std::ffi::OsString;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;
use witness::Witness;

/// Guardians of the story.
const GUARDIANS: usize = 4;
/// How many of them must act together.
const THRESHOLD: u16 = 3;
/// Slots an epoch.
const SLOTS_PER_EPOCH: NonZeroU64 = NonZeroU64::MIN.saturating_add(5);
/// Epochs that are past when the story begins, so that the chain finalizes from its first moment.
const HEAD_START: u64 = 5;
/// Validators whose keys the guardians hold: the first ones.
const GUARDED: u64 = 4;
/// The one that goes dark.
const VALIDATOR: ValidatorIndex = ValidatorIndex(3);
/// k of the offline rule.
const OFFLINE_EPOCHS: u64 = 2;
/// Time between two looks at everything.
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// Time for what does not depend on the chain's pace.
const SETUP_TIME: Duration = Duration::from_secs(90);
/// Epochs for what does: about 9 are needed.
const STORY_EPOCHS: u64 = 16;

/// Fewest validators of a story: two thirds of the stake must be included before an epoch's last slot, one of them dark.
pub const MIN_VALIDATORS: u64 = 12;

/// How to run the story.
#[derive(Debug, Clone)]
pub struct Options {
    /// The guardian program.
    pub program: PathBuf,
    /// Arguments before the guardian's own.
    pub prefix_args: Vec<OsString>,
    /// Folder for keys, stores and logs; must be empty or absent. A new one among the temporary files when `None`.
    pub dir: Option<PathBuf>,
    /// Validators of the chain, at least [`MIN_VALIDATORS`].
    pub validators: u64,
    /// Length of a slot, seconds.
    pub seconds_per_slot: NonZeroU64,
}

/// How the story ended, when it ended well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Who left.
    pub validator: ValidatorIndex,
    /// Under which proposal.
    pub proposal: String,
    /// Names of the guardians that approved, in the order their votes were seen.
    pub approvals: Vec<String>,
    /// Names of the guardians whose partial signatures were seen.
    pub partials: Vec<String>,
    /// Slot of the block that included the exit.
    pub included: Slot,
    /// First epoch the validator is off duty.
    pub exit_epoch: Epoch,
    /// The epoch whose finality covers the exit.
    pub finalized: Epoch,
    /// From the first line to the last, milliseconds.
    pub elapsed_ms: u64,
}

/// What runs when the story has ended: dropping it ends all of it.
pub struct Stage {
    /// The chain.
    pub chain: Chain,
    /// Its beacon nodes, one a guardian.
    pub nodes: Vec<Node>,
    /// The guardians.
    pub guardians: Guardians,
    /// Where everything is kept.
    pub dir: PathBuf,
}

/// Runs the story to its end and stops everything.
///
/// # Errors
/// As [`play`].
pub async fn run(options: Options, narrator: &mut Narrator) -> Result<Outcome, Error> {
    play(options, narrator).await.map(|(outcome, _stage)| outcome)
}

/// Runs the story to its end and leaves everything running.
///
/// # Errors
/// What failed, or [`Error::Deadline`]; by then the narrator has told of it, with a diagnosis.
pub async fn play(options: Options, narrator: &mut Narrator) -> Result<(Outcome, Stage), Error> {
    let deadline = SETUP_TIME
        + Duration::from_secs(STORY_EPOCHS * SLOTS_PER_EPOCH.get())
            .saturating_mul(u32::try_from(options.seconds_per_slot.get()).unwrap_or(u32::MAX));
    let mut stage = match set(&options, narrator).await {
        Ok(stage) => stage,
        Err(error) => {
            narrator.fail(&error.to_string(), "Nothing runs any more.");
            return Err(error);
        }
    };
    match watch(&mut stage, narrator, deadline).await {
        Ok(outcome) => {
            let text = format!(
                "{} of {GUARDIANS} guardians approved, {} partial signatures made one, and validator {} leaves the \
                 chain in epoch {}: finalized after {:.1} s.",
                outcome.approvals.len(),
                outcome.partials.len(),
                outcome.validator,
                outcome.exit_epoch,
                narrator.elapsed().as_secs_f64()
            );
            narrator.succeed(&text, &serde_json::to_value(&outcome).unwrap_or_default());
            narrator.say(&format!("         Keys, stores and logs are in {}", stage.dir.display()));
            Ok((outcome, stage))
        }
        Err(error) => {
            let diagnosis = diagnose(&stage).await;
            narrator.fail(&error.to_string(), &diagnosis);
            Err(error)
        }
    }
}

/// Starts the chain and the guardians.
async fn set(options: &Options, narrator: &mut Narrator) -> Result<Stage, Error> {
    if options.validators < MIN_VALIDATORS {
        let problem = format!("is {}; the story needs at least {MIN_VALIDATORS}", options.validators);
        return Err(Error::Config { field: "validators", problem });
    }
    let dir = folder(options.dir.as_deref())?;
    narrator.waiting("starting the chain".into());
    let chain = Chain::start(&ChainConfig {
        validators: options.validators,
        seconds_per_slot: options.seconds_per_slot,
        slots_per_epoch: SLOTS_PER_EPOCH,
        clock: Clock::Wall { head_start: HEAD_START },
        ..ChainConfig::default()
    })?;
    let view = chain.view();
    let started = Fact::ChainStarted {
        validators: options.validators,
        fork: format!("{:?}", view.head().fork()),
        epoch: view.epoch(),
        finalized: view.finalized().epoch,
    };
    let slot = || chain.view().head().slot;
    narrator.tell(slot(), &[CHAIN], &started);

    let mut nodes = Vec::new();
    for index in 0..GUARDIANS {
        let node = chain.node(&format!("node-of-{}", name_of(index))).await?;
        narrator.tell(slot(), &[CHAIN], &Fact::BeaconNode { name: node.name().into(), url: node.url() });
        nodes.push(node);
    }
    let (keystores, keystore_password_file) = keystores::write(&dir.join("keystores"), GUARDED)?;
    narrator.waiting("making four guardians' keys".into());
    let mut guardians = Guardians::create(GuardianSpec {
        program: options.program.clone(),
        prefix_args: options.prefix_args.clone(),
        dir: dir.clone(),
        network: "devnet".into(),
        beacon_urls_per_guardian: nodes.iter().map(|node| vec![node.url()]).collect(),
        threshold: THRESHOLD,
        keystores,
        keystore_password_file,
        policy: ["--offline-epochs", &OFFLINE_EPOCHS.to_string(), "--vote-window", "24"]
            .map(String::from)
            .into(),
    })
    .await?;
    for index in 0..guardians.len() {
        let made = Fact::GuardianMade { dir: dir.join(guardians.name(index)) };
        narrator.tell(slot(), &[guardians.name(index)], &made);
    }
    narrator.waiting("defining the network".into());
    guardians.define().await?;
    let network_id = guardian::definition::load(&guardians.definition())
        .map(|definition| definition.id().to_string())
        .unwrap_or_default();
    let guardians_count = guardians.len();
    narrator.tell(
        slot(),
        &["guardians"],
        &Fact::NetworkDefined { network_id, threshold: THRESHOLD, guardians: guardians_count },
    );
    narrator.waiting("splitting the validators' keys".into());
    guardians.give_custody().await?;
    let split = Fact::KeysSplit { validators: GUARDED, threshold: THRESHOLD, guardians: guardians_count };
    narrator.tell(slot(), &[OPERATOR], &split);
    let everybody: Vec<String> = (0..guardians.len()).map(|index| guardians.name(index).to_owned()).collect();
    let everybody: Vec<&str> = everybody.iter().map(String::as_str).collect();
    narrator.tell(slot(), &everybody, &Fact::SharesImported { validators: GUARDED });

    narrator.waiting("starting four guardians".into());
    for index in 0..guardians.len() {
        guardians.start(index)?;
    }
    for index in 0..guardians.len() {
        guardians.answering(index).await?;
        let started = Fact::GuardianStarted {
            status: guardians.status_url(index),
            log: guardians.log_path(index),
            pid: guardians.pid(index),
        };
        narrator.tell(slot(), &[guardians.name(index)], &started);
    }
    Ok(Stage { chain, nodes, guardians, dir })
}

/// Turns the validator dark when everybody watches it, and follows what comes of it.
async fn watch(stage: &mut Stage, narrator: &mut Narrator, deadline: Duration) -> Result<Outcome, Error> {
    let mut witness = Witness::new(VALIDATOR, OFFLINE_EPOCHS, &stage.guardians);
    let mut dark = false;
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        for index in 0..stage.guardians.len() {
            stage.guardians.check(index)?;
        }
        let before = stage.chain.view();
        let statuses = statuses(&stage.guardians).await;
        let view = stage.chain.view();
        for news in witness.look(&before, &view, &statuses, &stage.guardians) {
            let who: Vec<&str> = news.who.iter().map(String::as_str).collect();
            narrator.tell(news.slot, &who, &news.fact);
        }
        if !dark && witness.is_set(&statuses) {
            stage.chain.set_dark([VALIDATOR]).await?;
            dark = true;
            let gone = Fact::WentDark { validator: VALIDATOR, epoch: view.epoch() };
            narrator.tell(view.head().slot, &[CHAIN], &gone);
        }
        if let (true, Some(proposal), Some((included, exit_epoch)), Some(finalized)) =
            (witness.is_over(), witness.proposal(), witness.included, witness.exit_finalized)
        {
            return Ok(Outcome {
                validator: VALIDATOR,
                proposal: proposal.to_string(),
                approvals: witness.approvals,
                partials: witness.partials,
                included,
                exit_epoch,
                finalized,
                elapsed_ms: u64::try_from(narrator.elapsed().as_millis()).unwrap_or(u64::MAX),
            });
        }
        let waiting_for = if dark {
            witness.waiting_for()
        } else {
            "the guardians to find each other and see the validator attest"
        };
        if narrator.elapsed() > deadline {
            return Err(Error::Deadline { seconds: deadline.as_secs(), waiting_for: waiting_for.into() });
        }
        narrator.waiting(format!(
            "{:>5.1} s  slot {:<4} epoch {}, finalized {}: waiting for {waiting_for}",
            narrator.elapsed().as_secs_f64(),
            view.head().slot,
            view.epoch(),
            view.finalized().epoch
        ));
    }
}

/// What each guardian shows, where it answers.
async fn statuses(guardians: &Guardians) -> Vec<Option<StatusSnapshot>> {
    join_all((0..guardians.len()).map(|index| async move { guardians.status(index).await.ok() })).await
}

/// What is known of a story that went wrong.
async fn diagnose(stage: &Stage) -> String {
    let view = stage.chain.view();
    let mut lines = vec![format!(
        "chain: slot {}, epoch {}, finalized {}, {} exits in the pool or in blocks",
        view.head().slot,
        view.epoch(),
        view.finalized().epoch,
        view.exits().len()
    )];
    for (index, status) in statuses(&stage.guardians).await.into_iter().enumerate() {
        let name = stage.guardians.name(index);
        match status {
            None => lines.push(format!("{name}: does not answer")),
            Some(status) => {
                let connected = status.peers.iter().filter(|peer| peer.connected).count();
                let finalized = status.finalized.map(|checkpoint| checkpoint.epoch);
                lines.push(format!(
                    "{name}: slot {}, {connected} peers, finalized {finalized:?}",
                    status.slot
                ));
                for proposal in status.proposals {
                    lines.push(format!(
                        "  proposal for validator {}: {:?}, hold {:?}, {} votes, {} partials, posted {:?}",
                        proposal.proposal.exit.validator_index,
                        proposal.state,
                        proposal.hold,
                        proposal.votes.len(),
                        proposal.partials.len(),
                        proposal.submissions
                    ));
                }
            }
        }
        lines.push(format!("  the end of {}:", stage.guardians.log_path(index).display()));
        lines.extend(stage.guardians.log_tail(index).lines().map(|line| format!("    {line}")));
    }
    lines.join("\n")
}

/// The story's folder: given, empty or absent; or a new one.
fn folder(given: Option<&std::path::Path>) -> Result<PathBuf, Error> {
    let Some(path) = given else {
        let made = tempfile::Builder::new().prefix("guardian-devnet-").tempdir();
        // Kept: the logs are worth reading when all is over.
        return made.map(tempfile::TempDir::keep).map_err(|source| Error::File {
            action: "cannot make a folder in",
            path: std::env::temp_dir(),
            source,
        });
    };
    let failed = |action| move |source| Error::File { action, path: path.to_owned(), source };
    std::fs::create_dir_all(path).map_err(failed("cannot make"))?;
    if std::fs::read_dir(path).map_err(failed("cannot read"))?.next().is_some() {
        return Err(Error::NotEmpty { path: path.to_owned() });
    }
    path.canonicalize().map_err(failed("cannot resolve"))
}
