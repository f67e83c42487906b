//! The story of the tickets on programs nobody here wrote: anvil runs the contracts, Lodestar takes the exits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use alloy::primitives::Address;
use alloy::providers::{Provider, ProviderBuilder};
use alloy::rpc::types::TransactionRequest;
use alloy::sol_types::SolCall;
use crypto::spec::{FAR_FUTURE_EPOCH, ValidatorIndex};
use devnet::narrator::{Form, Narrator};
use devnet::protocol::abi::ValidatorRegistry;
use devnet::story::{self, Options, Stories};
use serde_json::Value;
use std::num::NonZeroU64;

/// What Lodestar's finalized state says of a validator's exit.
async fn exit_epoch(beacon: &str, index: ValidatorIndex) -> u64 {
    let url = format!("{beacon}/eth/v1/beacon/states/finalized/validators/{index}");
    let answer: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    answer["data"]["validator"]["exit_epoch"].as_str().unwrap().parse().unwrap()
}

/// Registrations become shares, tickets run out, one operator tops up, the other's validators leave: by the contract's
/// own account on anvil, and by Lodestar's finalized state.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tickets_run_out_on_lodestar_and_anvil() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        program: env!("CARGO_BIN_EXE_devnet").into(),
        prefix_args: vec!["guardian".into()],
        dir: Some(dir.path().join("net")),
        validators: 16,
        seconds_per_slot: NonZeroU64::MIN,
        stories: Stories::Tickets,
        real: true,
    };
    let (outcome, stage) = story::play(options, &mut Narrator::new(Form::Json)).await.unwrap();
    let told = outcome.tickets.unwrap();

    let client = ProviderBuilder::new().connect_http(stage.world.execution_url(0).parse().unwrap());
    for (operator, more) in [(told.spared, told.topped_up.0), (told.ejected, 0)] {
        let input = ValidatorRegistry::getNodeInfoCall { node: operator.0.into() }.abi_encode();
        let request = TransactionRequest::default().to(Address::from(told.registry.0)).input(input.into());
        let answer = client.call(request).await.unwrap();
        let info = ValidatorRegistry::getNodeInfoCall::abi_decode_returns(&answer).unwrap();
        let validators = u128::from(info.activeValidatorCount);
        assert_eq!(validators, 2);
        assert_eq!(info.vtBalance.to::<u128>(), validators * told.tickets_each.0 + more);
    }

    let beacon = stage.world.beacon_url(0);
    for index in 0..16 {
        let index = ValidatorIndex(index);
        let leaves = exit_epoch(&beacon, index).await != FAR_FUTURE_EPOCH.0;
        assert_eq!(leaves, told.ejected_validators.contains(&index), "validator {index}");
    }
    assert!(told.spared_validators.iter().all(|index| !told.ejected_validators.contains(index)));
}
