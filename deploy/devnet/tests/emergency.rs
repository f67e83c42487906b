//! The story of the emergency on programs nobody here wrote: anvil runs the contract, Lodestar takes the exits. Then one
//! that an operator raises and too few approve.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use alloy::primitives::{Address, U256};
use alloy::providers::{Provider, ProviderBuilder};
use alloy::rpc::types::{Filter, TransactionRequest};
use alloy::sol_types::{SolCall, SolEvent};
use crypto::exit::VoluntaryExit;
use crypto::spec::{Epoch, FAR_FUTURE_EPOCH, ValidatorIndex};
use devnet::chain::interop;
use devnet::narrator::{Form, Narrator};
use devnet::processes::Guardians;
use devnet::protocol::abi::ExitProposals;
use devnet::story::emergency::EmergencyOutcome;
use devnet::story::{self, Options, Stage, Stories};
use guardian_core::emergency::Raiser;
use guardian_core::guardian_set::NetworkDefinition;
use guardian_core::message::Decision;
use guardian_core::proposal::ProposalId;
use guardian_core::request::{Answer, Inspection};
use guardian_core::status::{EmergencyState, StatusSnapshot};
use serde_json::Value;
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

/// Longest wait for one thing.
const PATIENCE: Duration = Duration::from_secs(120);

/// Interop validators at genesis.
const VALIDATORS: u64 = 16;

/// Whom too few want to leave. Its shares are held like the others'.
const UNAPPROVED: ValidatorIndex = ValidatorIndex(3);

/// Lodestar's answer.
async fn get(beacon: &str, path: &str) -> Option<Value> {
    let answer = reqwest::get(format!("{beacon}{path}")).await.unwrap();
    if answer.status() == reqwest::StatusCode::NOT_FOUND {
        return None;
    }
    Some(answer.error_for_status().unwrap().json().await.unwrap())
}

fn number(value: &Value) -> u64 {
    value.as_str().unwrap().parse().unwrap()
}

/// Who is leaving at a state.
async fn leaving(beacon: &str, state: &str) -> Vec<ValidatorIndex> {
    let mut found = Vec::new();
    for index in 0..VALIDATORS {
        let path = format!("/eth/v1/beacon/states/{state}/validators/{index}");
        let answer = get(beacon, &path).await.unwrap();
        if number(&answer["data"]["validator"]["exit_epoch"]) != FAR_FUTURE_EPOCH.0 {
            found.push(ValidatorIndex(index));
        }
    }
    found
}

/// Every exit in the blocks up to the head: validator, epoch, signature.
async fn exits(beacon: &str) -> Vec<(ValidatorIndex, Epoch, String)> {
    let head = get(beacon, "/eth/v1/beacon/headers/head").await.unwrap();
    let mut found = Vec::new();
    for slot in 1..=number(&head["data"]["header"]["message"]["slot"]) {
        // A slot may have no block.
        let Some(block) = get(beacon, &format!("/eth/v2/beacon/blocks/{slot}")).await else { continue };
        for exit in block["data"]["message"]["body"]["voluntary_exits"].as_array().unwrap() {
            let message = &exit["message"];
            let index = ValidatorIndex(number(&message["validator_index"]));
            let signature = exit["signature"].as_str().unwrap().to_owned();
            found.push((index, Epoch(number(&message["epoch"])), signature));
        }
    }
    found
}

/// Asks all guardians until each is as wished.
async fn all_until(guardians: &Guardians, wish: &str, fulfilled: impl Fn(&StatusSnapshot) -> bool) {
    let started = Instant::now();
    for index in 0..guardians.len() {
        loop {
            let status = guardians.status(index).await.unwrap();
            if fulfilled(&status) {
                break;
            }
            assert!(started.elapsed() < PATIENCE, "{} never came to `{wish}`: {status:#?}", status.name);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// What a command says to people; shown with the test's output.
async fn say(guardians: &Guardians, index: usize, arguments: &[&str]) -> String {
    let said = guardians.command(index, arguments).await.unwrap();
    eprintln!("$ guardian {} # {}\n{said}", arguments.join(" "), guardians.name(index));
    said
}

fn state(status: &StatusSnapshot, emergency: ProposalId) -> Option<EmergencyState> {
    status.emergencies.iter().find(|found| found.id == emergency).map(|found| found.state)
}

/// The contract has one proposal, governance's; the stranger's transaction is in a block too, and left nothing.
async fn check_contract(stage: &Stage, told: &EmergencyOutcome) {
    let client = ProviderBuilder::new().connect_http(stage.world.execution_url(0).parse().unwrap());
    let contract = Address::from(told.contract.0);
    let input = ExitProposals::proposalCountCall {}.abi_encode();
    let request = TransactionRequest::default().to(contract).input(input.into());
    let count = client.call(request).await.unwrap();
    assert_eq!(U256::from_be_slice(&count), U256::from(1));
    let filter = Filter::new().address(contract).from_block(0);
    let logs =
        client.get_logs(&filter.event_signature(ExitProposals::ExitProposed::SIGNATURE_HASH)).await.unwrap();
    assert_eq!(logs.len(), 1);
    assert_eq!(logs[0].block_number, Some(told.block.0));
    let event = ExitProposals::ExitProposed::decode_log(&logs[0].inner).unwrap();
    assert_eq!(event.proposer, Address::from(told.proposer.0));
    assert_eq!(event.validators, told.validators.iter().map(|index| index.0).collect::<Vec<_>>());
    assert_eq!(client.get_transaction_count(told.refused.0.into()).await.unwrap(), 1);
}

/// What the guardians know of it: only what governance asked for, done, with three approvals and a refusal.
async fn check_guardians(guardians: &Guardians, told: &EmergencyOutcome) -> Inspection {
    let said = guardians.command(0, &["proposals", "--json"]).await.unwrap();
    let mut shown: Vec<Inspection> = serde_json::from_str(&said).unwrap();
    assert_eq!(shown.len(), 1, "the stranger's came to nobody");
    let found = shown.remove(0);
    assert_eq!((found.status.id, found.status.state), (told.emergency, EmergencyState::Done));
    assert!(found.status.certified.is_some());
    let raiser = Raiser::Contract { proposer: told.proposer, number: told.number };
    assert_eq!(found.status.emergency.raiser, raiser);
    let approving: Vec<u16> = found
        .status
        .votes
        .iter()
        .filter(|vote| vote.decision == Decision::Approve)
        .map(|vote| vote.guardian.0)
        .collect();
    assert_eq!(approving, [1, 2, 3]);
    for index in 0..guardians.len() {
        let status = guardians.status(index).await.unwrap();
        let released = status.proposals.iter().filter(|found| found.released.is_some()).count();
        // Whose operator was against released nothing.
        assert_eq!(released, if index == 3 { 0 } else { told.validators.len() }, "{}", status.name);
        assert!(status.faults.is_empty(), "{:?}", status.faults);
    }
    found
}

/// Lodestar's chain: the named validators leave and nobody else, each by the one exit that was certified, with the
/// signature that the undivided key makes.
async fn check_chain(beacon: &str, definition: &NetworkDefinition, found: &Inspection) {
    let emergency = &found.status.emergency;
    assert_eq!(leaving(beacon, "finalized").await, emergency.validators);
    assert_eq!(leaving(beacon, "head").await, emergency.validators);
    let epoch = emergency.exit_epoch(definition);
    let mut exits = exits(beacon).await;
    exits.sort();
    let expected: Vec<_> = emergency
        .validators
        .iter()
        .map(|&validator_index| {
            let exit = VoluntaryExit { epoch, validator_index };
            let root = exit.signing_root(&definition.chain.forks, epoch);
            let signature = interop::secret_key(validator_index.0).unwrap().sign(root);
            (validator_index, epoch, signature.to_string())
        })
        .collect();
    assert_eq!(exits, expected);
}

/// An operator raises one, first without effect; one other approves; its time ends.
async fn raise_for_nothing(stage: &Stage, told: &EmergencyOutcome) -> ProposalId {
    let guardians = &stage.guardians;
    let index = UNAPPROVED.to_string();
    let wish = ["propose", "--validators", &index, "--severity", "urgent", "--reason", "host lost"];
    let wish = [&wish[..], &["--expires", "30slots"]].concat();
    let said = say(guardians, 1, &[&wish[..], &["--dry-run"]].concat()).await;
    assert!(said.contains("Nothing was raised") && said.contains("Bounds: it meets none"), "{said}");
    for place in 0..guardians.len() {
        assert_eq!(guardians.status(place).await.unwrap().emergencies.len(), 1);
    }
    let said = say(guardians, 1, &[&wish[..], &["--json"]].concat()).await;
    let Answer::Raised { emergency, known: false, .. } = serde_json::from_str(&said).unwrap() else {
        panic!("{said}")
    };
    let votes = |status: &StatusSnapshot, wanted: usize| {
        let found = status.emergencies.iter().find(|found| found.id == emergency);
        found.is_some_and(|found| found.votes.len() == wanted)
    };
    all_until(guardians, "heard of, with its raiser's approval", |status| votes(status, 1)).await;
    let id = emergency.to_string();
    say(guardians, 0, &["proposals"]).await;
    say(guardians, 0, &["proposals", &id[..10]]).await;
    let said = say(guardians, 0, &["approve", &id[..10], "--reason", "it is lost"]).await;
    assert!(said.contains("open, 2 of 3 approvals") && said.contains("1 more approval is needed"), "{said}");
    all_until(guardians, "two approvals", |status| votes(status, 2)).await;
    assert_ne!(emergency, told.emergency);
    let expired = |status: &StatusSnapshot| state(status, emergency) == Some(EmergencyState::Expired);
    all_until(guardians, "expired", expired).await;
    let said = say(guardians, 1, &["proposals", &id[..10]]).await;
    assert!(said.contains("expired"), "{said}");
    emergency
}

/// The journal of a running guardian tells both stories, and its chain is whole.
async fn check_journal(guardians: &Guardians, exit: ProposalId, emergencies: [ProposalId; 2]) {
    let kinds = async |id: ProposalId| -> Vec<String> {
        say(guardians, 0, &["audit", "--proposal", &id.to_string()[..10]]).await;
        let said = guardians.command(0, &["audit", "--json", "--proposal", &id.to_string()]).await.unwrap();
        let answer: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(answer["intact"], true);
        let entries = answer["entries"].as_array().unwrap();
        entries.iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
    };
    let exit = kinds(exit).await;
    for kind in ["adopted", "released", "combined"] {
        assert!(exit.iter().any(|found| found == kind), "no {kind} in {exit:?}");
    }
    let [done, expired] = emergencies;
    let (done, expired) = (kinds(done).await, kinds(expired).await);
    for kind in ["raised", "asked", "vote_cast", "emergency_certified", "emergency_moved"] {
        assert!(done.iter().any(|found| found == kind), "no {kind} in {done:?}");
        let is_of_unapproved = expired.iter().any(|found| found == kind);
        assert_eq!(is_of_unapproved, kind != "emergency_certified", "{kind} in {expired:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exits_that_governance_asks_for_and_operators_approve_are_taken_by_lodestar() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        program: env!("CARGO_BIN_EXE_devnet").into(),
        prefix_args: vec!["guardian".into()],
        dir: Some(dir.path().join("net")),
        validators: VALIDATORS,
        seconds_per_slot: NonZeroU64::MIN,
        stories: Stories::Emergency,
        real: true,
    };
    let (outcome, stage) = story::play(options, &mut Narrator::new(Form::Json)).await.unwrap();
    let told = outcome.emergency.unwrap();
    let definition = guardian::definition::load(&stage.guardians.definition()).unwrap();
    let beacon = stage.world.beacon_url(0);

    check_contract(&stage, &told).await;
    let found = check_guardians(&stage.guardians, &told).await;
    check_chain(&beacon, &definition, &found).await;

    let unapproved = raise_for_nothing(&stage, &told).await;
    // Nothing more came of it on the chain.
    check_chain(&beacon, &definition, &found).await;

    let exit = found.forecast.targets[0].proposal.unwrap();
    check_journal(&stage.guardians, exit, [told.emergency, unapproved]).await;
}
