// SPDX-License-Identifier: MIT OR Apache-2.0
// Meant to be deployed for real, but NOT AUDITED: have it audited first. It takes no ether and calls no other contract.
pragma solidity 0.8.30;

/// Where accounts that the owner allows ask the guardians of a network for exits of validators.
///
/// A proposal is a request and no order: guardians read the events at finality and decide by their own rules. Nothing
/// here knows which validators there are, or what network a name belongs to. The proposer is whoever calls: an account,
/// a Safe, a timelock.
///
/// What an account asked for while it was allowed stays asked for when it no longer is; the owner cancels it.
contract ExitProposals {
    /// Most validators of one proposal.
    uint256 private constant MAX_VALIDATORS = 1024;
    /// Longest reason, bytes.
    uint256 private constant MAX_REASON = 280;
    /// Furthest that a proposal's end may lie ahead.
    uint256 private constant MAX_LIFE = 30 days;
    /// The last severity there is: 0 is normal, 1 is urgent.
    uint8 private constant URGENT = 1;

    struct Proposal {
        address proposer;
        bool cancelled;
    }

    /// Who allows proposers, and may cancel anything.
    address public owner;
    /// Who becomes the owner by accepting it; zero for nobody.
    address public pendingOwner;
    /// Who may propose.
    mapping(address proposer => bool) public isProposer;
    /// By number. Everything else of a proposal is in its event.
    Proposal[] private proposals;

    event OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);
    event ProposerSet(address indexed proposer, bool allowed);
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

    error NoOwner();
    error NotOwner(address caller);
    error NotPendingOwner(address caller);
    error NotProposer(address caller);
    error NoValidators();
    error TooManyValidators(uint256 count);
    error NotAscending(uint256 place);
    error UnknownSeverity(uint8 severity);
    error Expired(uint64 expires);
    error TooFar(uint64 expires);
    error ReasonLength(uint256 length);
    error UnknownProposal(uint256 number);
    error AlreadyCancelled(uint256 number);

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    constructor(address firstOwner) {
        if (firstOwner == address(0)) revert NoOwner();
        owner = firstOwner;
        emit OwnershipTransferred(address(0), firstOwner);
    }

    // --- the owner

    /// Offers the ownership to `newOwner`, who must accept it; zero takes an offer back. There is always an owner.
    function transferOwnership(address newOwner) external onlyOwner {
        pendingOwner = newOwner;
        emit OwnershipTransferStarted(owner, newOwner);
    }

    /// Takes the ownership that was offered.
    function acceptOwnership() external {
        if (msg.sender != pendingOwner) revert NotPendingOwner(msg.sender);
        emit OwnershipTransferred(owner, msg.sender);
        owner = msg.sender;
        delete pendingOwner;
    }

    /// Allows `proposer` to propose, or no longer.
    function setProposer(address proposer, bool allowed) external onlyOwner {
        isProposer[proposer] = allowed;
        emit ProposerSet(proposer, allowed);
    }

    // --- proposers

    /// Asks the guardians of `network` (the id of their network definition) for exits of `validators` (indices on the
    /// beacon chain, strictly ascending, 1 to 1024), until `expires` (Unix seconds, at most 30 days ahead). `reason`, 1
    /// to 280 bytes, is for people. Numbers count from 0.
    function proposeExit(
        bytes32 network,
        uint64[] calldata validators,
        uint8 severity,
        uint64 expires,
        string calldata reason
    ) external returns (uint256 number) {
        if (!isProposer[msg.sender]) revert NotProposer(msg.sender);
        uint256 count = validators.length;
        if (count == 0) revert NoValidators();
        if (count > MAX_VALIDATORS) revert TooManyValidators(count);
        for (uint256 place = 1; place < count; ++place) {
            if (validators[place] <= validators[place - 1]) revert NotAscending(place);
        }
        if (severity > URGENT) revert UnknownSeverity(severity);
        if (expires <= block.timestamp) revert Expired(expires);
        if (expires > block.timestamp + MAX_LIFE) revert TooFar(expires);
        uint256 length = bytes(reason).length;
        if (length == 0 || length > MAX_REASON) revert ReasonLength(length);
        number = proposals.length;
        proposals.push(Proposal(msg.sender, false));
        emit ExitProposed(number, msg.sender, network, severity, expires, validators, reason);
    }

    /// Takes a proposal back, once: for its proposer, allowed still or not, and for the owner. Exits that guardians have
    /// signed by then cannot be taken back by anybody.
    function cancelExit(uint256 number) external {
        if (number >= proposals.length) revert UnknownProposal(number);
        Proposal storage proposal = proposals[number];
        if (msg.sender != proposal.proposer && msg.sender != owner) revert NotProposer(msg.sender);
        if (proposal.cancelled) revert AlreadyCancelled(number);
        proposal.cancelled = true;
        emit ExitCancelled(number, msg.sender);
    }

    // --- reads

    /// How many proposals there ever were, cancelled ones too.
    function proposalCount() external view returns (uint256) {
        return proposals.length;
    }
}
