//! `ExitProposals`: who may ask for exits, for which, until when; and what the log says of it.

use super::*;
use alloy::json_abi::JsonAbi;
use alloy::primitives::{B256, U256};
use alloy::providers::Provider;
use alloy::rpc::types::{BlockNumberOrTag, Filter, Log};
use alloy::sol_types::{SolCall, SolEvent};
use crypto::spec::ValidatorIndex;
use devnet::protocol::ExitRequest;
use devnet::protocol::abi::{ExitProposals as Exits, Forwarder};

const PROPOSER: Account = Account::new(3);
const STRANGER: Account = Account::new(4);
/// Enough for any small call.
const GAS: u64 = 300_000;
const DAY: u64 = 86_400;

fn indices(range: std::ops::Range<u64>) -> Vec<ValidatorIndex> {
    range.map(ValidatorIndex).collect()
}

impl Stage {
    /// The time of the head, Unix seconds: the next block is later.
    async fn now(&self) -> u64 {
        let head = self.provider.get_block_by_number(BlockNumberOrTag::Latest).await.unwrap();
        head.unwrap().header.timestamp
    }

    /// What the contract takes.
    async fn request(&self) -> ExitRequest {
        ExitRequest {
            network: [0xab; 32],
            validators: vec![ValidatorIndex(3), ValidatorIndex(7), ValidatorIndex(u64::MAX)],
            severity: 1,
            expires: self.now().await + DAY,
            reason: "Schlüssel gestohlen".to_owned(),
        }
    }

    async fn propose(&self, from: Account, request: &ExitRequest) -> Result<u64, Error> {
        self.protocol.propose_exits(from, request).await.map(|proposed| proposed.number)
    }

    async fn call<C: SolCall>(&self, from: Account, call: &C) -> Result<(), Error> {
        self.protocol.transact(from, self.protocol.addresses().exit_proposals, call, GAS).await.map(drop)
    }

    async fn exits<C: SolCall>(&self, call: &C) -> C::Return {
        self.protocol.view(self.protocol.addresses().exit_proposals, call).await.unwrap()
    }

    async fn proposal_count(&self) -> u64 {
        self.exits(&Exits::proposalCountCall {}).await.to()
    }

    /// Everything the contract ever logged.
    async fn exit_logs(&self) -> Vec<Log> {
        let address = alloy_address(self.protocol.addresses().exit_proposals);
        self.provider.get_logs(&Filter::new().address(address).from_block(0)).await.unwrap()
    }

    /// Those of one event.
    async fn exit_events<E: SolEvent>(&self) -> Vec<E> {
        let logs = self.exit_logs().await;
        logs.iter().filter_map(|log| E::decode_log_validate(&log.inner).ok()).map(|log| log.data).collect()
    }
}

/// Written down as another Keccak has them.
#[test]
fn the_abi_is_the_one_that_guardians_read() {
    let file = build::contracts().join("out/ExitProposals.json");
    let artefact: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert!(artefact["notice"].as_str().unwrap().starts_with("Not audited"));
    let abi: JsonAbi = serde_json::from_value(artefact["abi"].clone()).unwrap();
    let selector = |name: &str| abi.function(name).unwrap()[0].selector().to_string();
    assert_eq!(selector("proposeExit"), "0x6d9c623d");
    assert_eq!(selector("cancelExit"), "0x726123b4");
    assert_eq!(selector("proposalCount"), "0xda35c664");
    assert_eq!(selector("isProposer"), "0x74ec29a0");
    assert_eq!(selector("setProposer"), "0xe9ed9b64");
    let event = |name: &str| &abi.event(name).unwrap()[0];
    let indexed = |name: &str| -> Vec<bool> { event(name).inputs.iter().map(|i| i.indexed).collect() };
    assert_eq!(
        event("ExitProposed").selector().to_string(),
        "0x914f3bdfe8f6b7fc85cceb4570c0e6fc3d0f67648fed3651b8536af6c5c4e1fc"
    );
    assert_eq!(indexed("ExitProposed"), [true, true, true, false, false, false, false]);
    assert_eq!(
        event("ExitCancelled").selector().to_string(),
        "0xa7e4b720b2c17a75dfec610520b527027159cbc45d887bf0d529d8d879e2814b"
    );
    assert_eq!(indexed("ExitCancelled"), [true, true]);
    assert!(abi.fallback.is_none() && abi.receive.is_none());
    let payable = |f: &&alloy::json_abi::Function| {
        matches!(f.state_mutability, alloy::json_abi::StateMutability::Payable)
    };
    assert_eq!(abi.functions().filter(payable).count(), 0, "it takes no ether");
}

#[tokio::test]
async fn a_proposal_is_logged_as_it_was_asked_for() {
    a_proposal_is_logged_as_it_was_asked_for_on(Stage::embedded().await).await;
}

#[tokio::test]
async fn a_proposal_is_logged_as_it_was_asked_for_on_anvil_too() {
    a_proposal_is_logged_as_it_was_asked_for_on(Stage::set().await).await;
}

async fn a_proposal_is_logged_as_it_was_asked_for_on(stage: Stage) {
    assert_eq!(stage.proposal_count().await, 0);
    stage.protocol.allow_proposer(PROPOSER.address()).await.unwrap();
    let request = stage.request().await;
    let proposed = stage.protocol.propose_exits(PROPOSER, &request).await.unwrap();
    assert_eq!((proposed.number, stage.proposal_count().await), (0, 1));

    let logs = stage.exit_logs().await;
    let log = logs.last().unwrap();
    assert_eq!(log.block_number, Some(proposed.block.0));
    let topics = [
        Exits::ExitProposed::SIGNATURE_HASH,
        B256::ZERO,
        alloy_address(PROPOSER.address()).into_word(),
        B256::repeat_byte(0xab),
    ];
    assert_eq!(log.topics(), topics);
    let event = Exits::ExitProposed::decode_log_validate(&log.inner).unwrap().data;
    let expected = Exits::ExitProposed {
        number: U256::ZERO,
        proposer: alloy_address(PROPOSER.address()),
        network: B256::repeat_byte(0xab),
        severity: 1,
        expires: request.expires,
        validators: vec![3, 7, u64::MAX],
        reason: "Schlüssel gestohlen".to_owned(),
    };
    assert_eq!(event, expected);

    // The largest one there is, without the urgency; numbers go on.
    let most = ExitRequest {
        validators: indices(1_000_000..1_001_024),
        severity: 0,
        expires: stage.now().await + 30 * DAY,
        reason: "r".repeat(280),
        ..request
    };
    assert_eq!(stage.propose(PROPOSER, &most).await.unwrap(), 1);
    let event = stage.exit_events::<Exits::ExitProposed>().await.pop().unwrap();
    assert_eq!((event.number, event.severity, event.expires), (U256::ONE, 0, most.expires));
    assert!(event.validators.iter().copied().eq(1_000_000..1_001_024));
    assert_eq!(event.reason, most.reason);

    stage.protocol.cancel_exit(PROPOSER, 1).await.unwrap();
    let cancelled = stage.exit_events::<Exits::ExitCancelled>().await;
    let by = alloy_address(PROPOSER.address());
    assert_eq!(cancelled, [Exits::ExitCancelled { number: U256::ONE, by }]);
    assert_eq!(stage.proposal_count().await, 2, "a cancelled one counts");
    stage.well();
}

#[tokio::test]
async fn what_is_no_proposal_is_refused_with_a_reason() {
    let stage = Stage::embedded().await;
    stage.protocol.allow_proposer(PROPOSER.address()).await.unwrap();
    let sound = stage.request().await;
    let with = |change: &dyn Fn(&mut ExitRequest)| {
        let mut request = sound.clone();
        change(&mut request);
        request
    };
    let now = stage.now().await;
    let cases = [
        (with(&|r| r.validators.clear()), "NoValidators"),
        (with(&|r| r.validators = indices(0..1025)), "TooManyValidators { count: 1025 }"),
        (with(&|r| r.validators = vec![ValidatorIndex(5); 2]), "NotAscending { place: 1 }"),
        (with(&|r| r.validators = [1, 2, 4, 3].map(ValidatorIndex).to_vec()), "NotAscending { place: 3 }"),
        (with(&|r| r.severity = 2), "UnknownSeverity { severity: 2 }"),
        (with(&|r| r.severity = 255), "UnknownSeverity { severity: 255 }"),
        (with(&|r| r.expires = 0), "Expired { expires: 0 }"),
        (with(&|r| r.expires = now), "Expired"),
        (with(&|r| r.expires = now + 31 * DAY), "TooFar"),
        (with(&|r| r.expires = u64::MAX), "TooFar"),
        (with(&|r| r.reason.clear()), "ReasonLength { length: 0 }"),
        // Bytes count, not letters.
        (with(&|r| r.reason = "ä".repeat(141)), "ReasonLength { length: 282 }"),
        (with(&|r| r.reason = "a".repeat(281)), "ReasonLength { length: 281 }"),
    ];
    for (request, expected) in cases {
        let refused = refusal(stage.propose(PROPOSER, &request).await);
        assert!(refused.contains(expected), "{expected}: {refused}");
    }
    for sound in [
        with(&|r| r.validators = vec![ValidatorIndex(0)]),
        with(&|r| r.reason = "a".to_owned()),
        with(&|r| r.reason = "ä".repeat(140)),
    ] {
        stage.propose(PROPOSER, &sound).await.unwrap();
    }
    assert_eq!(stage.proposal_count().await, 3, "what was refused left nothing behind");

    // Arguments that are not of their types: a number of more than 64 bits, a reason that ends beyond the input.
    let exits = alloy_address(stage.protocol.addresses().exit_proposals);
    let from = alloy_address(PROPOSER.address());
    let input = sound.call().abi_encode();
    let dirty = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut input = input.clone();
        change(&mut input);
        let request = alloy::rpc::types::TransactionRequest::default();
        let request = alloy::network::TransactionBuilder::with_input(request, input);
        let request = alloy::network::TransactionBuilder::with_to(request, exits);
        alloy::network::TransactionBuilder::with_from(request, from)
    };
    // Selector, five words, the length, the validators.
    let first = 4 + 6 * 32;
    assert!(stage.provider.call(dirty(&|_| {})).await.is_ok());
    assert!(stage.provider.call(dirty(&|input| input[first + 1] = 1)).await.is_err());
    assert!(stage.provider.call(dirty(&|input| input.truncate(input.len() - 32))).await.is_err());
    stage.well();
}

#[tokio::test]
async fn only_whom_the_owner_allows_may_propose() {
    let stage = Stage::embedded().await;
    let request = stage.request().await;
    let not = |account: Account| format!("NotProposer {{ caller: {:?} }}", alloy_address(account.address()));
    for account in [PROPOSER, Account::OWNER] {
        let refused = refusal(stage.propose(account, &request).await);
        assert!(refused.contains("NotProposer"), "{refused}");
        assert!(refused.to_lowercase().contains(&account.address().to_string()[2..]), "{refused}");
    }
    let allow = |allowed| Exits::setProposerCall { proposer: alloy_address(STRANGER.address()), allowed };
    let refused = refusal(stage.call(STRANGER, &allow(true)).await);
    assert!(refused.contains("NotOwner"), "{refused}");

    let is = async |account: Account| {
        stage.exits(&Exits::isProposerCall { proposer: alloy_address(account.address()) }).await
    };
    assert!(!is(PROPOSER).await);
    stage.protocol.allow_proposer(PROPOSER.address()).await.unwrap();
    assert!(is(PROPOSER).await && !is(STRANGER).await);
    assert_eq!(stage.propose(PROPOSER, &request).await.unwrap(), 0);
    stage.protocol.disallow_proposer(PROPOSER.address()).await.unwrap();
    assert!(!is(PROPOSER).await);
    let refused = refusal(stage.propose(PROPOSER, &request).await);
    assert!(refused.contains(&not(PROPOSER)), "{refused}");
    let set = stage.exit_events::<Exits::ProposerSet>().await;
    let proposer = alloy_address(PROPOSER.address());
    assert_eq!(set, [true, false].map(|allowed| Exits::ProposerSet { proposer, allowed }));
    // What it asked for before it may still take back.
    stage.protocol.cancel_exit(PROPOSER, 0).await.unwrap();
    stage.well();
}

#[tokio::test]
async fn a_proposal_is_taken_back_once_by_its_proposer_or_the_owner() {
    let stage = Stage::embedded().await;
    let other = Account::new(5);
    for account in [PROPOSER, other] {
        stage.protocol.allow_proposer(account.address()).await.unwrap();
    }
    let request = stage.request().await;
    for _ in 0..2 {
        stage.propose(PROPOSER, &request).await.unwrap();
    }
    let refused = |result: Result<_, Error>, words: &str| {
        let refused = refusal(result);
        assert!(refused.contains(words), "{words}: {refused}");
    };
    refused(stage.protocol.cancel_exit(PROPOSER, 2).await, "UnknownProposal { number: 2 }");
    refused(stage.protocol.cancel_exit(Account::OWNER, u64::MAX).await, "UnknownProposal");
    for account in [STRANGER, other] {
        refused(stage.protocol.cancel_exit(account, 0).await, "NotProposer");
    }
    stage.protocol.cancel_exit(PROPOSER, 0).await.unwrap();
    refused(stage.protocol.cancel_exit(PROPOSER, 0).await, "AlreadyCancelled { number: 0 }");
    refused(stage.protocol.cancel_exit(Account::OWNER, 0).await, "AlreadyCancelled { number: 0 }");
    refused(stage.protocol.cancel_exit(STRANGER, 0).await, "NotProposer");
    stage.protocol.cancel_exit(Account::OWNER, 1).await.unwrap();
    let by = [PROPOSER, Account::OWNER].map(|account| alloy_address(account.address()));
    let cancelled = stage.exit_events::<Exits::ExitCancelled>().await;
    let told: Vec<_> = cancelled.iter().map(|event| (event.number.to::<u64>(), event.by)).collect();
    assert_eq!(told, [(0, by[0]), (1, by[1])]);
    stage.well();
}

/// As a Safe or a timelock would: whoever calls the contract is the proposer, not who signed the transaction.
#[tokio::test]
async fn a_contract_is_a_proposer_in_its_own_name() {
    let stage = Stage::embedded().await;
    let addresses = stage.protocol.addresses();
    let request = stage.request().await;
    let forward = |call: Vec<u8>| Forwarder::multicallCall {
        targets: vec![alloy_address(addresses.exit_proposals)],
        calls: vec![call.into()],
    };
    let through = async |call: Vec<u8>| {
        stage.protocol.transact(STRANGER, addresses.forwarder, &forward(call), GAS).await
    };
    let refused = refusal(through(request.call().abi_encode()).await);
    assert!(refused.contains("NotProposer"), "{refused}");
    // That the account behind it is allowed is nothing to the contract.
    stage.protocol.allow_proposer(STRANGER.address()).await.unwrap();
    let refused = refusal(through(request.call().abi_encode()).await);
    assert!(refused.to_lowercase().contains(&addresses.forwarder.to_string()[2..]), "{refused}");
    stage.protocol.allow_proposer(addresses.forwarder).await.unwrap();
    through(request.call().abi_encode()).await.unwrap();
    let proposed = stage.exit_events::<Exits::ExitProposed>().await.pop().unwrap();
    assert_eq!(proposed.proposer, alloy_address(addresses.forwarder));

    let cancel = Exits::cancelExitCall { number: U256::ZERO };
    let refused = refusal(stage.call(STRANGER, &cancel).await);
    assert!(refused.contains("NotProposer"), "{refused}");
    through(cancel.abi_encode()).await.unwrap();
    assert_eq!(stage.exit_events::<Exits::ExitCancelled>().await[0].by, alloy_address(addresses.forwarder));
    stage.well();
}

#[tokio::test]
async fn ownership_is_handed_over_in_two_steps() {
    let stage = Stage::embedded().await;
    let (owner, heir) = (Account::OWNER, PROPOSER);
    let [owner_address, heir_address] = [owner, heir].map(|account| alloy_address(account.address()));
    let to = |new_owner| Exits::transferOwnershipCall { newOwner: new_owner };
    let accept = Exits::acceptOwnershipCall {};
    let refused = |result: Result<_, Error>, words: &str| {
        let refused = refusal(result);
        assert!(refused.contains(words), "{words}: {refused}");
    };
    assert_eq!(stage.exits(&Exits::ownerCall {}).await, owner_address);
    refused(stage.call(heir, &to(heir_address)).await, "NotOwner");
    refused(stage.call(heir, &accept).await, "NotPendingOwner");
    stage.call(owner, &to(heir_address)).await.unwrap();
    assert_eq!(stage.exits(&Exits::ownerCall {}).await, owner_address, "not before it is accepted");
    assert_eq!(stage.exits(&Exits::pendingOwnerCall {}).await, heir_address);
    refused(stage.call(STRANGER, &accept).await, "NotPendingOwner");
    refused(stage.call(heir, &to(heir_address)).await, "NotOwner");
    // Taken back, and offered again.
    stage.call(owner, &to(alloy::primitives::Address::ZERO)).await.unwrap();
    refused(stage.call(heir, &accept).await, "NotPendingOwner");
    stage.call(owner, &to(heir_address)).await.unwrap();
    stage.call(heir, &accept).await.unwrap();
    assert_eq!(stage.exits(&Exits::ownerCall {}).await, heir_address);
    assert!(stage.exits(&Exits::pendingOwnerCall {}).await.is_zero());
    refused(stage.call(heir, &accept).await, "NotPendingOwner");
    let allow = Exits::setProposerCall { proposer: owner_address, allowed: true };
    refused(stage.call(owner, &allow).await, "NotOwner");
    stage.call(heir, &allow).await.unwrap();
    // The old owner is a proposer now, and the new one may cancel what it asks for.
    let request = stage.request().await;
    assert_eq!(stage.propose(owner, &request).await.unwrap(), 0);
    stage.protocol.cancel_exit(heir, 0).await.unwrap();
    let transferred = stage.exit_events::<Exits::OwnershipTransferred>().await;
    let told: Vec<_> = transferred.iter().map(|event| (event.previousOwner, event.newOwner)).collect();
    let nobody = alloy::primitives::Address::ZERO;
    assert_eq!(told, [(nobody, owner_address), (owner_address, heir_address)]);
    assert_eq!(stage.exit_events::<Exits::OwnershipTransferStarted>().await.len(), 3);
    stage.well();
}

#[tokio::test]
async fn it_is_not_deployed_without_an_owner() {
    let stage = Stage::embedded().await;
    let arguments = alloy::sol_types::SolConstructor::abi_encode(&Exits::constructorCall {
        firstOwner: alloy::primitives::Address::ZERO,
    });
    let code = [&Exits::BYTECODE[..], &arguments].concat();
    let request = alloy::rpc::types::TransactionRequest::default();
    let mut request = alloy::network::TransactionBuilder::with_input(request, code);
    request.to = Some(alloy::primitives::TxKind::Create);
    let error = stage.provider.call(request).await.unwrap_err();
    let data = error.as_error_resp().unwrap().as_revert_data().unwrap();
    assert_eq!(data[..], <Exits::NoOwner as alloy::sol_types::SolError>::SELECTOR);
    stage.well();
}
