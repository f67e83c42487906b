// SPDX-License-Identifier: MIT OR Apache-2.0
// For local networks and tests only. Not audited, not meant for any public network; it must never hold value.
pragma solidity 0.8.30;

import { DepositData, IDepositContract } from "./DepositContract.sol";
import { GuardianModule } from "./GuardianModule.sol";
import { StoppedValidatorInfo } from "./GuardianMessages.sol";
import { Owned } from "./Owned.sol";

enum Status {
    UNINITIALIZED,
    PENDING,
    SKIPPED,
    ACTIVE,
    FROZEN
}

struct Validator {
    /// The node operator.
    address node;
    uint96 bond;
    address module;
    Status status;
    bytes pubKey;
}

struct NodeInfo {
    uint64 activeValidatorCount;
    uint64 pendingValidatorCount;
    /// Wei of validator ticket.
    uint96 vtBalance;
}

struct ModuleLimit {
    uint128 allowedLimit;
    uint128 numberOfRegisteredValidators;
}

struct ValidatorKeyData {
    bytes blsPubKey;
    /// Deposit signature; not checked here.
    bytes signature;
    /// Not checked here.
    bytes32 depositDataRoot;
    /// One for each guardian, in their order.
    bytes[] blsEncryptedPrivKeyShares;
    bytes blsPubKeySet;
    bytes raveEvidence;
}

/// Of a permit only the amount counts here: tokens are believed, not moved.
struct Permit {
    uint256 deadline;
    uint256 amount;
    uint8 v;
    bytes32 r;
    bytes32 s;
}

/// Validators, their operators and their tickets. Speaks the ABI of Puffer's PufferProtocol as guardians use it, profile
/// v1. Tickets and bonds are figures: no token moves, nothing is paid out.
contract ValidatorRegistry is Owned {
    /// Wei of ticket that a validator uses in an epoch: 384 s of a day, rounded up.
    uint256 private constant TICKETS_PER_EPOCH = 4_444_444_444_444_445;
    /// Wei for a whole ticket.
    uint256 private constant TICKET_PRICE = 0.01 ether;
    uint256 private constant BOND = 2 ether;
    uint256 private constant ENCLAVE_BOND = 1 ether;

    GuardianModule public immutable GUARDIAN_MODULE;
    IDepositContract public immutable BEACON_DEPOSIT_CONTRACT;

    mapping(bytes32 moduleName => mapping(uint256 index => Validator)) private validators;
    mapping(address node => NodeInfo) private nodes;
    mapping(bytes32 moduleName => address) private modules;
    /// Where a module's withdrawals go; zero for what is no module.
    mapping(address module => address) private withdrawalAddress;
    mapping(bytes32 moduleName => ModuleLimit) private limits;
    mapping(bytes32 moduleName => uint256) private pendingIndex;
    mapping(bytes32 moduleName => uint256) private nextIndex;
    bytes32[] private moduleWeights;
    uint256 private moduleSelectIndex;
    uint256 private minimumVtAmount;
    uint256 private vtPenalty;

    event ValidatorKeyRegistered(
        bytes pubKey, uint256 indexed pufferModuleIndex, bytes32 indexed moduleName, bool usingEnclave
    );
    event SuccessfullyProvisioned(bytes pubKey, uint256 indexed pufferModuleIndex, bytes32 indexed moduleName);
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
    event NumberOfRegisteredValidatorsChanged(bytes32 indexed moduleName, uint256 newNumberOfRegisteredValidators);
    event MinimumVTAmountChanged(uint256 oldMinimumNumberOfDays, uint256 newMinimumNumberOfDays);
    event VTPenaltyChanged(uint256 oldPenalty, uint256 newPenalty);
    event NewPufferModuleCreated(address module, bytes32 indexed moduleName, bytes32 withdrawalCredentials);
    event ModuleWeightsChanged(bytes32[] oldWeights, bytes32[] newWeights);
    event ValidatorLimitPerModuleChanged(uint256 oldLimit, uint256 newLimit);

    error ActiveOrPendingValidatorsExist();
    error InvalidAddress();
    error InvalidBLSPrivateKeyShares();
    error InvalidBLSPubKey();
    error InvalidBLSPublicKeySet();
    error InvalidDepositRootHash();
    error InvalidETHAmount();
    error InvalidValidatorState(Status status);
    error InvalidVTAmount();
    error ModuleAlreadyExists();
    error SafeCastOverflowedUintDowncast(uint8 bits, uint256 value);
    error ValidatorLimitForModuleReached();

    constructor(GuardianModule guardianModule, IDepositContract depositContract) Owned(msg.sender) {
        GUARDIAN_MODULE = guardianModule;
        BEACON_DEPOSIT_CONTRACT = depositContract;
        _createPufferModule("PUFFER_MODULE_0");
        _changeMinimumVTAmount(28 ether);
        _setVTPenalty(10 ether);
    }

    // --- node operators

    /// Bond and tickets come from a permit's amount or, where that is zero, from the ETH sent. Adds the tickets without
    /// an event of their own.
    function registerValidatorKey(
        ValidatorKeyData calldata data,
        bytes32 moduleName,
        Permit calldata pufETHPermit,
        Permit calldata vtPermit
    ) external payable {
        if (vtPermit.amount != 0 && pufETHPermit.amount != 0 && msg.value > 0) revert InvalidETHAmount();
        _checkRegistration(data, moduleName);

        bool usingEnclave = data.raveEvidence.length > 0;
        uint256 bond = usingEnclave ? ENCLAVE_BOND : BOND;
        if (vtPermit.amount != 0 && pufETHPermit.amount == 0 && msg.value != bond) revert InvalidETHAmount();
        uint256 ticketPayment = pufETHPermit.amount == 0 ? msg.value - bond : msg.value;
        uint256 tickets = vtPermit.amount == 0 ? ticketPayment * 1 ether / TICKET_PRICE : vtPermit.amount;
        if (tickets < minimumVtAmount) revert InvalidVTAmount();

        uint256 index = pendingIndex[moduleName]++;
        validators[moduleName][index] =
            Validator(msg.sender, uint96(bond), modules[moduleName], Status.PENDING, data.blsPubKey);
        NodeInfo storage node = nodes[msg.sender];
        node.vtBalance += _toUint96(tickets);
        ++node.pendingValidatorCount;
        uint128 registered = ++limits[moduleName].numberOfRegisteredValidators;
        emit NumberOfRegisteredValidatorsChanged(moduleName, registered);
        emit ValidatorKeyRegistered(data.blsPubKey, index, moduleName, usingEnclave);
    }

    function depositValidatorTickets(Permit calldata permit, address node) external {
        if (node == address(0)) revert InvalidAddress();
        nodes[node].vtBalance += _toUint96(permit.amount);
        emit ValidatorTicketsDeposited(node, msg.sender, permit.amount);
    }

    function withdrawValidatorTickets(uint96 amount, address recipient) external {
        NodeInfo storage node = nodes[msg.sender];
        if (node.activeValidatorCount + node.pendingValidatorCount != 0) revert ActiveOrPendingValidatorsExist();
        node.vtBalance -= amount;
        emit ValidatorTicketsWithdrawn(msg.sender, recipient, amount);
    }

    // --- the paymaster, with the guardians' signatures

    function provisionNode(
        bytes[] calldata guardianEnclaveSignatures,
        bytes calldata validatorSignature,
        bytes32 depositRootHash
    ) external onlyOwner {
        if (depositRootHash != BEACON_DEPOSIT_CONTRACT.get_deposit_root()) revert InvalidDepositRootHash();
        (bytes32 moduleName, uint256 index) = getNextValidatorToProvision();
        // With nobody waiting this panics with 0x11.
        nextIndex[moduleName] = index + 1;
        _deposit(validators[moduleName][index], index, validatorSignature, guardianEnclaveSignatures);
        unchecked {
            ++moduleSelectIndex;
        }
        _provision(moduleName, index);
    }

    /// Takes the penalty in tickets without an event of its own.
    function skipProvisioning(bytes32 moduleName, bytes[] calldata guardianEOASignatures) external onlyOwner {
        GUARDIAN_MODULE.validateSkipProvisioning(moduleName, nextIndex[moduleName], guardianEOASignatures);
        _skip(moduleName);
    }

    function batchHandleWithdrawals(StoppedValidatorInfo[] calldata infos, bytes[] calldata guardianEOASignatures)
        external
        onlyOwner
    {
        GUARDIAN_MODULE.validateBatchWithdrawals(infos, guardianEOASignatures);
        _settle(infos);
    }

    // --- reads

    /// ("NO_VALIDATORS", largest number) when nobody waits.
    function getNextValidatorToProvision() public view returns (bytes32, uint256) {
        uint256 count = moduleWeights.length;
        for (uint256 i = 0; i < count; ++i) {
            bytes32 moduleName = moduleWeights[(moduleSelectIndex + i) % count];
            uint256 index = nextIndex[moduleName];
            if (validators[moduleName][index].status == Status.PENDING) return (moduleName, index);
        }
        return ("NO_VALIDATORS", type(uint256).max);
    }

    function getNextValidatorToBeProvisionedIndex(bytes32 moduleName) external view returns (uint256) {
        return nextIndex[moduleName];
    }

    /// How many were ever registered: the index of the next one.
    function getPendingValidatorIndex(bytes32 moduleName) external view returns (uint256) {
        return pendingIndex[moduleName];
    }

    /// All zero once it was settled.
    function getValidatorInfo(bytes32 moduleName, uint256 index) external view returns (Validator memory) {
        return validators[moduleName][index];
    }

    function getValidators(bytes32 moduleName) external view returns (Validator[] memory all) {
        all = new Validator[](pendingIndex[moduleName]);
        for (uint256 i = 0; i < all.length; ++i) {
            all[i] = validators[moduleName][i];
        }
    }

    function getNodeInfo(address node) external view returns (NodeInfo memory) {
        return nodes[node];
    }

    function getValidatorTicketsBalance(address node) external view returns (uint256) {
        return nodes[node].vtBalance;
    }

    function getMinimumVtAmount() external view returns (uint256) {
        return minimumVtAmount;
    }

    function getVTPenalty() external view returns (uint256) {
        return vtPenalty;
    }

    /// What an operator needs to prepare a registration: enclave keys, withdrawal credentials, threshold, price in wei.
    function getPayload(bytes32 moduleName, bool usingEnclave)
        external
        view
        returns (bytes[] memory, bytes memory, uint256, uint256)
    {
        uint256 price = (usingEnclave ? ENCLAVE_BOND : BOND) + minimumVtAmount * TICKET_PRICE / 1 ether;
        return (
            GUARDIAN_MODULE.getGuardiansEnclavePubkeys(),
            getWithdrawalCredentials(modules[moduleName]),
            GUARDIAN_MODULE.getThreshold(),
            price
        );
    }

    function getWithdrawalCredentials(address module) public view returns (bytes memory) {
        return abi.encodePacked(_credentials(module));
    }

    function getDepositDataRoot(
        bytes calldata pubKey,
        bytes calldata signature,
        bytes calldata withdrawalCredentials
    ) external pure returns (bytes32) {
        return DepositData.root(pubKey, signature, withdrawalCredentials);
    }

    function getModuleAddress(bytes32 moduleName) external view returns (address) {
        return modules[moduleName];
    }

    function getModuleWeights() external view returns (bytes32[] memory) {
        return moduleWeights;
    }

    function getModuleSelectIndex() external view returns (uint256) {
        return moduleSelectIndex;
    }

    function getModuleLimitInformation(bytes32 moduleName) external view returns (ModuleLimit memory) {
        return limits[moduleName];
    }

    // --- the owner

    function createPufferModule(bytes32 moduleName) external onlyOwner returns (address) {
        return _createPufferModule(moduleName);
    }

    function setModuleWeights(bytes32[] calldata newWeights) external onlyOwner {
        emit ModuleWeightsChanged(moduleWeights, newWeights);
        moduleWeights = newWeights;
    }

    function setValidatorLimitPerModule(bytes32 moduleName, uint128 limit) external onlyOwner {
        _setLimit(moduleName, limit);
    }

    function changeMinimumVTAmount(uint256 newMinimum) external onlyOwner {
        _changeMinimumVTAmount(newMinimum);
    }

    function setVTPenalty(uint256 newPenalty) external onlyOwner {
        _setVTPenalty(newPenalty);
    }

    // --- the owner's shortcuts, which no real protocol has

    /// Provisions the next `count` validators of a module without signatures and without a deposit.
    function provisionWithoutSignatures(bytes32 moduleName, uint256 count) external onlyOwner {
        for (uint256 i = 0; i < count; ++i) {
            _provision(moduleName, nextIndex[moduleName]);
        }
    }

    /// Skips the next validator of a module without signatures.
    function skipWithoutSignatures(bytes32 moduleName) external onlyOwner {
        _skip(moduleName);
    }

    /// Settles validators without signatures.
    function settleWithoutSignatures(StoppedValidatorInfo[] calldata infos) external onlyOwner {
        _settle(infos);
    }

    // --- inside

    function _checkRegistration(ValidatorKeyData calldata data, bytes32 moduleName) private view {
        ModuleLimit storage limit = limits[moduleName];
        // A module that does not exist has a limit of zero.
        if (limit.numberOfRegisteredValidators + 1 > limit.allowedLimit) revert ValidatorLimitForModuleReached();
        if (data.blsPubKey.length != 48) revert InvalidBLSPubKey();
        if (data.blsEncryptedPrivKeyShares.length != GUARDIAN_MODULE.getGuardians().length) {
            revert InvalidBLSPrivateKeyShares();
        }
        if (data.blsPubKeySet.length != GUARDIAN_MODULE.getThreshold() * 48) revert InvalidBLSPublicKeySet();
    }

    function _deposit(
        Validator storage validator,
        uint256 index,
        bytes calldata signature,
        bytes[] calldata guardianEnclaveSignatures
    ) private {
        bytes memory pubKey = validator.pubKey;
        bytes memory credentials = getWithdrawalCredentials(validator.module);
        bytes32 root = this.getDepositDataRoot(pubKey, signature, credentials);
        GUARDIAN_MODULE.validateProvisionNode(
            index, pubKey, signature, credentials, root, guardianEnclaveSignatures
        );
        BEACON_DEPOSIT_CONTRACT.deposit(pubKey, credentials, signature, root);
    }

    function _provision(bytes32 moduleName, uint256 index) private {
        Validator storage validator = validators[moduleName][index];
        if (validator.status != Status.PENDING) revert InvalidValidatorState(validator.status);
        nextIndex[moduleName] = index + 1;
        NodeInfo storage node = nodes[validator.node];
        --node.pendingValidatorCount;
        ++node.activeValidatorCount;
        validator.status = Status.ACTIVE;
        emit SuccessfullyProvisioned(validator.pubKey, index, moduleName);
    }

    /// With nobody waiting the subtractions panic with 0x11.
    function _skip(bytes32 moduleName) private {
        uint256 index = nextIndex[moduleName];
        Validator storage validator = validators[moduleName][index];
        NodeInfo storage node = nodes[validator.node];
        node.vtBalance -= _toUint96(vtPenalty);
        --node.pendingValidatorCount;
        validator.status = Status.SKIPPED;
        _removeRegistered(moduleName);
        nextIndex[moduleName] = index + 1;
        emit ValidatorSkipped(validator.pubKey, index, moduleName);
    }

    /// One after the other: what the first burned, the second does not have. One that cannot pay reverts them all.
    function _settle(StoppedValidatorInfo[] calldata infos) private {
        for (uint256 i = 0; i < infos.length; ++i) {
            StoppedValidatorInfo calldata info = infos[i];
            Validator storage validator = validators[info.moduleName][info.pufferModuleIndex];
            if (validator.status != Status.ACTIVE) revert InvalidValidatorState(validator.status);
            NodeInfo storage node = nodes[validator.node];
            uint256 bondBurned = _bondBurned(info, validator.bond);
            uint256 ticketsBurned = _ticketsBurned(info, node.vtBalance);
            emit ValidatorExited(
                validator.pubKey, info.pufferModuleIndex, info.moduleName, bondBurned, ticketsBurned
            );
            _removeRegistered(info.moduleName);
            node.vtBalance -= _toUint96(ticketsBurned);
            --node.activeValidatorCount;
            delete validators[info.moduleName][info.pufferModuleIndex];
        }
    }

    /// Who leaves early pays the minimum, or all there is when the minimum was raised since.
    function _ticketsBurned(StoppedValidatorInfo calldata info, uint256 balance) private view returns (uint256) {
        uint256 used = (info.endEpoch - info.startEpoch) * TICKETS_PER_EPOCH;
        if (minimumVtAmount <= used) return used;
        return balance < minimumVtAmount ? balance : minimumVtAmount;
    }

    /// The bond pays for slashing whole, otherwise for what is missing to 32 ETH, one for one. More than the bond panics
    /// with 0x11.
    function _bondBurned(StoppedValidatorInfo calldata info, uint256 bond) private pure returns (uint256 burned) {
        if (info.wasSlashed) return bond;
        if (info.withdrawalAmount < 32 ether) burned = 32 ether - info.withdrawalAmount;
        // Nothing is left of it: panics as the subtraction of the bond that is paid back would.
        bond - burned;
    }

    function _removeRegistered(bytes32 moduleName) private {
        uint128 registered = --limits[moduleName].numberOfRegisteredValidators;
        emit NumberOfRegisteredValidatorsChanged(moduleName, registered);
    }

    /// A module here is a name with two addresses and no code.
    function _createPufferModule(bytes32 moduleName) private returns (address module) {
        if (modules[moduleName] != address(0)) revert ModuleAlreadyExists();
        module = address(uint160(uint256(keccak256(abi.encode("module", moduleName)))));
        modules[moduleName] = module;
        withdrawalAddress[module] = address(uint160(uint256(keccak256(abi.encode("withdrawals", moduleName)))));
        moduleWeights.push(moduleName);
        emit NewPufferModuleCreated(module, moduleName, _credentials(module));
        _setLimit(moduleName, 500);
    }

    /// 0x01, eleven zeros, the address (consensus-specs, `ETH1_ADDRESS_WITHDRAWAL_PREFIX`).
    function _credentials(address module) private view returns (bytes32) {
        address account = withdrawalAddress[module];
        if (account == address(0)) revert InvalidAddress();
        return bytes32(uint256(0x01) << 248 | uint256(uint160(account)));
    }

    function _setLimit(bytes32 moduleName, uint128 limit) private {
        ModuleLimit storage info = limits[moduleName];
        if (limit < info.numberOfRegisteredValidators) revert ValidatorLimitForModuleReached();
        emit ValidatorLimitPerModuleChanged(info.allowedLimit, limit);
        info.allowedLimit = limit;
    }

    function _changeMinimumVTAmount(uint256 newMinimum) private {
        if (newMinimum < vtPenalty) revert InvalidVTAmount();
        emit MinimumVTAmountChanged(minimumVtAmount, newMinimum);
        minimumVtAmount = newMinimum;
    }

    function _setVTPenalty(uint256 newPenalty) private {
        if (newPenalty > minimumVtAmount) revert InvalidVTAmount();
        emit VTPenaltyChanged(vtPenalty, newPenalty);
        vtPenalty = newPenalty;
    }

    function _toUint96(uint256 value) private pure returns (uint96) {
        if (value > type(uint96).max) revert SafeCastOverflowedUintDowncast(96, value);
        return uint96(value);
    }
}
