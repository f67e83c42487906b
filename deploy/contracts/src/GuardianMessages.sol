// SPDX-License-Identifier: MIT OR Apache-2.0
// For local networks and tests only. Not audited, not meant for any public network; it must never hold value.
pragma solidity 0.8.30;

/// A validator that left the beacon chain, as guardians report it.
struct StoppedValidatorInfo {
    address module;
    /// Epoch it became active.
    uint256 startEpoch;
    /// Epoch it stopped.
    uint256 endEpoch;
    bool wasSlashed;
    bytes32 moduleName;
    uint256 pufferModuleIndex;
    /// Wei.
    uint256 withdrawalAmount;
}

/// What guardians sign, profile v1: keccak256(abi.encode(fields)) under the EIP-191 prefix for 32 bytes. No chain id, no
/// contract address, no nonce: a guardian key of a local network must be used nowhere else.
library GuardianMessages {
    /// Half the order of secp256k1: a signature with a larger s is refused (EIP-2).
    uint256 private constant LARGEST_S = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    function skip(bytes32 moduleName, uint256 index) internal pure returns (bytes32) {
        return eip191(keccak256(abi.encode(moduleName, index)));
    }

    /// The credentials stand before the signature here, other than in the functions' arguments.
    function provision(
        uint256 pufferModuleIndex,
        bytes memory pubKey,
        bytes memory signature,
        bytes memory withdrawalCredentials,
        bytes32 depositDataRoot
    ) internal pure returns (bytes32) {
        return eip191(
            keccak256(abi.encode(pufferModuleIndex, pubKey, withdrawalCredentials, signature, depositDataRoot))
        );
    }

    function batchWithdrawals(StoppedValidatorInfo[] calldata infos) internal pure returns (bytes32) {
        return eip191(keccak256(abi.encode(infos)));
    }

    function totalNumberOfValidators(uint256 numberOfValidators, uint256 epochNumber)
        internal
        pure
        returns (bytes32)
    {
        return eip191(keccak256(abi.encode(numberOfValidators, epochNumber)));
    }

    function eip191(bytes32 hash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n32", hash));
    }

    /// Who signed, or zero for anything but 65 bytes r || s || v with a low s and v of 27 or 28.
    function signer(bytes32 digest, bytes calldata signature) internal pure returns (address) {
        if (signature.length != 65) return address(0);
        bytes32 r = bytes32(signature[0:32]);
        bytes32 s = bytes32(signature[32:64]);
        if (uint256(s) > LARGEST_S) return address(0);
        return ecrecover(digest, uint8(signature[64]), r, s);
    }
}
