// SPDX-License-Identifier: MIT OR Apache-2.0
// For local networks and tests only. Not audited, not meant for any public network; it must never hold value.
pragma solidity 0.8.30;

/// What the registry needs of the beacon chain's deposit contract.
interface IDepositContract {
    function deposit(
        bytes calldata pubkey,
        bytes calldata withdrawal_credentials,
        bytes calldata signature,
        bytes32 deposit_data_root
    ) external payable;
    function get_deposit_root() external view returns (bytes32);
}

/// hash_tree_root(DepositData) of a deposit of 32 ETH (consensus-specs, phase0).
library DepositData {
    /// 32 ETH in Gwei, 0x0773594000, little-endian and padded to 32 bytes.
    bytes32 private constant AMOUNT = 0x0040597307000000000000000000000000000000000000000000000000000000;

    function root(bytes calldata pubKey, bytes calldata signature, bytes memory withdrawalCredentials)
        internal
        pure
        returns (bytes32)
    {
        require(pubKey.length == 48 && signature.length == 96 && withdrawalCredentials.length == 32, "length");
        bytes32 pubKeyRoot = sha256(abi.encodePacked(pubKey, bytes16(0)));
        bytes32 signatureRoot =
            node(sha256(signature[0:64]), sha256(abi.encodePacked(signature[64:96], bytes32(0))));
        return node(
            node(pubKeyRoot, bytes32(withdrawalCredentials)), node(AMOUNT, signatureRoot)
        );
    }

    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return sha256(abi.encodePacked(left, right));
    }
}

/// A deposit contract that takes deposits of 32 ETH without the ETH: the tree is the real one, the money is not there.
contract LocalDepositContract is IDepositContract {
    uint256 private constant DEPTH = 32;

    /// The left siblings on the way up from the next leaf.
    bytes32[DEPTH] private branch;
    /// Roots of empty trees of each height.
    bytes32[DEPTH] private empty;
    uint256 private count;

    constructor() {
        for (uint256 height = 0; height + 1 < DEPTH; ++height) {
            empty[height + 1] = DepositData.node(empty[height], empty[height]);
        }
    }

    function deposit(
        bytes calldata pubkey,
        bytes calldata withdrawal_credentials,
        bytes calldata signature,
        bytes32 deposit_data_root
    ) external payable {
        require(msg.value == 0, "no value, please");
        require(DepositData.root(pubkey, signature, withdrawal_credentials) == deposit_data_root, "deposit data root");
        bytes32 carried = deposit_data_root;
        uint256 size = ++count;
        for (uint256 height = 0; height < DEPTH; ++height) {
            if (size & 1 == 1) {
                branch[height] = carried;
                return;
            }
            carried = DepositData.node(branch[height], carried);
            size >>= 1;
        }
    }

    function get_deposit_root() external view returns (bytes32 root) {
        uint256 size = count;
        for (uint256 height = 0; height < DEPTH; ++height) {
            root = size & 1 == 1
                ? DepositData.node(branch[height], root)
                : DepositData.node(root, empty[height]);
            size >>= 1;
        }
        root = DepositData.node(root, bytes32(get_deposit_count()));
    }

    /// Eight bytes, little-endian.
    function get_deposit_count() public view returns (bytes memory) {
        uint64 rest = uint64(count);
        bytes memory bytes_ = new bytes(8);
        for (uint256 i = 0; i < 8; ++i) {
            bytes_[i] = bytes1(uint8(rest));
            rest >>= 8;
        }
        return bytes_;
    }
}
