// SPDX-License-Identifier: MIT OR Apache-2.0
// For local networks and tests only. Not audited, not meant for any public network; it must never hold value.
pragma solidity 0.8.30;

/// One account may do everything that a real protocol spreads over roles (DAO, operations, paymaster).
abstract contract Owned {
    address public owner;

    error AccessManagedUnauthorized(address caller);

    modifier onlyOwner() {
        if (msg.sender != owner) revert AccessManagedUnauthorized(msg.sender);
        _;
    }

    constructor(address firstOwner) {
        owner = firstOwner;
    }

    function setOwner(address newOwner) external onlyOwner {
        owner = newOwner;
    }
}
