//! The stories: chains, four guardians, and what they do about a validator that goes dark, about operators that run out
//! of tickets, and about governance that asks for exits.
//!
//! [`run`] is all of it. [`play`] keeps what was started, for whoever wants to look around afterwards.
//!
//! | module | holds |
//! |---|---|
//! | [`world`] | the chains: embedded, or Lodestar and anvil |
//! | [`offline`] | the story of the dark validator |
//! | [`tickets`] | the story of the tickets |
//! | [`emergency`] | the story of the emergency |
//! | [`fact`] | what can be told |
//! | `witness`, `journal` | what is new in the first story, and who was first |
//! | `exits` | what is new about several exits, from release to finality |
//! | `contracts` | the contracts, deployed for the story's guardians |
//! | `beacon` | the beacon chain over its API |
//! | `diagnosis` | what is known of a story that went wrong |
//! | `keystores` | what a node operator has on disk |

mod beacon;
mod contracts;
mod diagnosis;
pub mod emergency;
mod exits;
pub mod fact;
mod journal;
mod keystores;
pub mod offline;
pub mod tickets;
mod witness;
pub mod world;

use crate::Error;
use crate::narrator::{CHAIN, Narrator, OPERATOR};
use crate::processes::{GuardianSpec, Guardians, name_of};
use crate::protocol::Protocol;
use crypto::spec::{Slot, ValidatorIndex};
use emergency::EmergencyOutcome;
use fact::Fact;
use futures::future::join_all;
use guardian_core::status::StatusSnapshot;
use offline::{OFFLINE_EPOCHS, OfflineOutcome};
use serde::Serialize;
use std::ffi::OsString;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;
use tickets::{Registrations, TicketsOutcome};
use world::World;

/// Guardians of the story.
const GUARDIANS: usize = 4;
/// How many of them must act together.
const THRESHOLD: u16 = 3;
/// Slots an epoch of the embedded chain.
const SLOTS_PER_EPOCH: NonZeroU64 = NonZeroU64::MIN.saturating_add(5);
/// Validators whose keystores are split for the stories of the dark validator and of the emergency: the first ones.
const GUARDED: u64 = 4;
/// The one that goes dark.
const VALIDATOR: ValidatorIndex = ValidatorIndex(3);
/// Time between two looks at everything.
const LOOK_EVERY: Duration = Duration::from_millis(150);
/// Time for what does not depend on the chain's pace.
const SETUP_TIME: Duration = Duration::from_secs(90);
/// Slots for what does, for each story: about 60 are needed.
const STORY_SLOTS: u64 = 110;
/// The same on Lodestar, whose finality may stand still for a while on a busy machine.
const REAL_STORY_SLOTS: u64 = 220;
/// Slots an operator may be short of tickets on Lodestar, whose finality may skip an epoch or two on a busy machine.
const REAL_GRACE: u64 = 24;
/// Epochs from registration until the tickets fall below the floor: when the first story is over, or at once.
const EPOCHS_TO_FLOOR: (u64, u64) = (9, 5);

/// Fewest validators of a story: two thirds of the stake must be included before an epoch's last slot, one of them dark.
pub const MIN_VALIDATORS: u64 = 12;

/// Which stories to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stories {
    /// A validator goes dark and is forced off.
    Offline,
    /// Two operators run out of tickets; one tops up.
    Tickets,
    /// Governance asks for two exits on chain, and operators decide.
    Emergency,
    /// One after the other, with the same guardians.
    All,
}

impl Stories {
    /// Whether the one of the dark validator is among them.
    pub fn has_offline(self) -> bool {
        matches!(self, Self::Offline | Self::All)
    }

    /// Whether the one of the tickets is among them.
    pub fn has_tickets(self) -> bool {
        matches!(self, Self::Tickets | Self::All)
    }

    /// Whether the one of the emergency is among them.
    pub fn has_emergency(self) -> bool {
        matches!(self, Self::Emergency | Self::All)
    }

    /// Whether one of them needs the contracts.
    fn has_contracts(self) -> bool {
        self.has_tickets() || self.has_emergency()
    }

    /// Whether one of them is about validators whose shares come in files.
    fn has_files(self) -> bool {
        self.has_offline() || self.has_emergency()
    }
}

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
    /// Which stories.
    pub stories: Stories,
    /// On Lodestar and anvil instead of the embedded chains. Not the story of the dark validator: Lodestar cannot be told
    /// to turn one dark.
    pub real: bool,
}

/// How the stories ended, when they ended well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The dark validator's.
    pub offline: Option<OfflineOutcome>,
    /// The tickets'.
    pub tickets: Option<TicketsOutcome>,
    /// The emergency's.
    pub emergency: Option<EmergencyOutcome>,
    /// From the first line to the last, milliseconds.
    pub elapsed_ms: u64,
}

/// What runs when the story has ended: dropping it ends all of it.
pub struct Stage {
    /// The chains.
    pub world: World,
    /// The guardians.
    pub guardians: Guardians,
    /// The contracts, where the stories have any.
    pub protocol: Option<Protocol>,
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
    let (mut stage, registrations) = match set(&options, narrator).await {
        Ok(set) => set,
        Err(error) => {
            narrator.fail(&error.to_string(), "Nothing runs any more.");
            return Err(error);
        }
    };
    match tell(&options, &mut stage, registrations.as_ref(), narrator).await {
        Ok(outcome) => {
            narrator.succeed(&summary(&outcome), &serde_json::to_value(&outcome).unwrap_or_default());
            narrator.say(&format!("         Keys, stores and logs are in {}", stage.dir.display()));
            Ok((outcome, stage))
        }
        Err(error) => {
            let diagnosis = diagnosis::diagnose(&stage).await;
            narrator.fail(&error.to_string(), &diagnosis);
            Err(error)
        }
    }
}

/// One story after the other.
async fn tell(
    options: &Options,
    stage: &mut Stage,
    registrations: Option<&Registrations>,
    narrator: &mut Narrator,
) -> Result<Outcome, Error> {
    let per_story = Duration::from_secs(if options.real { REAL_STORY_SLOTS } else { STORY_SLOTS })
        .saturating_mul(u32::try_from(options.seconds_per_slot.get()).unwrap_or(u32::MAX));
    let mut deadline = SETUP_TIME;
    let mut outcome = Outcome { offline: None, tickets: None, emergency: None, elapsed_ms: 0 };
    if let (true, World::Embedded(world)) = (options.stories.has_offline(), &stage.world) {
        deadline = deadline.saturating_add(per_story);
        outcome.offline = Some(offline::watch(world, &mut stage.guardians, narrator, deadline).await?);
    }
    let (world, guardians) = (&mut stage.world, &mut stage.guardians);
    if let (Some(registrations), Some(protocol)) = (registrations, &stage.protocol) {
        deadline = deadline.saturating_add(per_story);
        let told = tickets::watch(world, guardians, protocol, registrations, narrator, deadline).await?;
        outcome.tickets = Some(told);
    }
    if let (true, Some(protocol)) = (options.stories.has_emergency(), &stage.protocol) {
        deadline = deadline.saturating_add(per_story);
        outcome.emergency = Some(emergency::watch(world, guardians, protocol, narrator, deadline).await?);
    }
    outcome.elapsed_ms = u64::try_from(narrator.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(outcome)
}

/// The last line, for people.
fn summary(outcome: &Outcome) -> String {
    let mut parts = Vec::new();
    if let Some(told) = &outcome.offline {
        parts.push(format!(
            "{} of {GUARDIANS} guardians approved, {} partial signatures made one, and validator {} leaves the chain in \
             epoch {}",
            told.approvals.len(),
            told.partials.len(),
            told.validator,
            told.exit_epoch
        ));
    }
    if let Some(told) = &outcome.tickets {
        parts.push(format!(
            "the operator that topped up keeps {} validators, the other loses {}",
            told.spared_validators.len(),
            told.ejected_validators.len()
        ));
    }
    if let Some(told) = &outcome.emergency {
        parts.push(format!(
            "governance asked for {} exits, the operators of {} approved, and they leave",
            told.validators.len(),
            told.approvals.join(", ")
        ));
    }
    format!(
        "{}: finalized after {:.1} s.",
        parts.join("; "),
        Duration::from_millis(outcome.elapsed_ms).as_secs_f64()
    )
}

/// Refuses what cannot be told.
fn check(options: &Options) -> Result<(), Error> {
    if options.validators < MIN_VALIDATORS {
        let problem = format!("is {}; the story needs at least {MIN_VALIDATORS}", options.validators);
        return Err(Error::Config { field: "validators", problem });
    }
    if options.real && options.stories.has_offline() {
        let problem =
            "has no story of a validator that goes dark; say --story tickets or --story emergency".to_owned();
        return Err(Error::Config { field: "real", problem });
    }
    Ok(())
}

/// Starts the chains and the guardians, and registers the operators' validators.
async fn set(options: &Options, narrator: &mut Narrator) -> Result<(Stage, Option<Registrations>), Error> {
    check(options)?;
    let stories = options.stories;
    let dir = folder(options.dir.as_deref())?;
    let names: Vec<String> = (0..GUARDIANS).map(name_of).collect();
    narrator.waiting("starting the chains".into());
    let world = start(options, &dir, &names, narrator).await?;
    let (keystores, keystore_password_file) = keystores::write(&dir.join("keystores"), GUARDED)?;
    narrator.waiting("making four guardians' keys".into());
    let urls = |of: &dyn Fn(usize) -> String| (0..GUARDIANS).map(|place| vec![of(place)]).collect();
    let with_contracts = stories.has_contracts();
    let mut policy: Vec<String> =
        ["--offline-epochs", &OFFLINE_EPOCHS.to_string(), "--vote-window", "24"].map(String::from).into();
    if stories.has_tickets() {
        policy.extend(tickets::rules(if options.real { REAL_GRACE } else { SLOTS_PER_EPOCH.get() }));
    }
    if stories.has_emergency() {
        policy.extend(emergency::rules());
    }
    let mut guardians = Guardians::create(GuardianSpec {
        program: options.program.clone(),
        prefix_args: options.prefix_args.clone(),
        dir: dir.clone(),
        network: "devnet".into(),
        beacon_urls_per_guardian: urls(&|place| world.beacon_url(place)),
        execution_urls_per_guardian: if with_contracts {
            urls(&|place| world.execution_url(place))
        } else {
            Vec::new()
        },
        accounts: if with_contracts { contracts::guardian_accounts(GUARDIANS) } else { Vec::new() },
        newcomers: 0,
        threshold: THRESHOLD,
        keystores: if stories.has_files() { keystores } else { Vec::new() },
        keystore_password_file,
        policy,
    })
    .await?;
    let beacon = world.beacon().await?;
    let slot = beacon.position().await?.slot;
    for (index, name) in names.iter().enumerate() {
        narrator.tell(slot, &[name], &Fact::GuardianMade { dir: dir.join(guardians.name(index)) });
    }
    let protocol = if with_contracts {
        Some(contracts::deploy(&world, &mut guardians, THRESHOLD, narrator).await?)
    } else {
        None
    };
    if let Some(protocol) = &protocol {
        if stories.has_tickets() {
            tickets::lower_minimum(protocol, slot, narrator).await?;
        }
        if stories.has_emergency() {
            emergency::allow(protocol, slot, narrator).await?;
        }
    }
    world.couple().await?;
    define(&mut guardians, stories, slot, narrator).await?;

    narrator.waiting("starting four guardians".into());
    for index in 0..guardians.len() {
        guardians.start(index)?;
    }
    for index in 0..guardians.len() {
        guardians.answering(index).await?;
        let started = Fact::GuardianStarted {
            status: guardians.status_url(index),
            feed: guardians.feed_url(index),
            log: guardians.log_path(index),
            pid: guardians.pid(index),
        };
        narrator.tell(beacon.position().await?.slot, &[guardians.name(index)], &started);
    }
    let epochs = if stories.has_offline() { EPOCHS_TO_FLOOR.0 } else { EPOCHS_TO_FLOOR.1 };
    let registrations = match &protocol {
        Some(protocol) if stories.has_tickets() => {
            Some(tickets::register(&world, protocol, epochs, narrator).await?)
        }
        _ => None,
    };
    Ok((Stage { world, guardians, protocol, dir }, registrations))
}

/// Starts the chains, and tells of them.
async fn start(
    options: &Options,
    dir: &std::path::Path,
    names: &[String],
    narrator: &mut Narrator,
) -> Result<World, Error> {
    let (validators, seconds) = (options.validators, options.seconds_per_slot);
    let world = if options.real {
        World::real(dir, validators, seconds).await?
    } else {
        World::embedded(names, validators, seconds, options.stories.has_contracts()).await?
    };
    let slot = match &world {
        World::Embedded(world) => {
            let view = world.chain.view();
            let started = Fact::ChainStarted {
                validators,
                fork: format!("{:?}", view.head().fork()),
                epoch: view.epoch(),
                finalized: view.finalized().epoch,
            };
            narrator.tell(view.head().slot, &[CHAIN], &started);
            view.head().slot
        }
        World::Real(_) => world.beacon().await?.position().await?.slot,
    };
    for (name, url) in world.nodes() {
        narrator.tell(slot, &[CHAIN], &Fact::BeaconNode { name, url });
    }
    Ok(world)
}

/// Defines the network, and gives out the shares that come in files.
async fn define(
    guardians: &mut Guardians,
    stories: Stories,
    slot: Slot,
    narrator: &mut Narrator,
) -> Result<(), Error> {
    narrator.waiting("defining the network".into());
    guardians.define().await?;
    let definition = guardian::definition::load(&guardians.definition());
    let network_id = definition.map(|definition| definition.id().to_string()).unwrap_or_default();
    let defined = Fact::NetworkDefined { network_id, threshold: THRESHOLD, guardians: GUARDIANS };
    narrator.tell(slot, &["guardians"], &defined);
    if !stories.has_files() {
        return Ok(());
    }
    narrator.waiting("splitting the validators' keys".into());
    guardians.give_custody().await?;
    let split = Fact::KeysSplit { validators: GUARDED, threshold: THRESHOLD, guardians: GUARDIANS };
    narrator.tell(slot, &[OPERATOR], &split);
    let everybody: Vec<&str> = (0..guardians.len()).map(|index| guardians.name(index)).collect();
    narrator.tell(slot, &everybody, &Fact::SharesImported { validators: GUARDED });
    Ok(())
}

/// What each guardian shows, where it answers.
async fn statuses(guardians: &Guardians) -> Vec<Option<StatusSnapshot>> {
    join_all((0..guardians.len()).map(|index| async move { guardians.status(index).await.ok() })).await
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
