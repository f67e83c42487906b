//! `guardian network`: the definition all guardians share, how it is made, and how it is followed by the next.

mod answer;
mod attest;
mod bounds;
mod contracts;
mod emergency;
mod propose;
mod rules;
mod show;
mod standing;

pub(super) use propose::succession;

use super::Output;
use crate::definition::{self, MemberCard};
use crate::file::{self, Access};
use crate::{Error, config};
use anyhow::Context;
use bounds::Bounds;
use contracts::ContractFlags;
use crypto::spec::ChainSpec;
use crypto::threshold::Threshold;
use emergency::EmergencyFlags;
use guardian_core::guardian_set::{GuardianIndex, GuardianSet, GuardianSetEpoch, NetworkDefinition};
use rules::Rules;
use show::show;
use std::path::PathBuf;
use url::Url;

const CREATE_EXAMPLES: &str = "\
Examples:
  guardian network create --name mynet --threshold 3 --beacon http://127.0.0.1:5052 \\
    --member alice/member.toml --member bob/member.toml --member carol/member.toml \\
    --member dave/member.toml --out network.toml
  guardian network create --name mynet --threshold 2 --chain chain.toml --offline-epochs 900 \\
    --offline-rule warn --member a.toml --member b.toml --member c.toml --out network.toml
  guardian network create --name puffer --threshold 5 --beacon http://127.0.0.1:5052 \\
    --execution http://127.0.0.1:8545 --protocol 0xf7b6... --guardian-module 0x628b... \\
    --deployed-at-block 19500000 --member a.toml --member b.toml ... --out network.toml \\
    --exits-per-operator-per-day 8 --emergency-proposer timelock=0x7099...:64";

#[derive(Debug, clap::Subcommand)]
pub(super) enum Network {
    /// Put member cards, chain and policy into one definition
    Create(Box<Create>),
    /// Check a definition and show it with its id
    Inspect(Inspect),
    /// Show the definition in force and every ceremony, as a running guardian sees them
    Status(standing::Standing),
    /// Open a succession: another definition, and new shares of every key for its members
    Propose(propose::Propose),
    /// Agree to a ceremony that another guardian opened
    Accept(answer::Word),
    /// Reject a ceremony
    Reject(answer::Word),
    /// Leave a ceremony that this guardian agreed to
    Abort(answer::Word),
    /// Have the network's own key sign, for a contract, that the definition is in force
    Attest(attest::Attest),
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
    /// File to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    contracts: ContractFlags,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    bounds: Bounds,
    #[command(flatten)]
    emergency: EmergencyFlags,
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
            Self::Status(command) => command.run(),
            Self::Propose(command) => command.run(),
            Self::Accept(command) => command.accept(),
            Self::Reject(command) => command.reject(),
            Self::Abort(command) => command.abort(),
            Self::Attest(command) => command.run(),
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
        let contracts = self.contracts.read()?;
        let definition = NetworkDefinition {
            name: self.name.clone(),
            policy: self.rules.policy(contracts.is_some()),
            chain: self.chain()?,
            contracts,
            guardian_set: GuardianSet { epoch: GuardianSetEpoch(1), threshold, members },
            caps: self.bounds.caps(),
            emergency: self.emergency.rules(),
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
