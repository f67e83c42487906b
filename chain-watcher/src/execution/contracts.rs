//! The part of the contracts' ABI that is read, profile `v1`.
//!
//! Source: the ABI of Puffer's `PufferProtocol` and `GuardianModule`, and of our own `ExitProposals`; the tests pin every
//! selector and topic.

#![allow(missing_docs, reason = "generated bindings; the names are the contracts' own")]

use alloy::sol;

sol! {
    struct ValidatorKeyData {
        bytes blsPubKey;
        bytes signature;
        bytes32 depositDataRoot;
        bytes[] blsEncryptedPrivKeyShares;
        bytes blsPubKeySet;
        bytes raveEvidence;
    }

    struct Permit {
        uint256 deadline;
        uint256 amount;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    struct Validator {
        address node;
        uint96 bond;
        address module;
        uint8 status;
        bytes pubKey;
    }

    struct NodeAccount {
        uint64 activeValidatorCount;
        uint64 pendingValidatorCount;
        uint96 vtBalance;
    }

    struct StoppedValidatorInfo {
        address module;
        uint256 startEpoch;
        uint256 endEpoch;
        bool wasSlashed;
        bytes32 moduleName;
        uint256 pufferModuleIndex;
        uint256 withdrawalAmount;
    }

    interface PufferProtocol {
        event ValidatorKeyRegistered(
            bytes pubKey, uint256 indexed pufferModuleIndex, bytes32 indexed moduleName, bool usingEnclave
        );
        event SuccessfullyProvisioned(
            bytes pubKey, uint256 indexed pufferModuleIndex, bytes32 indexed moduleName
        );
        event ValidatorSkipped(bytes pubKey, uint256 indexed pufferModuleIndex, bytes32 indexed moduleName);
        event ValidatorExited(
            bytes pubKey,
            uint256 indexed pufferModuleIndex,
            bytes32 indexed moduleName,
            uint256 pufETHBurnAmount,
            uint256 vtBurnAmount
        );
        event ValidatorTicketsDeposited(address indexed node, address indexed depositor, uint256 amount);
        event ValidatorTicketsWithdrawn(address indexed node, address indexed recipient, uint256 amount);

        function registerValidatorKey(
            ValidatorKeyData data, bytes32 moduleName, Permit pufETHPermit, Permit vtPermit
        ) external payable;
        function getPendingValidatorIndex(bytes32 moduleName) external view returns (uint256);
        function getModuleWeights() external view returns (bytes32[] memory);
        function getModuleAddress(bytes32 moduleName) external view returns (address);
        function getWithdrawalCredentials(address module) external view returns (bytes memory);
        function getValidatorInfo(bytes32 moduleName, uint256 pufferModuleIndex)
            external view returns (Validator memory);
        function getNodeInfo(address node) external view returns (NodeAccount memory);
        function getMinimumVtAmount() external view returns (uint256);
        function getVTPenalty() external view returns (uint256);
    }

    interface GuardianModule {
        error Unauthorized();

        function getGuardians() external view returns (address[] memory);
        function getGuardiansEnclaveAddresses() external view returns (address[] memory);
        function getThreshold() external view returns (uint256);
        function getEjectionThreshold() external view returns (uint256);
        function validateSkipProvisioning(bytes32 moduleName, uint256 skippedIndex, bytes[] signatures)
            external view;
        function validateProvisionNode(
            uint256 pufferModuleIndex,
            bytes pubKey,
            bytes signature,
            bytes withdrawalCredentials,
            bytes32 depositDataRoot,
            bytes[] signatures
        ) external view;
        function validateBatchWithdrawals(StoppedValidatorInfo[] infos, bytes[] signatures) external view;
        function validateTotalNumberOfValidators(uint256 newNumber, uint256 epochNumber, bytes[] signatures)
            external view;
    }

    interface ExitProposals {
        event ExitProposed(
            uint256 indexed number,
            address indexed proposer,
            bytes32 indexed network,
            uint8 severity,
            uint64 expires,
            uint64[] validators,
            string reason
        );
        event ExitCancelled(uint256 indexed number, address indexed by);

        function proposalCount() external view returns (uint256);
    }
}

#[cfg(test)]
mod tests;
