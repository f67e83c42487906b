// SPDX-License-Identifier: MIT OR Apache-2.0
// Meant to be deployed for real, but NOT AUDITED: have it audited first. It takes no ether and calls precompiles only.
pragma solidity 0.8.30;

/// The key of a guardian network, and which network definition is in force.
///
/// Any t of the network's guardians sign with the key together (FROST(secp256k1, SHA-256), RFC 9591); a signature is a
/// point R and a number z, whatever t is. Nobody owns this contract: whoever brings a signature moves it on.
///
/// What is signed should be a `digestOf`: it is worth nothing on another chain, at another address, and after the next
/// `advance`. Within one nonce a digest can be shown again; what must happen once is for the caller to remember.
contract GroupKey {
    /// The field of secp256k1 (SEC 2).
    uint256 private constant P = 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f;
    /// The order of its group.
    uint256 private constant N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    /// The end of what the challenge hashes: the lower byte of the length 48, a zero, and the tag
    /// "FROST-secp256k1-SHA256-v1chal" with its length (RFC 9380, expand_message_xmd).
    uint256 private constant TAIL = 0x300046524f53542d736563703235366b312d5348413235362d76316368616c1d;

    bytes32 private constant DOMAIN = keccak256("guardian/group-key/v1");
    bytes32 private constant ADVANCE = keccak256("guardian/group-key/advance/v1");

    /// Whether y of the first key was odd: 0 or 1. A point is a word and a bit, and reading storage costs two thirds of
    /// what checking a signature does; so the bit is here, and tells which of the two words below is in use.
    uint256 private immutable FIRST_ODD;

    /// How often the network advanced.
    uint256 public nonce;
    /// The id of the network definition in force.
    bytes32 public definition;
    /// x of the key if y has the parity of the first key's, else zero.
    uint256 private x;
    /// x of the key if y has the other parity, else zero.
    uint256 private otherX;
    /// y of the key, for readers.
    uint256 private y;

    /// Emitted with nonce 0 for the first ones.
    event Advanced(uint256 indexed nonce, bytes32 indexed definition, uint256 px, uint256 py);

    /// (px, py) is no point of the curve, or px is not below the group order, which no key is by chance.
    error InvalidKey();
    /// The key did not sign this at this nonce.
    error NotSigned();

    constructor(bytes32 firstDefinition, uint256 px, uint256 py) {
        _checkKey(px, py);
        FIRST_ODD = py & 1;
        (definition, x, y) = (firstDefinition, px, py);
        emit Advanced(0, firstDefinition, px, py);
    }

    /// Puts `newDefinition` and the key (px, py) in force, which may be the key of now. The key of now signs, at the nonce
    /// of now, `digestOf(keccak256(abi.encode(keccak256("guardian/group-key/advance/v1"), newDefinition, px, py)))`.
    function advance(bytes32 newDefinition, uint256 px, uint256 py, uint256 rx, uint256 ry, uint256 z) external {
        bytes32 payload = keccak256(abi.encode(ADVANCE, newDefinition, px, py));
        if (!this.verify(digestOf(payload), rx, ry, z)) revert NotSigned();
        _checkKey(px, py);
        (x, otherX) = py & 1 == FIRST_ODD ? (px, uint256(0)) : (uint256(0), px);
        (definition, y) = (newDefinition, py);
        emit Advanced(++nonce, newDefinition, px, py);
    }

    /// The key's coordinates.
    function key() external view returns (uint256 px, uint256 py) {
        (px, py) = (x | otherX, y);
    }

    /// What the key signs to say `payload` here and now.
    function digestOf(bytes32 payload) public view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, block.chainid, address(this), nonce, payload));
    }

    /// Whether the key signed `digest`: z G == R + c K, with R = (rx, ry), the key K and the challenge c.
    function verify(bytes32 digest, uint256 rx, uint256 ry, uint256 z) external view returns (bool) {
        (uint256 px, uint256 odd) = (x, FIRST_ODD);
        if (px == 0) (px, odd) = (otherX, odd ^ 1);
        // In assembly for its price. It does not come back to Solidity, so that all memory is its own.
        assembly {
            // c is H2 of RFC 9591 for this suite, hash_to_field to one number of 48 bytes modulo N. It hashes one block of
            // zeros (64), R (33), K (33), the digest (32), 48 in two bytes, a zero, the tag: 195 bytes.
            mstore(0, 0)
            mstore(32, 0)
            mstore8(64, add(2, and(ry, 1)))
            mstore(65, rx)
            mstore8(97, add(2, odd))
            mstore(98, px)
            mstore(130, digest)
            mstore8(162, 0)
            mstore(163, TAIL)
            // b0 goes where, with a counter after it, it stands before the tag: 32 + 1 + 30 bytes.
            let ok := staticcall(gas(), 2, 0, 195, 132, 32)
            mstore8(164, 1)
            ok := and(staticcall(gas(), 2, 132, 63, 0, 32), ok)
            let b1 := mload(0)
            mstore(132, xor(mload(132), b1))
            mstore8(164, 2)
            ok := and(staticcall(gas(), 2, 132, 63, 0, 32), ok)
            let c := addmod(mulmod(b1, shl(128, 1), N), shr(128, mload(0)), N)

            // ecrecover(e, v, r, s) is the address of (s V - e G) / r, where V has x = r and a y of the parity of v. With
            // r = px V is K, so that s = -c px and e = -z px make z G - c K. It answers nothing if c is 0, as s is N then.
            mstore(0, sub(N, mulmod(z, px, N)))
            mstore(32, add(27, odd))
            mstore(64, px)
            mstore(96, sub(N, mulmod(c, px, N)))
            mstore(128, 0)
            ok := and(staticcall(gas(), 1, 0, 128, 128, 32), ok)
            // They fail for want of gas only, which must not leave numbers of the caller's making.
            if iszero(ok) { revert(0, 0) }
            let found := mload(128)
            mstore(0, rx)
            mstore(32, ry)
            // R is compared by the 160 bits of its address. With ry free, two of 2^80 tries would meet; on the curve rx and
            // the parity, which the challenge binds, leave one ry.
            let signed := iszero(or(iszero(found), shl(96, xor(keccak256(0, 64), found))))
            signed := and(signed, eq(mulmod(ry, ry, P), addmod(mulmod(mulmod(rx, rx, P), rx, P), 7, P)))
            // A signature has one form: coordinates below the field, and 0 < z < N.
            signed := and(signed, and(and(lt(rx, P), lt(ry, P)), lt(sub(z, 1), sub(N, 1))))
            mstore(0, signed)
            return(0, 32)
        }
    }

    /// Whether (px, py) can be a key: a point whose x is below the group order, as ecrecover needs it. Zero is no x of a
    /// point.
    function _checkKey(uint256 px, uint256 py) private pure {
        bool point = mulmod(py, py, P) == addmod(mulmod(mulmod(px, px, P), px, P), 7, P);
        if (px >= N || py >= P || !point) revert InvalidKey();
    }
}
