//! Held against the EIP-712 of another library: from the file's own words, its hash must be what guardians check.

use super::*;
use crate::definition::tests::{contracts, network};
use alloy::primitives::{B256, U256};
use alloy::sol_types::{Eip712Domain, SolStruct};
use crypto::spec::Slot;
use guardian_core::emergency::Severity;
use std::borrow::Cow;

alloy::sol! {
    struct ExitsProposal {
        uint64[] validators;
        string severity;
        string reason;
        uint64 openedSlot;
        uint64 expiresSlot;
    }

    struct ExitsCancellation {
        bytes32 proposal;
    }
}

fn emergency() -> Emergency {
    Emergency {
        guardian_set_epoch: guardian_core::guardian_set::GuardianSetEpoch(1),
        raiser: Raiser::Account { proposer: Address([7; 20]) },
        validators: vec![ValidatorIndex(3), ValidatorIndex(5), ValidatorIndex(1_048_576)],
        severity: Severity::Urgent,
        reason: "keys of \"host 7\" leaked — all of them".to_owned(),
        opened: Slot(1_000),
        expires: Slot(2_800),
    }
}

/// The domain as a wallet reads it from the file.
fn domain_of(document: &Value) -> Eip712Domain {
    let domain = &document["domain"];
    let text = |key: &str| Some(Cow::Owned(domain[key].as_str().unwrap().to_owned()));
    Eip712Domain {
        name: text("name"),
        version: text("version"),
        chain_id: Some(U256::from(domain["chainId"].as_u64().unwrap())),
        verifying_contract: None,
        salt: Some(domain["salt"].as_str().unwrap().parse::<B256>().unwrap()),
    }
}

/// `Name(type name,...)` from the file's `types`.
fn encoded_type(document: &Value, name: &str) -> String {
    let fields = document["types"][name].as_array().unwrap();
    let fields: Vec<_> = fields
        .iter()
        .map(|field| format!("{} {}", field["type"].as_str().unwrap(), field["name"].as_str().unwrap()))
        .collect();
    format!("{name}({})", fields.join(","))
}

#[test]
fn what_a_wallet_signs_is_what_guardians_check() {
    let (mut definition, _) = network(3, 4, 1);
    definition.contracts = Some(contracts());
    let emergency = emergency();
    let document = typed_document(&definition, Some(Address([7; 20])), exits_data(&emergency));
    assert_eq!(document["primaryType"], "ExitsProposal");
    assert_eq!(encoded_type(&document, "ExitsProposal"), ExitsProposal::eip712_encode_type());
    let domain = domain_of(&document);
    assert_eq!(encoded_type(&document, "EIP712Domain"), domain.encode_type());
    let message = &document["message"];
    let number = |value: &Value| value.as_u64().unwrap();
    let signed = ExitsProposal {
        validators: message["validators"].as_array().unwrap().iter().map(number).collect(),
        severity: message["severity"].as_str().unwrap().to_owned(),
        reason: message["reason"].as_str().unwrap().to_owned(),
        openedSlot: number(&message["openedSlot"]),
        expiresSlot: number(&message["expiresSlot"]),
    };
    assert_eq!(signed.eip712_signing_hash(&domain).0, emergency.typed_digest(&definition));
    assert_eq!(domain.chain_id, Some(U256::from(31_337)));
}

#[test]
fn what_takes_one_back_is_what_guardians_check() {
    let (definition, _) = network(3, 4, 1);
    let id = emergency().id();
    let types = json!([{ "name": "proposal", "type": "bytes32" }]);
    let document = typed_document(&definition, None, ("ExitsCancellation", types, json!({ "proposal": id })));
    assert_eq!(encoded_type(&document, "ExitsCancellation"), ExitsCancellation::eip712_encode_type());
    let signed =
        ExitsCancellation { proposal: document["message"]["proposal"].as_str().unwrap().parse().unwrap() };
    let digest = domain(&definition).cancellation_digest(&id.0);
    assert_eq!(signed.eip712_signing_hash(&domain_of(&document)).0, digest);
}
