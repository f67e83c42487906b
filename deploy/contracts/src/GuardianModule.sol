// SPDX-License-Identifier: MIT OR Apache-2.0
// For local networks and tests only. Not audited, not meant for any public network; it must never hold value.
pragma solidity 0.8.30;

import { GuardianMessages, StoppedValidatorInfo } from "./GuardianMessages.sol";
import { Owned } from "./Owned.sol";

/// Who the guardians are, and whether enough of them signed. Speaks the ABI of Puffer's GuardianModule, profile v1.
contract GuardianModule is Owned {
    /// Stands in the place of a guardian without an enclave key.
    address private constant NO_ENCLAVE = 0x000000000000000000000000000000000000dEaD;

    struct Enclave {
        bytes pubKey;
        address account;
    }

    /// In the order that signatures and envelopes follow. Removing one moves the last one into its place.
    address[] private guardians;
    /// Place in `guardians` plus one; zero for everyone else.
    mapping(address guardian => uint256) private place;
    mapping(address guardian => Enclave) private enclaves;
    uint256 private threshold;
    uint256 private ejectionThreshold;
    bytes32 private mrEnclave;
    bytes32 private mrSigner;

    event GuardianAdded(address guardian);
    event GuardianRemoved(address guardian);
    event ThresholdChanged(uint256 oldThreshold, uint256 newThreshold);
    event EjectionThresholdChanged(uint256 oldThreshold, uint256 newThreshold);
    event RotatedGuardianKey(address guardian, address guardianEnclave, bytes pubKey);
    event MrEnclaveChanged(bytes32 oldMrEnclave, bytes32 newMrEnclave);
    event MrSignerChanged(bytes32 oldMrSigner, bytes32 newMrSigner);

    error InvalidAddress();
    error InvalidECDSAPubKey();
    error InvalidThreshold(uint256 threshold);
    error Unauthorized();

    constructor(address[] memory firstGuardians, uint256 firstThreshold) Owned(msg.sender) {
        for (uint256 i = 0; i < firstGuardians.length; ++i) {
            _addGuardian(firstGuardians[i]);
        }
        _setEjectionThreshold(31.75 ether);
        _setThreshold(firstThreshold);
    }

    // --- what guardians signed: these revert with Unauthorized() unless a threshold of them did

    function validateSkipProvisioning(bytes32 moduleName, uint256 skippedIndex, bytes[] calldata signatures)
        external
        view
    {
        _require(guardians, signatures, GuardianMessages.skip(moduleName, skippedIndex));
    }

    /// Signed with enclave keys, all other messages with the guardians' own.
    function validateProvisionNode(
        uint256 pufferModuleIndex,
        bytes calldata pubKey,
        bytes calldata signature,
        bytes calldata withdrawalCredentials,
        bytes32 depositDataRoot,
        bytes[] calldata signatures
    ) external view {
        bytes32 digest = GuardianMessages.provision(
            pufferModuleIndex, pubKey, signature, withdrawalCredentials, depositDataRoot
        );
        _require(getGuardiansEnclaveAddresses(), signatures, digest);
    }

    function validateBatchWithdrawals(StoppedValidatorInfo[] calldata infos, bytes[] calldata signatures)
        external
        view
    {
        _require(guardians, signatures, GuardianMessages.batchWithdrawals(infos));
    }

    function validateTotalNumberOfValidators(
        uint256 numberOfValidators,
        uint256 epochNumber,
        bytes[] calldata signatures
    ) external view {
        bytes32 digest = GuardianMessages.totalNumberOfValidators(numberOfValidators, epochNumber);
        _require(guardians, signatures, digest);
    }

    function validateGuardiansEOASignatures(bytes[] calldata signatures, bytes32 digest)
        external
        view
        returns (bool)
    {
        return _signed(guardians, signatures, digest);
    }

    function validateGuardiansEnclaveSignatures(bytes[] calldata signatures, bytes32 digest)
        external
        view
        returns (bool)
    {
        return _signed(getGuardiansEnclaveAddresses(), signatures, digest);
    }

    // --- reads

    function getGuardians() external view returns (address[] memory) {
        return guardians;
    }

    function isGuardian(address account) external view returns (bool) {
        return place[account] != 0;
    }

    function getThreshold() external view returns (uint256) {
        return threshold;
    }

    /// Wei of validator balance below which guardians eject.
    function getEjectionThreshold() external view returns (uint256) {
        return ejectionThreshold;
    }

    function getGuardiansEnclaveAddress(address guardian) external view returns (address) {
        return enclaves[guardian].account;
    }

    function getGuardiansEnclaveAddresses() public view returns (address[] memory accounts) {
        accounts = new address[](guardians.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            address account = enclaves[guardians[i]].account;
            accounts[i] = account == address(0) ? NO_ENCLAVE : account;
        }
    }

    function getGuardiansEnclavePubkeys() external view returns (bytes[] memory pubKeys) {
        pubKeys = new bytes[](guardians.length);
        for (uint256 i = 0; i < pubKeys.length; ++i) {
            pubKeys[i] = enclaves[guardians[i]].pubKey;
        }
    }

    function getMrenclave() external view returns (bytes32) {
        return mrEnclave;
    }

    function getMrsigner() external view returns (bytes32) {
        return mrSigner;
    }

    // --- the owner

    function addGuardian(address guardian) external onlyOwner {
        _addGuardian(guardian);
    }

    /// The last guardian takes the place of the one removed.
    function removeGuardian(address guardian) external onlyOwner {
        uint256 removed = place[guardian];
        if (removed != 0) {
            address last = guardians[guardians.length - 1];
            guardians[removed - 1] = last;
            place[last] = removed;
            place[guardian] = 0;
            guardians.pop();
            emit GuardianRemoved(guardian);
        }
        if (guardians.length < threshold) revert InvalidThreshold(threshold);
    }

    function setThreshold(uint256 newThreshold) external onlyOwner {
        _setThreshold(newThreshold);
    }

    function setEjectionThreshold(uint256 newThreshold) external onlyOwner {
        _setEjectionThreshold(newThreshold);
    }

    function setGuardianEnclaveMeasurements(bytes32 newMrEnclave, bytes32 newMrSigner) external onlyOwner {
        emit MrEnclaveChanged(mrEnclave, newMrEnclave);
        emit MrSignerChanged(mrSigner, newMrSigner);
        mrEnclave = newMrEnclave;
        mrSigner = newMrSigner;
    }

    // --- the owner's shortcut, which no real guardian module has

    /// Sets a guardian's enclave key (65 bytes, uncompressed) without the attestation that a real one wants; an empty
    /// key takes it away.
    function setEnclaveWithoutAttestation(address guardian, bytes calldata pubKey) external onlyOwner {
        if (place[guardian] == 0) revert InvalidAddress();
        address account;
        if (pubKey.length != 0) {
            if (pubKey.length != 65) revert InvalidECDSAPubKey();
            account = address(uint160(uint256(keccak256(pubKey[1:]))));
        }
        enclaves[guardian] = Enclave(pubKey, account);
        emit RotatedGuardianKey(guardian, account, pubKey);
    }

    // --- inside

    function _addGuardian(address guardian) private {
        if (guardian == address(0) || place[guardian] != 0) revert InvalidAddress();
        guardians.push(guardian);
        place[guardian] = guardians.length;
        emit GuardianAdded(guardian);
    }

    function _setThreshold(uint256 newThreshold) private {
        if (newThreshold == 0 || newThreshold > guardians.length) revert InvalidThreshold(newThreshold);
        emit ThresholdChanged(threshold, newThreshold);
        threshold = newThreshold;
    }

    function _setEjectionThreshold(uint256 newThreshold) private {
        if (newThreshold >= 32 ether) revert InvalidThreshold(newThreshold);
        emit EjectionThresholdChanged(ejectionThreshold, newThreshold);
        ejectionThreshold = newThreshold;
    }

    function _require(address[] memory signers, bytes[] calldata signatures, bytes32 digest) private view {
        if (!_signed(signers, signatures, digest)) revert Unauthorized();
    }

    /// Signature i counts for signer i alone. Fewer signatures than signers panic with 0x32.
    function _signed(address[] memory signers, bytes[] calldata signatures, bytes32 digest)
        private
        view
        returns (bool)
    {
        uint256 valid;
        for (uint256 i = 0; i < signers.length; ++i) {
            // No signer is the zero address, which stands for a signature that is none.
            if (GuardianMessages.signer(digest, signatures[i]) == signers[i]) ++valid;
        }
        return valid >= threshold;
    }
}
