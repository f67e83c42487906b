use super::*;
use alloy::sol_types::{SolCall, SolError, SolEvent};

/// What the contracts' ABI says, taken from the contracts and not from the bindings.
#[test]
fn selectors_are_those_of_the_contracts() {
    let ours = [
        (PufferProtocol::registerValidatorKeyCall::SELECTOR, "48c1edf1"),
        (PufferProtocol::getPendingValidatorIndexCall::SELECTOR, "daf4d90c"),
        (PufferProtocol::getModuleWeightsCall::SELECTOR, "b15c7da3"),
        (PufferProtocol::getModuleAddressCall::SELECTOR, "22dbefbb"),
        (PufferProtocol::getWithdrawalCredentialsCall::SELECTOR, "2c8a54bf"),
        (PufferProtocol::getValidatorInfoCall::SELECTOR, "9f23d3eb"),
        (PufferProtocol::getNodeInfoCall::SELECTOR, "582115fb"),
        (PufferProtocol::getMinimumVtAmountCall::SELECTOR, "708ddb4e"),
        (PufferProtocol::getVTPenaltyCall::SELECTOR, "59579342"),
        (GuardianModule::getGuardiansCall::SELECTOR, "0665f04b"),
        (GuardianModule::getGuardiansEnclaveAddressesCall::SELECTOR, "3f84cc71"),
        (GuardianModule::getThresholdCall::SELECTOR, "e75235b8"),
        (GuardianModule::getEjectionThresholdCall::SELECTOR, "b1ba85ab"),
        (GuardianModule::validateSkipProvisioningCall::SELECTOR, "d4feed01"),
        (GuardianModule::validateProvisionNodeCall::SELECTOR, "ae9865b4"),
        (GuardianModule::validateBatchWithdrawalsCall::SELECTOR, "b6a5a690"),
        (GuardianModule::validateTotalNumberOfValidatorsCall::SELECTOR, "292369cd"),
        (GuardianModule::Unauthorized::SELECTOR, "82b42900"),
        (ExitProposals::proposalCountCall::SELECTOR, "da35c664"),
    ];
    for (ours, contract) in ours {
        assert_eq!(hex::encode(ours), contract);
    }
}

#[test]
fn topics_are_those_of_the_contracts() {
    let ours = [
        (
            PufferProtocol::ValidatorKeyRegistered::SIGNATURE_HASH,
            "c73344cf227e056eee8d82aee54078c9b55323b61d17f61587eb570873f8e319",
        ),
        (
            PufferProtocol::SuccessfullyProvisioned::SIGNATURE_HASH,
            "96cbbd073e24b0a7d0cab7dc347c239e52be23c1b44ce240b3b929821fed19a4",
        ),
        (
            PufferProtocol::ValidatorSkipped::SIGNATURE_HASH,
            "088dc5dc64f3e8df8da5140a284d3018a717d6b009e605513bb28a2b466d38ee",
        ),
        (
            PufferProtocol::ValidatorExited::SIGNATURE_HASH,
            "f435da9e3aeccc40d39fece7829f9941965ceee00d31fa7a89d608a273ea906e",
        ),
        (
            PufferProtocol::ValidatorTicketsDeposited::SIGNATURE_HASH,
            "d19b9bc208843da6deef01aa6dedd607204c4f8b6d02f79b60e326a8c6e2b6e8",
        ),
        (
            PufferProtocol::ValidatorTicketsWithdrawn::SIGNATURE_HASH,
            "df7e884ecac11650e1285647b057fa733a7bb9f1da100e7a8c22aafe4bdf6f40",
        ),
        (
            ExitProposals::ExitProposed::SIGNATURE_HASH,
            "914f3bdfe8f6b7fc85cceb4570c0e6fc3d0f67648fed3651b8536af6c5c4e1fc",
        ),
        (
            ExitProposals::ExitCancelled::SIGNATURE_HASH,
            "a7e4b720b2c17a75dfec610520b527027159cbc45d887bf0d529d8d879e2814b",
        ),
    ];
    for (ours, contract) in ours {
        assert_eq!(hex::encode(ours), contract);
    }
}
