//! The main job against a beacon node nobody here wrote: guardians notice that one of Lodestar's validators does not
//! attest, and force it off the chain.

use anyhow::{Context, Result, ensure};
use crypto::spec::{BlsSignature, Epoch};
use guardian_core::event::PostOutcome;
use guardian_core::guardian_set::GuardianIndex;
use guardian_core::proposal::State;
use guardian_core::status::{ProposalStatus, StatusSnapshot};
use std::path::Path;
use std::time::{Duration, Instant};
use tests::adversary::Adversary;
use tests::lodestar::{DARK, Lodestar};
use tests::processes::{Guardians, leading};
use tokio::sync::{Mutex, MutexGuard};

/// Three dark finalized epochs, the third of them the first one after the last fork: Lodestar drops an exit that names an
/// epoch of an earlier fork from its pool. With one watched validator, "all are dark" is normal.
const RULES: [&str; 6] = ["--offline-epochs", "3", "--max-dark-percent", "100", "--vote-window", "128"];

/// One story at a time: two beacon nodes with one-second slots do not fit on two cores.
async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    ALONE.lock().await
}

fn is_finalized(status: &StatusSnapshot) -> bool {
    leading(status).is_some_and(|story| story.state == State::Finalized)
}

fn others_connected(status: &StatusSnapshot) -> usize {
    status.peers.iter().filter(|peer| peer.connected).count()
}

/// Lodestar has the validator leaving, by exactly the message the guardians certified, under the validator's own key.
async fn assert_left_by_the_guardians_exit(
    lodestar: &Lodestar,
    story: &ProposalStatus,
    definition: &Path,
) -> Result<()> {
    let standing = lodestar.standing(DARK).await?;
    ensure!(
        ["active_exiting", "exited_unslashed", "withdrawal_possible", "withdrawal_done"]
            .contains(&standing.status.as_str()),
        "Lodestar says {standing:?}"
    );
    ensure!(
        standing.exit_epoch.map(Epoch) == story.exit_epoch,
        "{standing:?}, guardians: {:?}",
        story.exit_epoch
    );

    let included = lodestar.included_exit(DARK).await?.context("an exit in a block")?;
    ensure!(story.proposal.exit.validator_index == DARK && story.proposal.pubkey == standing.pubkey);
    ensure!(included.epoch == story.proposal.exit.epoch.0, "another exit than certified: {included:?}");
    // BLS signatures are unique: this is what the whole key would have signed, and four shares never met in one place.
    let definition = guardian::definition::load(definition)?;
    let root = story.proposal.exit.signing_root(&definition.chain.forks, story.proposal.exit.epoch);
    let whole: BlsSignature = devnet::chain::interop::secret_key(DARK.0)?.sign(root);
    ensure!(included.signature == whole.to_string(), "another signature than the key's own");
    Ok(())
}

/// What guardian 1's feed hands out about the exit holds, and Lodestar's own header is in it.
async fn assert_proven_by_a_dossier(guardians: &Guardians, story: &ProposalStatus) -> Result<()> {
    let definition = guardian::definition::load(&guardians.definition())?;
    let url = format!("{}/v1/proposals/{}/dossier", guardians.feed_url(1), story.id);
    let begun = Instant::now();
    loop {
        let answer = reqwest::get(&url).await?;
        let found = answer.status().as_u16();
        let body = answer.bytes().await?;
        let whole = (found == 200).then(|| feed::Dossier::decode(&body)).transpose()?;
        if let Some(dossier) = whole.filter(|dossier| dossier.roots.is_some()) {
            let report = dossier.verify(definition.id())?;
            ensure!(report.proven_exit, "{report:?}");
            let header = dossier.roots.and_then(|roots| roots.beacon).context("a beacon header")?;
            let seen = dossier.story.evidence.iter().filter_map(|seen| seen.evidence.finalized);
            ensure!(seen.into_iter().any(|checkpoint| checkpoint.root == header.hash_tree_root()));
            return Ok(());
        }
        // The log is cosigned, and then shown, a moment after it was written.
        ensure!(begun.elapsed() < Duration::from_secs(60), "no dossier with roots: {found}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Three of four guardians are enough: one is killed before anybody votes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dark_validator_is_forced_off_while_one_guardian_is_dead() -> Result<()> {
    let _alone = alone().await;
    let dir = tempfile::tempdir()?;
    let lodestar = Lodestar::start(dir.path()).await?;
    let beacons = [lodestar.url(); 4];
    let mut guardians = Guardians::prepare(dir.path(), &beacons, 3, &RULES, DARK).await?;
    for index in 1..=4 {
        guardians.start(index).await?;
    }
    guardians.status_until(1, "sees the three others", |status| others_connected(status) == 3).await?;

    let before = guardians.status(4).await?;
    assert!(
        before.proposals.is_empty(),
        "guardian 4 is killed before the vote, not after: {:?}",
        before.proposals
    );
    guardians.kill(4).await?;

    let mut accepted = 0;
    for index in 1..=3 {
        let status = guardians.status_until(index, "the exit is finalized", is_finalized).await?;
        let story = leading(&status).context("a proposal")?;
        assert!(story.combined, "each guardian combined by itself: {story:?}");
        assert!(
            story.votes.iter().all(|vote| vote.guardian != GuardianIndex(4)),
            "the dead do not vote: {story:?}"
        );
        assert!(
            story.culprits.is_empty() && status.faults.is_empty(),
            "nobody did wrong: {:?}",
            status.faults
        );
        accepted += story.submissions.iter().filter(|(_, outcome)| *outcome == PostOutcome::Accepted).count();
        assert_left_by_the_guardians_exit(&lodestar, story, &guardians.definition()).await?;
    }
    assert!(accepted >= 1, "Lodestar took the exit from one of them");
    let status = guardians.status(1).await?;
    assert_proven_by_a_dossier(&guardians, leading(&status).context("a proposal")?).await?;
    guardians.ended_well();
    lodestar.ended_well();
    Ok(())
}

/// A guardian that approves and then sends a false partial signature is found out and does not stop the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_false_partial_is_named_and_does_not_stop_the_exit() -> Result<()> {
    let _alone = alone().await;
    let dir = tempfile::tempdir()?;
    let lodestar = Lodestar::start(dir.path()).await?;
    let beacons = [lodestar.url(); 4];
    let mut guardians = Guardians::prepare(dir.path(), &beacons, 3, &RULES, DARK).await?;

    // Guardian 4's seat is taken by the liar, with guardian 4's own identity key.
    let definition = guardian::definition::load(&guardians.definition())?;
    let (identity, password) = guardians.give_up_seat(4)?;
    let identity = guardian::keyfile::open_identity(&identity, &password)?;
    let liar = Adversary::start(definition, GuardianIndex(4), identity)?;

    // Guardian 3 stays away, so that with t = 3 the false partial must be among the first three.
    guardians.start(1).await?;
    guardians.start(2).await?;
    let blamed = |status: &StatusSnapshot| {
        leading(status).is_some_and(|story| story.culprits.iter().any(|share| share.get() == 4))
    };
    for index in [1, 2] {
        let status = guardians.status_until(index, "names guardian 4", blamed).await?;
        let story = leading(&status).context("a proposal")?;
        assert!(!story.combined, "two honest partials are not enough: {story:?}");
        assert_eq!(story.culprits.len(), 1, "only the liar is blamed: {story:?}");
        let faults: Vec<_> = status.faults.iter().map(|fault| (fault.guardian, fault.kind.code())).collect();
        assert_eq!(faults, [(GuardianIndex(4), "invalid_partial")]);
    }
    assert!(liar.said().approvals == 1 && liar.said().false_partials == 1, "{:?}", liar.said());
    let standing = lodestar.standing(DARK).await?;
    assert_eq!(standing.exit_epoch, None, "nothing may leave the chain yet");

    // Guardian 3 comes late, learns by catch-up what was certified, and its honest partial completes the signature.
    guardians.start(3).await?;
    for index in 1..=3 {
        let status = guardians.status_until(index, "the exit is finalized", is_finalized).await?;
        let story = leading(&status).context("a proposal")?;
        assert_left_by_the_guardians_exit(&lodestar, story, &guardians.definition()).await?;
    }
    guardians.ended_well();
    lodestar.ended_well();
    Ok(())
}
