//! Selectors, topics and errors against those of the contracts in production, written down here as they are there.

use super::build::contracts;
use alloy::json_abi::JsonAbi;
use std::collections::BTreeMap;

/// GuardianModule, functions by selector.
const MODULE_FUNCTIONS: &[(&str, &str)] = &[
    ("getGuardians", "0665f04b"),
    ("getThreshold", "e75235b8"),
    ("isGuardian", "0c68ba21"),
    ("getGuardiansEnclaveAddress", "728b722d"),
    ("getGuardiansEnclaveAddresses", "3f84cc71"),
    ("getGuardiansEnclavePubkeys", "5dfb2a3f"),
    ("getEjectionThreshold", "b1ba85ab"),
    ("getMrenclave", "86fef0a2"),
    ("getMrsigner", "ef91c964"),
    ("validateSkipProvisioning", "d4feed01"),
    ("validateProvisionNode", "ae9865b4"),
    ("validateBatchWithdrawals", "b6a5a690"),
    ("validateTotalNumberOfValidators", "292369cd"),
    ("validateGuardiansEOASignatures", "8609c88a"),
    ("validateGuardiansEnclaveSignatures", "f0aff00a"),
    ("setGuardianEnclaveMeasurements", "14e0a357"),
    ("addGuardian", "a526d83b"),
    ("removeGuardian", "71404156"),
    ("setThreshold", "960bfe04"),
    ("setEjectionThreshold", "4f790148"),
];

/// PufferProtocol, functions by selector.
const REGISTRY_FUNCTIONS: &[(&str, &str)] = &[
    ("registerValidatorKey", "48c1edf1"),
    ("depositValidatorTickets", "7a4c9767"),
    ("withdrawValidatorTickets", "ad82e3cd"),
    ("provisionNode", "6821ea39"),
    ("skipProvisioning", "63f27a0d"),
    ("batchHandleWithdrawals", "e241ef8d"),
    ("getNextValidatorToProvision", "51737921"),
    ("getNextValidatorToBeProvisionedIndex", "8e6628fb"),
    ("getPendingValidatorIndex", "daf4d90c"),
    ("getValidatorInfo", "9f23d3eb"),
    ("getValidators", "cd0b1c9c"),
    ("getNodeInfo", "582115fb"),
    ("getValidatorTicketsBalance", "ebb8e031"),
    ("getMinimumVtAmount", "708ddb4e"),
    ("getVTPenalty", "59579342"),
    ("getPayload", "d2181645"),
    ("getWithdrawalCredentials", "2c8a54bf"),
    ("getDepositDataRoot", "8f4988ef"),
    ("getModuleAddress", "22dbefbb"),
    ("getModuleWeights", "b15c7da3"),
    ("getModuleSelectIndex", "5de814a6"),
    ("getModuleLimitInformation", "c4e23839"),
];

/// GuardianModule, events by topic.
const MODULE_EVENTS: &[(&str, &str)] = &[
    ("GuardianAdded", "038596bb31e2e7d3d9f184d4c98b310103f6d7f5830e5eec32bffe6f1728f969"),
    ("GuardianRemoved", "b8107d0c6b40be480ce3172ee66ba6d64b71f6b1685a851340036e6e2e3e3c52"),
    ("ThresholdChanged", "3164947cf0f49f08dd0cd80e671535b1e11590d347c55dcaa97ba3c24a96b33a"),
    ("RotatedGuardianKey", "14720919b20fceff2a396c4973d37c6087e4619d40c8f4003d8e44ee127461a2"),
    ("MrEnclaveChanged", "1ff2c57ef9a384cea0c482d61fec8d708967d266f03266e301c6786f7209904a"),
    ("MrSignerChanged", "1a1fe271c5533136fccd1c6df515ca1f227d95822bfe78b9dd93debf3d709ae6"),
    ("EjectionThresholdChanged", "4ae5122a691bf14917d273c6a81956e1f521b3e39f2d0c6d963117bf9c820e83"),
];

/// PufferProtocol, events by topic.
const REGISTRY_EVENTS: &[(&str, &str)] = &[
    ("ValidatorKeyRegistered", "c73344cf227e056eee8d82aee54078c9b55323b61d17f61587eb570873f8e319"),
    ("SuccessfullyProvisioned", "96cbbd073e24b0a7d0cab7dc347c239e52be23c1b44ce240b3b929821fed19a4"),
    ("ValidatorSkipped", "088dc5dc64f3e8df8da5140a284d3018a717d6b009e605513bb28a2b466d38ee"),
    ("ValidatorExited", "f435da9e3aeccc40d39fece7829f9941965ceee00d31fa7a89d608a273ea906e"),
    ("ValidatorTicketsDeposited", "d19b9bc208843da6deef01aa6dedd607204c4f8b6d02f79b60e326a8c6e2b6e8"),
    ("ValidatorTicketsWithdrawn", "df7e884ecac11650e1285647b057fa733a7bb9f1da100e7a8c22aafe4bdf6f40"),
    (
        "NumberOfRegisteredValidatorsChanged",
        "c06afc2b3c88873a9be580de9bbbcc7fea3027ef0c25fd75d5411ed3195abcec",
    ),
    ("MinimumVTAmountChanged", "c6f97db308054b44394df54aa17699adff6b9996e9cffb4dcbcb127e20b68abc"),
    ("VTPenaltyChanged", "fceca97b5d1d1164f9a15e42f38eaf4a6e760d8505f06161a258d4bf21cc4ee7"),
    ("NewPufferModuleCreated", "8ad2a9260a8e9a01d1ccd66b3875bcbdf8c4d0c552bc51a7d2125d4146e1d2d6"),
    ("ModuleWeightsChanged", "d4c9924bd67ff5bd900dc6b1e03b839c6ffa35386096b0c2a17c03638fa4ebff"),
];

/// GuardianModule, errors by selector.
const MODULE_ERRORS: &[(&str, &str)] = &[
    ("AccessManagedUnauthorized", "068ca9d8"),
    ("InvalidAddress", "e6c4247b"),
    ("InvalidECDSAPubKey", "e3eece5a"),
    ("InvalidThreshold", "651a749b"),
    ("Unauthorized", "82b42900"),
];

/// PufferProtocol, errors by selector.
const REGISTRY_ERRORS: &[(&str, &str)] = &[
    ("AccessManagedUnauthorized", "068ca9d8"),
    ("InvalidAddress", "e6c4247b"),
    ("ActiveOrPendingValidatorsExist", "22242546"),
    ("InvalidBLSPrivateKeyShares", "2c8f9aa3"),
    ("InvalidBLSPubKey", "7eef7967"),
    ("InvalidBLSPublicKeySet", "8cdea6a6"),
    ("InvalidDepositRootHash", "c6031771"),
    ("InvalidETHAmount", "242b035c"),
    ("InvalidValidatorState", "3001591c"),
    ("InvalidVTAmount", "95c01f62"),
    ("ModuleAlreadyExists", "2157f2d7"),
    ("ValidatorLimitForModuleReached", "b75c5781"),
];

/// What our contracts have beyond the tables: the owner's settings and shortcuts, which no guardian calls.
const MODULE_EXTRAS: &[&str] = &["owner", "setEnclaveWithoutAttestation", "setOwner"];

const REGISTRY_EXTRAS: &[&str] = &[
    "BEACON_DEPOSIT_CONTRACT",
    "GUARDIAN_MODULE",
    "changeMinimumVTAmount",
    "createPufferModule",
    "owner",
    "provisionWithoutSignatures",
    "setModuleWeights",
    "setOwner",
    "setVTPenalty",
    "setValidatorLimitPerModule",
    "settleWithoutSignatures",
    "skipWithoutSignatures",
];

fn abi(contract: &str) -> JsonAbi {
    let file = contracts().join("out").join(format!("{contract}.json"));
    let artefact: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    serde_json::from_value(artefact["abi"].clone()).unwrap()
}

fn table(expected: &[(&str, &str)]) -> BTreeMap<String, String> {
    expected.iter().map(|(name, id)| ((*name).to_owned(), format!("0x{id}"))).collect()
}

/// Exactly those of the tables and the extras: nothing else is there, nothing is missing.
fn compare(contract: &str, functions: &[(&str, &str)], extras: &[&str]) {
    let mut found: BTreeMap<_, _> = abi(contract)
        .functions()
        .map(|function| (function.name.clone(), function.selector().to_string()))
        .collect();
    for extra in extras {
        assert!(found.remove(*extra).is_some(), "{contract} has no {extra}");
    }
    assert_eq!(found, table(functions), "{contract}");
}

#[test]
fn functions_have_the_selectors_in_production() {
    compare("GuardianModule", MODULE_FUNCTIONS, MODULE_EXTRAS);
    compare("ValidatorRegistry", REGISTRY_FUNCTIONS, REGISTRY_EXTRAS);
}

#[test]
fn events_have_the_topics_in_production() {
    for (contract, events) in [("GuardianModule", MODULE_EVENTS), ("ValidatorRegistry", REGISTRY_EVENTS)] {
        let mut found: BTreeMap<_, _> =
            abi(contract).events().map(|event| (event.name.clone(), event.selector().to_string())).collect();
        found.remove("ValidatorLimitPerModuleChanged");
        assert_eq!(found, table(events), "{contract}");
    }
}

#[test]
fn errors_have_the_selectors_in_production() {
    for (contract, errors) in [("GuardianModule", MODULE_ERRORS), ("ValidatorRegistry", REGISTRY_ERRORS)] {
        let found: BTreeMap<_, _> =
            abi(contract).errors().map(|error| (error.name.clone(), error.selector().to_string())).collect();
        for (name, selector) in table(errors) {
            assert_eq!(found.get(&name), Some(&selector), "{contract}.{name}");
        }
    }
}

/// Which arguments are indexed decides where a guardian finds them; topics do not depend on it.
#[test]
fn events_index_what_they_do_in_production() {
    let registry = abi("ValidatorRegistry");
    let indexed = |name: &str| -> Vec<bool> {
        registry.event(name).unwrap()[0].inputs.iter().map(|input| input.indexed).collect()
    };
    assert_eq!(indexed("ValidatorKeyRegistered"), [false, true, true, false]);
    assert_eq!(indexed("SuccessfullyProvisioned"), [false, true, true]);
    assert_eq!(indexed("ValidatorSkipped"), [false, true, true]);
    assert_eq!(indexed("ValidatorExited"), [false, true, true, false, false]);
    assert_eq!(indexed("ValidatorTicketsDeposited"), [true, true, false]);
    assert_eq!(indexed("ValidatorTicketsWithdrawn"), [true, true, false]);
    assert_eq!(indexed("NewPufferModuleCreated"), [false, true, false]);
    let module = abi("GuardianModule");
    assert!(module.events().all(|event| event.inputs.iter().all(|input| !input.indexed)));
}
