//! Drafts signed by an account of another library, and what is wrong with those that are not.

use super::super::draft::{exits_data, typed_document};
use super::*;
use crate::definition::tests::{contracts, network};
use alloy::signers::SignerSync;
use alloy::signers::local::PrivateKeySigner;
use guardian_core::emergency::{EmergencyRules, Proposer};
use serde_json::json;
use std::sync::LazyLock;

/// The first account of every local network.
fn account() -> PrivateKeySigner {
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80".parse().unwrap()
}

fn proposer() -> Address {
    Address(account().address().into_array())
}

/// Made once: its members have new identities each time.
static DEFINITION: LazyLock<NetworkDefinition> = LazyLock::new(|| {
    let (mut definition, _) = network(3, 4, 1);
    definition.contracts = Some(contracts());
    let (name, account) = ("safe".to_owned(), proposer());
    let entitled = Proposer { name, account, max_validators: 16, operators: Vec::new(), modules: Vec::new() };
    definition.emergency = EmergencyRules { proposers: vec![entitled], ..EmergencyRules::default() };
    definition
});

fn definition() -> NetworkDefinition {
    DEFINITION.clone()
}

fn emergency() -> Emergency {
    Emergency {
        guardian_set_epoch: GuardianSetEpoch(1),
        raiser: Raiser::Account { proposer: proposer() },
        validators: vec![ValidatorIndex(3), ValidatorIndex(5)],
        severity: Severity::Normal,
        reason: "keys leaked".to_owned(),
        opened: Slot(1_000),
        expires: Slot(2_800),
    }
}

fn signature() -> AccountSignature {
    let digest = emergency().typed_digest(&definition());
    AccountSignature(account().sign_hash_sync(&digest.into()).unwrap().as_bytes())
}

fn draft() -> Value {
    typed_document(&definition(), Some(proposer()), exits_data(&emergency()))
}

fn refusal(document: &Value, signature: Option<AccountSignature>) -> String {
    format!("{:#}", read(&document.to_string(), signature, &definition()).unwrap_err())
}

#[test]
fn both_forms_of_file_become_the_same_emergency() {
    let expected = Raised { emergency: emergency(), proof: Proof::Signature(signature()) };
    let read = |document: &Value, signature| read(&document.to_string(), signature, &definition());
    assert_eq!(read(&draft(), Some(signature())).unwrap(), expected);
    let mut inside = draft();
    inside["signature"] = json!(signature());
    assert_eq!(read(&inside, None).unwrap(), expected);
    let whole = json!({
        "emergency": emergency(), "signature": signature(), "network": { "id": definition().id() },
    });
    assert_eq!(read(&whole, None).unwrap(), expected);
    assert_eq!(expected.emergency.id(), emergency().id());
}

#[test]
fn another_networks_chains_or_sets_draft_is_not_sent() {
    let mut other = draft();
    other["network"]["id"] = json!(NetworkId([9; 32]));
    other["network"]["name"] = json!("elsewhere");
    let said = refusal(&other, Some(signature()));
    assert!(
        said.contains("for network `elsewhere` 0x0909") && said.contains("belongs to `testnet`"),
        "{said}"
    );
    let mut other = draft();
    other["domain"]["chainId"] = json!(1);
    assert!(refusal(&other, Some(signature())).contains("for execution chain 1, this network is on 31337"));
    let mut other = draft();
    other["network"]["guardian_set_epoch"] = json!(2);
    assert!(refusal(&other, Some(signature())).contains("for guardian set 2, this network has set 1"));
    let mut other = draft();
    other["domain"]["salt"] = json!(NetworkId([9; 32]));
    assert!(refusal(&other, Some(signature())).contains("it was altered"));
}

#[test]
fn what_the_proposer_did_not_sign_is_not_sent() {
    let mut altered = draft();
    altered["message"]["validators"] = json!([3, 5, 7]);
    let said = refusal(&altered, Some(signature()));
    assert!(said.contains("signed something else") && said.contains(&proposer().to_string()), "{said}");
    assert!(refusal(&draft(), None).contains("give --signature"));
    assert!(refusal(&draft(), Some(AccountSignature([0; 65]))).contains("the signature is none"));
    let mut inside = draft();
    inside["signature"] = json!(AccountSignature([1; 65]));
    assert!(refusal(&inside, Some(signature())).contains("differs from the signature in the file"));

    let mut unsorted = draft();
    unsorted["message"]["validators"] = json!([5, 3]);
    assert!(refusal(&unsorted, Some(signature())).contains("duplicate"));
    let mut stranger = draft();
    stranger["network"]["proposer"] = json!(Address([8; 20]));
    assert!(refusal(&stranger, Some(signature())).contains("not_authorised"));
}

#[test]
fn what_is_no_such_file_is_told_so() {
    let said = |text: &str| format!("{:#}", read(text, None, &definition()).unwrap_err());
    assert!(said("hello").contains("no JSON"));
    assert!(said("{}").contains("neither a draft nor a signed emergency"));
    let network = json!({ "id": definition().id() });
    assert!(refusal(&json!({ "network": network }), None).contains("neither `emergency` nor the `message`"));
    let mut both = draft();
    both["emergency"] = json!(emergency());
    assert!(refusal(&both, None).contains("both `emergency` and `message`"));
    let mut more = draft();
    more["message"]["validator"] = json!([1]);
    assert!(refusal(&more, Some(signature())).contains("unknown field `validator`"));
    let mut nobody = draft();
    nobody["network"]["proposer"] = Value::Null;
    assert!(refusal(&nobody, Some(signature())).contains("must name who signs"));
}
