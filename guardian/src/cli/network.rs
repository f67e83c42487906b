//! `guardian network create|inspect`: the definition all guardians share.

use super::table::{short, table};
use super::{Output, print, print_json};
use crate::definition::{self, MemberCard};
use crate::file::{self, Access};
use crate::{Error, config};
use anyhow::Context;
use clap::ValueEnum;
use crypto::spec::ChainSpec;
use crypto::threshold::Threshold;
use guardian_core::guardian_set::{GuardianIndex, GuardianSet, GuardianSetEpoch, NetworkDefinition};
use guardian_core::policy::{Caps, Enforcement, OfflineRule, Policy};
use std::path::PathBuf;
use url::Url;

const CREATE_EXAMPLES: &str = "\
Examples:
  guardian network create --name mynet --threshold 3 --beacon http://127.0.0.1:5052 --out network.toml \\
    --member alice/member.toml --member bob/member.toml --member carol/member.toml --member dave/member.toml
  guardian network create --name mynet --threshold 2 --chain chain.toml --offline-epochs 900 --enforcement warn \\
    --member a.toml --member b.toml --member c.toml --out network.toml";

#[derive(Debug, clap::Subcommand)]
pub(super) enum Network {
    /// Put member cards, chain and policy into one definition
    Create(Box<Create>),
    /// Check a definition and show it with its id
    Inspect(Inspect),
}

#[derive(Debug, clap::Args)]
#[command(after_help = CREATE_EXAMPLES)]
pub(super) struct Create {
    /// The network's name: 1 to 32 characters of a-z, 0-9 and -
    #[arg(long)]
    name: String,
    /// How many guardians must act together
    #[arg(long, value_name = "T")]
    threshold: u16,
    /// A guardian's public card; once for each, in the order of their numbers
    #[arg(long, value_name = "FILE", required = true)]
    member: Vec<PathBuf>,
    /// Beacon node to read the chain's genesis and spec from
    #[arg(long, value_name = "URL", required_unless_present = "chain", conflicts_with = "chain")]
    beacon: Option<Url>,
    /// The chain as a TOML file, instead of --beacon (as in `[chain]` of a definition)
    #[arg(long, value_name = "FILE")]
    chain: Option<PathBuf>,
    /// A validator must leave after so many consecutive finalized epochs without an attestation (225 are a day)
    #[arg(long, value_name = "K", default_value_t = 225)]
    offline_epochs: u64,
    /// How many epochs two guardians' due epochs may differ
    #[arg(long, value_name = "EPOCHS", default_value_t = 2)]
    tolerance: u64,
    /// How far the offline rule goes
    #[arg(long, value_enum, default_value = "enforce")]
    enforcement: Stage,
    /// How long votes are taken
    #[arg(long, value_name = "SLOTS", default_value_t = 64)]
    vote_window: u64,
    /// Most exits released in one epoch
    #[arg(long, value_name = "EXITS", default_value_t = 4)]
    exits_per_epoch: u64,
    /// Most exits released in 225 epochs
    #[arg(long, value_name = "EXITS", default_value_t = 16)]
    exits_per_day: u64,
    /// Largest distance from head to finality at which exits are released
    #[arg(long, value_name = "EPOCHS", default_value_t = 4)]
    max_finality_distance: u64,
    /// Hold all exits when more than this share of the watched validators is dark at once
    #[arg(long, value_name = "PERCENT", default_value_t = 34)]
    max_dark_percent: u8,
    /// File to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    output: Output,
}

/// [`Enforcement`] on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Stage {
    /// Show it in the status
    Observe,
    /// Show it and raise an alert
    Warn,
    /// Propose and vote exits
    Enforce,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  guardian network inspect network.toml --json")]
pub(super) struct Inspect {
    /// The definition
    #[arg(value_name = "FILE", default_value = "network.toml")]
    file: PathBuf,
    #[command(flatten)]
    output: Output,
}

impl Network {
    pub(super) fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Create(command) => command.run(),
            Self::Inspect(command) => show(&definition::load(&command.file)?, command.output),
        }
    }
}

impl Create {
    fn run(self) -> anyhow::Result<()> {
        if self.out.exists() {
            return Err(Error::Exists { path: self.out }.into());
        }
        let members = (1..)
            .map(GuardianIndex)
            .zip(&self.member)
            .map(|(index, path)| Ok(MemberCard::load(path)?.into_member(index)))
            .collect::<Result<Vec<_>, Error>>()?;
        let n = u16::try_from(members.len()).unwrap_or(u16::MAX);
        let threshold =
            Threshold::new(self.threshold, n).context("--threshold does not fit the number of --member")?;
        let definition = NetworkDefinition {
            name: self.name.clone(),
            chain: self.chain()?,
            guardian_set: GuardianSet { epoch: GuardianSetEpoch(1), threshold, members },
            policy: Policy {
                offline: OfflineRule {
                    enforcement: match self.enforcement {
                        Stage::Observe => Enforcement::Observe,
                        Stage::Warn => Enforcement::Warn,
                        Stage::Enforce => Enforcement::Enforce,
                    },
                    epochs: self.offline_epochs,
                    tolerance: self.tolerance,
                },
                vote_window: self.vote_window,
            },
            caps: Caps {
                exits_per_epoch: self.exits_per_epoch,
                exits_per_day: self.exits_per_day,
                max_finality_distance: self.max_finality_distance,
                max_dark_percent: self.max_dark_percent,
            },
        };
        definition::check(&definition, &self.out).context("the definition was not written")?;
        let text = definition::render_definition(&definition, &self.out)?;
        file::create(&self.out, text.as_bytes(), Access::Public)?;
        show(&definition, self.output)
    }

    fn chain(&self) -> anyhow::Result<ChainSpec> {
        match (&self.chain, &self.beacon) {
            (Some(path), _) => Ok(config::parse(path, &file::read_text(path, "chain description")?)?),
            (None, Some(url)) => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let chain = runtime.block_on(chain_watcher::read_chain_spec(url));
                chain.context("cannot read the chain from the beacon node; is --beacon its Beacon API?")
            }
            // clap asks for one of them.
            (None, None) => anyhow::bail!("give --beacon or --chain"),
        }
    }
}

fn show(definition: &NetworkDefinition, output: Output) -> anyhow::Result<()> {
    let id = definition.id();
    if output.json {
        return print_json(&serde_json::json!({ "network_id": id, "definition": definition }));
    }
    let (set, chain) = (&definition.guardian_set, &definition.chain);
    let members: Vec<[String; 5]> = set
        .members
        .iter()
        .map(|m| {
            [
                m.index.0.to_string(),
                m.name.clone(),
                m.peer_id.clone(),
                short(&m.custody_key),
                m.addresses.join(" "),
            ]
        })
        .collect();
    let forks: Vec<String> =
        chain.forks.forks().iter().map(|f| format!("{:?} {} @{}", f.name, f.version, f.epoch)).collect();
    let offline = &definition.policy.offline;
    let caps = &definition.caps;
    print(&format!(
        "Network     {} {id}\n\
         Guardians   {} of {}, set {}\n{}\n\
         Chain       {}: genesis {}, {} s slots, {} slots an epoch\n\
         \x20           genesis validators root {}\n\
         \x20           {}\n\
         Offline     {:?}: {} dark epochs, tolerance {}; votes for {} slots\n\
         Caps        {} exits an epoch, {} a day; hold beyond {} epochs to finality, or {} % dark",
        definition.name,
        set.threshold.t(),
        set.threshold.n(),
        set.epoch.0,
        table(["#", "name", "PeerId", "custody key", "addresses"], &members),
        chain.name,
        chain.genesis_time,
        chain.seconds_per_slot,
        chain.slots_per_epoch,
        chain.forks.genesis_validators_root(),
        forks.join(", "),
        offline.enforcement,
        offline.epochs,
        offline.tolerance,
        definition.policy.vote_window,
        caps.exits_per_epoch,
        caps.exits_per_day,
        caps.max_finality_distance,
        caps.max_dark_percent,
    ))
}
