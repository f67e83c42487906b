// SPDX-License-Identifier: MIT OR Apache-2.0
// For local networks and tests only. Not audited, not meant for any public network; it must never hold value.
pragma solidity 0.8.30;

/// Calls other contracts in its own name, so that tests can register through a contract.
contract Forwarder {
    /// Each call in turn, all or nothing. The calls stand in the input as they are.
    function multicall(address[] calldata targets, bytes[] calldata calls) external {
        for (uint256 i = 0; i < targets.length; ++i) {
            _call(targets[i], calls[i]);
        }
    }

    /// A call whose bytes stand in the input only under a mask: nobody finds it there without a trace.
    function forwardMasked(address target, uint256 mask, bytes calldata masked) external {
        bytes memory call_ = masked;
        // Whole words; what the last one has beyond the end is cut off by the length.
        assembly ("memory-safe") {
            let end := add(add(call_, 32), mload(call_))
            for { let at := add(call_, 32) } lt(at, end) { at := add(at, 32) } {
                mstore(at, xor(mload(at), mask))
            }
        }
        _call(target, call_);
    }

    function _call(address target, bytes memory call_) private {
        (bool success, bytes memory answer) = target.call(call_);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
    }
}
