//! Guardian processes on the embedded chain: killed at every stage of an exit and restarted, they lose no vote, release
//! one form of the exit only, and never without a certificate.

use anyhow::{Context, Result, ensure};
use crypto::exit::VoluntaryExit;
use crypto::spec::ValidatorIndex;
use devnet::chain::Chain;
use devnet::chain::config::{ChainConfig, Clock};
use guardian_core::guardian_set::{GuardianIndex, NetworkDefinition};
use guardian_core::message::Vote;
use guardian_core::proposal::{ProposalId, State};
use guardian_core::record::Record;
use guardian_core::status::{ProposalStatus, StatusSnapshot};
use std::collections::{BTreeMap, BTreeSet};
use tests::processes::{Guardians, leading, progress};

/// The validator that stops attesting.
const DARK: ValidatorIndex = ValidatorIndex(7);

/// Two dark finalized epochs are enough; one watched validator is all of them; nobody runs out of time to vote.
const RULES: [&str; 6] = ["--offline-epochs", "2", "--max-dark-percent", "100", "--vote-window", "1024"];

/// Epochs after which it is due, as in [`RULES`].
const DUE: u64 = 2;

/// What a guardian knew before it was killed it must know after its restart.
fn forgot_nothing(before: &ProposalStatus, after: &ProposalStatus) -> bool {
    before.id == after.id
        && before.votes.iter().all(|vote| after.votes.contains(vote))
        && (before.certified.is_none() || before.certified == after.certified)
        && (before.released.is_none() || before.released == after.released)
        && before.partials.iter().all(|partial| after.partials.contains(partial))
        && before.combined <= after.combined
        && progress(before.state) <= progress(after.state)
}

/// Kills guardian `index` as soon as its proposal has come to `state`, restarts it and compares.
async fn kill_at(guardians: &mut Guardians, index: usize, state: State) -> Result<()> {
    let reached = |status: &StatusSnapshot| {
        leading(status).is_some_and(|story| progress(story.state) >= progress(state))
    };
    let before = guardians.status_until(index, &format!("{state:?}"), reached).await?;
    guardians.kill(index).await?;
    let before = leading(&before).context("a proposal")?;
    guardians.start(index).await?;
    let remembers =
        |status: &StatusSnapshot| leading(status).is_some_and(|after| forgot_nothing(before, after));
    guardians.status_until(index, &format!("remembers {before:?}"), remembers).await?;
    Ok(())
}

/// One guardian's journal, read after its death.
#[derive(Default)]
struct Testimony {
    exits: BTreeMap<ProposalId, VoluntaryExit>,
    votes: BTreeMap<(ProposalId, u32), Vec<Vote>>,
    released: Vec<ProposalId>,
}

impl Testimony {
    /// Reads the journal and checks its order: certificate, release, partial.
    fn read(guardians: &Guardians, definition: &NetworkDefinition, index: usize) -> Result<Self> {
        let me = GuardianIndex(u16::try_from(index)?);
        let store = guardian::Store::open(&guardians.home(index).join("data"), definition.id(), me)?;
        let mut testimony = Self::default();
        let mut certified = BTreeSet::new();
        for record in store.records()? {
            match record {
                Record::Proposed { proposal, .. } => {
                    testimony.exits.insert(proposal.id(), proposal.exit);
                }
                Record::VoteCast(vote) => {
                    testimony.votes.entry((vote.proposal, vote.revision)).or_default().push(vote);
                }
                Record::Certified { proposal, approvals, .. } => {
                    let voters: BTreeSet<_> = approvals.iter().map(|(voter, _)| voter).collect();
                    ensure!(
                        definition.guardian_set.threshold.met_by(voters.len()),
                        "certified by {voters:?}"
                    );
                    certified.insert(proposal);
                }
                Record::Released { proposal, .. } => {
                    ensure!(certified.contains(&proposal), "guardian {index} released without a certificate");
                    testimony.released.push(proposal);
                }
                Record::PartialHeld { from, partial, .. } if from == me => {
                    ensure!(
                        testimony.released.contains(&partial.proposal),
                        "guardian {index} signed unreleased"
                    );
                }
                Record::Faulted { fault, .. } => {
                    anyhow::bail!("guardian {index} blames an honest one: {fault:?}")
                }
                // Facts about the chain, what others said, and what followed the release.
                _ => {}
            }
        }
        Ok(testimony)
    }
}

/// Four guardians, each with its own beacon node, all killed and restarted on the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guardians_killed_at_every_stage_finish_the_exit_and_contradict_themselves_nowhere() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let chain =
        Chain::start(&ChainConfig { clock: Clock::Wall { head_start: 4 }, ..ChainConfig::default() })?;
    chain.set_dark([DARK]).await?;
    let mut nodes = Vec::new();
    for name in ["one", "two", "three", "four"] {
        nodes.push(chain.node(name).await?);
    }
    let urls: Vec<String> = nodes.iter().map(|node| node.url()).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();

    let mut guardians = Guardians::prepare(dir.path(), &urls, 3, &RULES, DARK).await?;

    // Two of four do not even propose what is due: fewer than three enforce the rule, so it could not be signed.
    guardians.start(1).await?;
    guardians.start(2).await?;
    let is_due = |status: &StatusSnapshot| {
        let enforcing = status.enforcement.get("offline").map(|rule| rule.enforcing);
        enforcing == Some(2) && status.validators.iter().any(|validator| validator.dark_epochs >= DUE)
    };
    for index in [1, 2] {
        let status =
            guardians.status_until(index, "the validator is due, and two enforce the rule", is_due).await?;
        ensure!(status.proposals.is_empty(), "two of four proposed {:?}", status.proposals);
    }

    // The others join, and each guardian dies as the exit goes its way, the first two as soon as they voted.
    guardians.start(3).await?;
    guardians.start(4).await?;
    kill_at(&mut guardians, 1, State::Open).await?;
    kill_at(&mut guardians, 2, State::Open).await?;
    kill_at(&mut guardians, 3, State::Open).await?;
    kill_at(&mut guardians, 4, State::Certified).await?;
    kill_at(&mut guardians, 1, State::Signed).await?;
    kill_at(&mut guardians, 2, State::Submitted).await?;
    kill_at(&mut guardians, 1, State::Included).await?;
    for index in 1..=4 {
        kill_at(&mut guardians, index, State::Finalized).await?;
    }

    // The chain saw one exit, and the journals agree that no other was ever released.
    let view = chain.view();
    let exits: Vec<_> = view.exits().iter().map(|seen| seen.signed).collect();
    ensure!(exits.len() == 1 && exits[0].message.validator_index == DARK, "one exit and no other: {exits:?}");
    let definition: NetworkDefinition = guardian::definition::load(&guardians.definition())?;
    let mut releases = 0;
    for index in 1..=4 {
        guardians.kill(index).await?;
        let testimony = Testimony::read(&guardians, &definition, index)?;
        for votes in testimony.votes.values() {
            ensure!(
                votes.iter().all(|vote| *vote == votes[0]),
                "guardian {index} contradicts itself: {votes:?}"
            );
        }
        ensure!(testimony.released.len() <= 1, "guardian {index} released twice: {:?}", testimony.released);
        for released in &testimony.released {
            ensure!(
                testimony.exits.get(released) == Some(&exits[0].message),
                "guardian {index} released another form"
            );
            releases += 1;
        }
    }
    ensure!(releases >= 3, "three partials are needed, {releases} guardians released");
    guardians.ended_well();
    Ok(())
}
