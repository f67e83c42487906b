//! Ceremonies of real processes: four guardians make the network's own key and hand everything over to five, of whom two
//! are new and one is gone; then the five force a validator of Lodestar off with the key that never changed.

use anyhow::{Context, Result, bail, ensure};
use crypto::deposit::{DepositData, DepositMessage};
use crypto::execution::WithdrawalCredentials;
use crypto::spec::BlsSignature;
use guardian::definition::{self, MemberCard};
use guardian_core::ceremony::{CeremonyId, CeremonyStatus, Kind, Phase};
use guardian_core::guardian_set::{GuardianIndex, GuardianSetEpoch, NetworkDefinition};
use guardian_core::policy::Enforcement;
use guardian_core::proposal::State;
use guardian_core::request::{Answer, Request};
use guardian_core::status::StatusSnapshot;
use std::path::Path;
use tests::lodestar::{DARK, Lodestar};
use tests::processes::{Guardians, leading};
use tokio::sync::{Mutex, MutexGuard};

/// The old set only looks on: the exit must be the next one's.
const RULES: [&str; 8] = [
    "--offline-epochs",
    "3",
    "--offline-rule",
    "observe",
    "--max-dark-percent",
    "100",
    "--vote-window",
    "128",
];

/// Slots that a ceremony may take here: a crowded machine is slow.
const LIFETIME: u64 = 2_000;

fn of(status: &StatusSnapshot, id: CeremonyId) -> Option<&CeremonyStatus> {
    status.ceremonies.iter().find(|ceremony| ceremony.id == id)
}

fn is_done(status: &StatusSnapshot, id: CeremonyId) -> bool {
    of(status, id).is_some_and(|ceremony| ceremony.phase == Phase::Done)
}

/// What the operator of a guardian asks it, and the answer.
async fn ask(guardians: &Guardians, index: usize, request: Request) -> Result<Answer> {
    let socket = guardians.home(index).join("data/admin.sock");
    let asked = tokio::task::spawn_blocking(move || guardian::admin::ask(&socket, "story", &request));
    Ok(asked.await??)
}

/// Opens a ceremony at the first guardian, and has the others' operators agree.
async fn convene(guardians: &Guardians, kind: Kind, others: &[usize]) -> Result<CeremonyId> {
    let request = Request::Convene { kind: Box::new(kind), lifetime: LIFETIME };
    let answer = ask(guardians, 1, request).await?;
    let Answer::Convened { ceremony } = answer else { bail!("not convened: {answer:?}") };
    for index in others {
        guardians.status_until(*index, "knows the ceremony", |status| of(status, ceremony).is_some()).await?;
        let request = Request::AnswerCeremony { ceremony, agrees: true, note: "as we said".into() };
        let answer = ask(guardians, *index, request).await?;
        ensure!(answer == Answer::Convened { ceremony }, "guardian {index}: {answer:?}");
    }
    Ok(ceremony)
}

/// The definition of guardians 2 to 6, four of whom must agree and who act.
fn next_of(guardians: &Guardians, old: &NetworkDefinition) -> Result<NetworkDefinition> {
    let mut next = old.clone();
    next.guardian_set.epoch = GuardianSetEpoch(old.guardian_set.epoch.0 + 1);
    next.guardian_set.threshold = crypto::threshold::Threshold::new(4, 5)?;
    next.guardian_set.members = (2..=6)
        .zip(1..)
        .map(|(index, number)| {
            let card = MemberCard::load(&guardians.home(index).join("member.toml"))?;
            Ok(card.into_member(GuardianIndex(number)))
        })
        .collect::<Result<_>>()?;
    next.policy.offline.enforcement = Enforcement::Enforce;
    Ok(next)
}

/// What a newcomer's operator does: takes both definitions and names them in the configuration.
fn invite(home: &Path, old: &NetworkDefinition, next: &NetworkDefinition) -> Result<()> {
    for (name, definition) in [("network.toml", next), ("network-before.toml", old)] {
        let path = home.join(name);
        std::fs::write(&path, definition::render_definition(definition, &path)?)?;
    }
    let path = home.join("guardian.toml");
    let text = std::fs::read_to_string(&path)?;
    std::fs::write(&path, format!("previous = \"network-before.toml\"\n{text}"))?;
    Ok(())
}

/// One story at a time: two beacon nodes with one-second slots do not fit on two cores.
async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    ALONE.lock().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_hand_over_to_five_and_the_five_force_a_validator_off() -> Result<()> {
    let _alone = alone().await;
    let dir = tempfile::tempdir()?;
    let lodestar = Lodestar::start(dir.path()).await?;
    let beacons = [lodestar.url(); 6];
    let mut guardians = Guardians::prepare_with(dir.path(), &beacons, 3, 2, &RULES, DARK).await?;
    let old = definition::load(&guardians.definition())?;
    let next = next_of(&guardians, &old)?;
    for index in [5, 6] {
        invite(&guardians.home(index), &old, &next)?;
    }
    for index in 1..=6 {
        guardians.start(index).await?;
    }
    guardians
        .status_until(1, "sees the three others", |status| {
            status.peers.iter().filter(|peer| peer.connected).count() == 3
        })
        .await?;

    // The network's own key, by all four.
    let keygen = convene(&guardians, Kind::GroupKey, &[2, 3, 4]).await?;
    let mut group = None;
    for index in 1..=4 {
        let status = guardians
            .status_until(index, "has the network's own key", |status| status.group_key.is_some())
            .await?;
        ensure!(is_done(&status, keygen));
        let key = status.group_key.context("a key")?;
        ensure!(*group.get_or_insert(key.clone()) == key, "all have the same");
    }

    // Everything to the next set. Guardian 3 dies in the middle of it and comes back.
    let kind = Kind::Succession { next: Box::new(next.clone()) };
    let handover = convene(&guardians, kind, &[2, 3, 4, 5, 6]).await?;
    guardians.kill(3).await?;
    guardians.start(3).await?;
    for index in 2..=6 {
        let status = guardians
            .status_until(index, "lives by the next definition", |status| {
                status.network_id == next.id() && !status.joining && status.validators.len() == 1
            })
            .await?;
        ensure!(status.guardian_set_epoch == next.guardian_set.epoch);
        ensure!(status.group_key == group, "guardian {index}: the network's own key never changes");
        ensure!(status.faults.is_empty(), "nobody did wrong: {:?}", status.faults);
    }
    // Guardian 1 is out, and everybody who held an old share says that it is gone.
    for index in [1, 6] {
        let status = guardians
            .status_until(index, "has all receipts", |status| {
                of(status, handover).is_some_and(|ceremony| ceremony.destroyed.len() == 4)
            })
            .await?;
        ensure!(
            index != 1 || status.validators.is_empty(),
            "guardian 1 holds nothing: {:?}",
            status.validators
        );
    }

    // The five do the main job with the shares that they made.
    for index in 2..=6 {
        let status = guardians
            .status_until(index, "the exit is finalized", |status| {
                leading(status).is_some_and(|story| story.state == State::Finalized)
            })
            .await?;
        let story = leading(&status).context("a proposal")?;
        let included = lodestar.included_exit(DARK).await?.context("an exit in a block")?;
        let root = story.proposal.exit.signing_root(&next.chain.forks, story.proposal.exit.epoch);
        let whole: BlsSignature = devnet::chain::interop::secret_key(DARK.0)?.sign(root);
        ensure!(included.signature == whole.to_string(), "the signature of the key that never changed");
        ensure!(story.votes.iter().all(|vote| vote.guardian.0 <= 5));
    }
    guardians.ended_well();
    lodestar.ended_well();
    Ok(())
}

/// Deposit data as a guardian wrote it, each checked as the beacon chain would.
fn deposits(home: &Path, definition: &NetworkDefinition) -> Result<Vec<String>> {
    let directory = home.join("data/deposits");
    let mut keys = Vec::new();
    for entry in std::fs::read_dir(&directory)? {
        let text = std::fs::read_to_string(entry?.path())?;
        let all: Vec<serde_json::Value> = serde_json::from_str(&text)?;
        for one in all {
            let field = |name: &str| one[name].as_str().map(str::to_owned).context("a field of the deposit");
            let message =
                DepositMessage::new(field("pubkey")?.parse()?, field("withdrawal_credentials")?.parse()?);
            let data = DepositData { message, signature: field("signature")?.parse()? };
            ensure!(data.verify(definition.chain.forks.genesis_version()), "{one}");
            ensure!(
                field("deposit_data_root")? == data.hash_tree_root().to_string().trim_start_matches("0x")
            );
            keys.push(field("pubkey")?);
        }
    }
    keys.sort();
    Ok(keys)
}

/// Four guardians make two validators' keys, one loses everything and is repaired by the other three, and all renew their
/// shares; in the end each has proven to the others that its shares of all three keys work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_made_lost_rebuilt_and_renewed() -> Result<()> {
    let _alone = alone().await;
    let dir = tempfile::tempdir()?;
    let lodestar = Lodestar::start(dir.path()).await?;
    let mut guardians = Guardians::prepare(dir.path(), &[lodestar.url(); 4], 3, &RULES, DARK).await?;
    let definition = definition::load(&guardians.definition())?;
    for index in 1..=4 {
        guardians.start(index).await?;
    }
    guardians
        .status_until(1, "sees the three others", |status| {
            status.peers.iter().filter(|peer| peer.connected).count() == 3
        })
        .await?;

    let mut credentials = [7u8; 32];
    credentials[..12].copy_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let kind = Kind::ValidatorKeys { count: 2, withdrawal_credentials: WithdrawalCredentials(credentials) };
    convene(&guardians, kind, &[2, 3, 4]).await?;
    let mut made = None;
    for index in 1..=4 {
        guardians.status_until(index, "holds the new keys", |status| status.validators.len() == 3).await?;
        let keys = deposits(&guardians.home(index), &definition)?;
        ensure!(keys.len() == 2 && *made.get_or_insert(keys.clone()) == keys, "guardian {index}: {keys:?}");
    }

    // Guardian 4's disk is gone.
    guardians.kill(4).await?;
    std::fs::remove_dir_all(guardians.home(4).join("data"))?;
    guardians.start(4).await?;
    ensure!(guardians.status(4).await?.validators.is_empty());
    let helpers = vec![GuardianIndex(1), GuardianIndex(2), GuardianIndex(3)];
    let repair = convene(&guardians, Kind::Repair { lost: GuardianIndex(4), helpers }, &[2, 3, 4]).await?;
    guardians.status_until(4, "has its shares again", |status| status.validators.len() == 3).await?;
    for index in 1..=4 {
        guardians
            .status_until(index, "knows that the repair is done", |status| is_done(status, repair))
            .await?;
    }

    // New shares for all.
    let answer = ask(&guardians, 1, Request::Refresh { lifetime: LIFETIME }).await?;
    let Answer::Convened { ceremony } = answer else { bail!("not convened: {answer:?}") };
    for index in 2..=4 {
        guardians.status_until(index, "knows the refresh", |status| of(status, ceremony).is_some()).await?;
        let request = Request::AnswerCeremony { ceremony, agrees: true, note: String::new() };
        ensure!(ask(&guardians, index, request).await? == Answer::Convened { ceremony });
    }
    for index in 1..=4 {
        let status = guardians
            .status_until(index, "all shares are new, and work", |status| {
                status.guardian_set_epoch.0 == definition.guardian_set.epoch.0 + 1
                    && of(status, ceremony).is_some_and(|ceremony| ceremony.destroyed.len() == 4)
                    && status.validators.len() == 3
                    && status.validators.iter().all(|validator| validator.ready.len() == 4)
            })
            .await?;
        ensure!(status.faults.is_empty(), "nobody did wrong: {:?}", status.faults);
    }
    guardians.ended_well();
    lodestar.ended_well();
    Ok(())
}
