//! The group key against RFC 9591, appendix E.5 (FROST(secp256k1, SHA-256)): the suite below it byte for byte, and our own
//! types with the same key, shares and randomness. The RFC signs a word of four bytes and we sign 32, so the figures of
//! the last part were made by a third implementation, written from the RFC's text, that gives the RFC's own figures too.

#![allow(clippy::unwrap_used, reason = "a broken vector fails its test")]

use crypto::group_key::{
    GroupKeySet, GroupShare, GroupSignature, NonceCommitments, Nonces, SignatureShare, SigningPackage,
    aggregate, commit, sign, verify,
};
use crypto::threshold::{ShareIndex, Threshold};
use frost_secp256k1::Identifier;
use frost_secp256k1::keys::{
    KeyPackage, PublicKeyPackage, SigningShare, VerifiableSecretSharingCommitment, VerifyingShare,
};
use frost_secp256k1::round1::SigningNonces;
use rand_core::{TryCryptoRng, TryRng};
use std::collections::BTreeMap;
use std::convert::Infallible;

const SECRET: &str = "0d004150d27c3bf2a42f312683d35fac7394b1e9e318249c1bfe7f0795a83114";
const PUBLIC: &str = "02f37c34b66ced1fb51c34a90bdae006901f10625cc06c4f64663b0eae87d87b4f";
/// The polynomial's second coefficient, and its point.
const COEFFICIENT: &str = "fbf85eadae3058ea14f19148bb72b45e4399c0b16028acaf0395c9b03c823579";
const COEFFICIENT_POINT: &str = "033edecb0840954631b668f2ccd1250832007486de1dbe3d08b84466b26e215eec";
const MESSAGE: &[u8] = b"test";
const SIGNATURE: &str = "024c1ad4e031872661fa6ebd05dfc7fb30db08b38d79f0edbc82051ae931381bc6\
                         a46881e25c7989d3816eae32074f1ab0d49ee908a59713ed5284c6bade7cfb02";

/// A signer of the vector: 1 and 3 of three sign.
struct Signer {
    index: u16,
    share: &'static str,
    /// Hiding, binding.
    randomness: [&'static str; 2],
    nonces: [&'static str; 2],
    commitments: [&'static str; 2],
    signature_share: &'static str,
    /// Over 32 bytes of 0x74.
    long_signature_share: &'static str,
}

const SIGNERS: [Signer; 2] = [
    Signer {
        index: 1,
        share: "08f89ffe80ac94dcb920c26f3f46140bfc7f95b493f8310f5fc1ea2b01f4254c",
        randomness: [
            "bda8e748e599187762cff956f03dc6ea13fc8e04491a0427b7e6e78600f41c52",
            "2ca682429bf05df435b9927b8edb1d748278f3e42fa11ef358e49bbf4a1b780d",
        ],
        nonces: [
            "09764379667f9a9fa61928947bd925a7f162b21886b750d3b11c226d16b32f58",
            "b2d3f8cb9da70984354c3fc3511b1f6ed21b7205941cb5553565d2ecade8c694",
        ],
        commitments: [
            "0305e62a1d3f57a0b17ade569a3a4043e2a1fc3bd0b102614a8d8cc68e3322ad89",
            "03b634c2aed7f85b8eec22e97e5f916ab43a3518821480e15da2af7cffcb060a30",
        ],
        signature_share: "ca54b18d7449377cfa680760a5770b9e64e201f7ea36b068effeca5fce2155e5",
        long_signature_share: "1bea4758ab083f1566ea5b6f3449639fc0317e57cacc86db62d7d2464bb03cba",
    },
    Signer {
        index: 3,
        share: "00e95d59dd0d46b0e303e500b62b7ccb0e555d49f5b849f5e748c071da8c0dbc",
        randomness: [
            "70818dd5170672c4a4285fd593d4f222417f941f3118e1244955e7a1098a35d8",
            "74ca2da071ed4a2a6cad5087d6758b48a558ab5861c61117fee05757e4b1309e",
        ],
        nonces: [
            "0d92e255e5b42ebc2863f8198d946fc10f388c4983073c18cbb77b88e3bf2e34",
            "1c7243ce00a499b1e7ce3403e7b731d0c820cf108feb8c5ee7c29b4ef43be5e0",
        ],
        commitments: [
            "036f878da0dc19ba7da9f2d9e795e2674e62ff06c990fc4464cc1ed55a2acce46b",
            "025350e2a9e32e7b1fe0161e990623600b2d301b3307641469129cff7936c4d2ce",
        ],
        signature_share: "da13d054e83052568706a6d161d80f112a6bc3f76aa903c022585ae7e091e65e",
        long_signature_share: "f349a48e7000eb8cb251a3ea9025ae5d61d829af6e33ced6fe6904ac55988fee",
    },
];

const LONG_MESSAGE: [u8; 32] = [0x74; 32];
const LONG_SIGNATURE: &str = "036ac9550a00e9d2df090e07e370fd5b6a469723bb70b65f2004246e426d245472\
                              0f33ebe71b092aa2193bff59c46f11fe675acb2089b7b576a16e7865d1128b67";

fn bytes(digits: &str) -> Vec<u8> {
    hex::decode(digits).unwrap()
}

fn array(digits: &str) -> [u8; 32] {
    bytes(digits).try_into().unwrap()
}

fn suite_commitments() -> VerifiableSecretSharingCommitment {
    VerifiableSecretSharingCommitment::deserialize([bytes(PUBLIC), bytes(COEFFICIENT_POINT)]).unwrap()
}

/// Gives what the RFC drew.
struct Replay(Vec<u8>);

impl TryRng for Replay {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        unreachable!("bytes only")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        unreachable!("bytes only")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.copy_from_slice(&self.0.drain(..out.len()).collect::<Vec<_>>());
        Ok(())
    }
}

impl TryCryptoRng for Replay {}

#[test]
fn the_suite_signs_what_the_rfc_signs() {
    let set: PublicKeyPackage = {
        let ids = (1..=3).map(|index| Identifier::try_from(index).unwrap()).collect();
        PublicKeyPackage::from_commitment(&ids, &suite_commitments()).unwrap()
    };
    assert_eq!(set.verifying_key().serialize().unwrap(), bytes(PUBLIC));
    let nonces: BTreeMap<_, _> = SIGNERS
        .iter()
        .map(|signer| {
            let [hiding, binding] =
                signer.nonces.map(|nonce| frost_core::round1::Nonce::deserialize(&bytes(nonce)).unwrap());
            (Identifier::try_from(signer.index).unwrap(), SigningNonces::from_nonces(hiding, binding))
        })
        .collect();
    for (signer, nonces) in SIGNERS.iter().zip(nonces.values()) {
        let commitments = [nonces.commitments().hiding(), nonces.commitments().binding()];
        assert_eq!(commitments.map(|one| hex::encode(one.serialize().unwrap())), signer.commitments);
    }
    let commitments = nonces.iter().map(|(id, nonces)| (*id, *nonces.commitments())).collect();
    let package = frost_secp256k1::SigningPackage::new(commitments, MESSAGE);
    let mut shares = BTreeMap::new();
    for (signer, (id, nonces)) in SIGNERS.iter().zip(&nonces) {
        let secret = SigningShare::deserialize(&bytes(signer.share)).unwrap();
        let key = KeyPackage::new(*id, secret, VerifyingShare::from(secret), *set.verifying_key(), 2);
        let share = frost_secp256k1::round2::sign(&package, nonces, &key).unwrap();
        assert_eq!(hex::encode(share.serialize()), signer.signature_share);
        shares.insert(*id, share);
    }
    let signature = frost_secp256k1::aggregate(&package, &shares, &set).unwrap();
    assert_eq!(hex::encode(signature.serialize().unwrap()), SIGNATURE);
    // It is a signature in our form as well.
    let ours = GroupSignature::try_from(&bytes(SIGNATURE)[..]).unwrap();
    assert_eq!(ours.to_string(), format!("0x{SIGNATURE}"));
}

fn ours() -> (GroupKeySet, Vec<GroupShare>) {
    let threshold = Threshold::new(2, 3).unwrap();
    let commitments = [bytes(PUBLIC), bytes(COEFFICIENT_POINT)].concat();
    let set = GroupKeySet::from_bytes(threshold, &commitments).unwrap();
    let share = |signer: &Signer| {
        GroupShare::from_bytes(ShareIndex::new(signer.index).unwrap(), &array(signer.share)).unwrap()
    };
    (set, SIGNERS.iter().map(share).collect())
}

#[test]
fn our_key_set_knows_the_shares_of_the_rfc() {
    let (set, shares) = ours();
    assert_eq!(set.key().to_bytes().to_vec(), bytes(PUBLIC));
    for share in &shares {
        set.verify_share(share).unwrap();
    }
    // The same public shares as the library computes by its own way.
    let ids = (1..=3).map(|index| Identifier::try_from(index).unwrap()).collect();
    let theirs = PublicKeyPackage::from_commitment(&ids, &suite_commitments()).unwrap();
    for index in 1..=3 {
        let their = theirs.verifying_shares()[&Identifier::try_from(index).unwrap()].serialize().unwrap();
        assert_eq!(set.public_share(ShareIndex::new(index).unwrap()).unwrap().to_vec(), their);
    }
    // One polynomial of degree one with the secret at zero: f(1) + c = f(2) and so on is the RFC's own matter.
    for (index, scalar) in [(1, SECRET), (1, COEFFICIENT)] {
        let other = GroupShare::from_bytes(ShareIndex::new(index).unwrap(), &array(scalar)).unwrap();
        assert!(set.verify_share(&other).is_err());
    }
}

fn our_nonces(shares: &[GroupShare]) -> Vec<(Nonces, NonceCommitments)> {
    let replay = |signer: &Signer| Replay(signer.randomness.map(bytes).concat());
    SIGNERS.iter().zip(shares).map(|(signer, share)| commit(share, &mut replay(signer))).collect()
}

#[test]
fn our_nonces_are_made_as_the_rfc_makes_them() {
    let (_, shares) = ours();
    for (signer, (nonces, published)) in SIGNERS.iter().zip(our_nonces(&shares)) {
        assert_eq!(published.to_bytes().to_vec(), signer.commitments.map(bytes).concat());
        assert_eq!(nonces.commitments(), published);
    }
}

#[test]
fn our_signature_over_32_bytes_is_a_third_implementations() {
    let (set, shares) = ours();
    let (nonces, published): (Vec<_>, Vec<_>) = our_nonces(&shares).into_iter().unzip();
    let asked = shares.iter().map(GroupShare::index).zip(published);
    let package = SigningPackage::new(LONG_MESSAGE, asked).unwrap();
    let mut given = BTreeMap::new();
    for ((signer, share), nonces) in SIGNERS.iter().zip(&shares).zip(nonces) {
        let signed: SignatureShare = sign(share, &set, nonces, &package).unwrap();
        assert_eq!(signed.to_string(), format!("0x{}", signer.long_signature_share));
        given.insert(share.index(), signed);
    }
    let signature = aggregate(&set, &package, &given).unwrap();
    assert_eq!(signature.to_string(), format!("0x{LONG_SIGNATURE}"));
    assert!(verify(&set.key(), &LONG_MESSAGE, &signature));
}
