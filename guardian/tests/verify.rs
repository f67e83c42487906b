//! `guardian verify` with values that were not made here, and with what is wrong about them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use alloy::primitives::{Address, B256, U256, keccak256};
use alloy::sol_types::SolValue;
use crypto::group_key::{GroupKeySet, GroupShare, SigningPackage, aggregate, commit, sign};
use crypto::keys::SecretKey;
use crypto::spec::{Domain, Root, compute_signing_root};
use crypto::threshold::{ShareIndex, Threshold};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const VECTOR: &str = include_str!("../../crypto/tests/vectors/puffer_custody.json");
const LODESTAR: &str = include_str!("../../crypto/tests/vectors/exit_lodestar.json");

/// Mainnet's forks as Lodestar has them, in a network of one.
const NETWORK: &str = r#"
name = "n"

[chain]
name = "mainnet"
genesis_time = 1606824023
seconds_per_slot = 12
slots_per_epoch = 32
shard_committee_period = 256

[chain.forks]
genesis_validators_root = "0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95"
"#;

struct World(tempfile::TempDir);

impl World {
    /// With the network definition that the program itself makes of the chain.
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        let lodestar: Value = serde_json::from_str(LODESTAR).unwrap();
        let chain = NETWORK.replace("name = \"n\"\n\n[chain]\n", "").replace("[chain.forks]", "[forks]");
        let forks: String = lodestar["forks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fork| {
                let (name, version, epoch) =
                    (&fork["name"], &fork["version"], fork["epoch"].as_str().unwrap());
                format!("[[forks.forks]]\nname = {name}\nversion = {version}\nepoch = {epoch}\n")
            })
            .collect();
        world.write("chain.toml", &format!("{chain}{forks}"));
        world.write("password", "right\n");
        std::fs::set_permissions(world.at("password"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        let (home, password) = (world.path("a"), world.path("password"));
        let init =
            ["init", "--dir", &home, "--name", "a", "--beacon", "http://127.0.0.1:1", "--kdf", "light"];
        let more = ["--p2p-listen", "/ip4/127.0.0.1/tcp/9441", "--password-file", &password];
        world.code(0, &[&init[..], &more].concat());
        let (member, chain, out) =
            (world.path("a/member.toml"), world.path("chain.toml"), world.path("network.toml"));
        let create = ["network", "create", "--name", "n", "--threshold", "1", "--member", &member];
        world.code(0, &[&create[..], &["--chain", &chain, "--out", &out]].concat());
        world
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn path(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.at(name), content).unwrap();
    }

    /// Runs the program, which must end with this code: both outputs.
    fn code(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_guardian"))
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        assert_eq!(status.code(), Some(code), "{arguments:?}\n{out}\n{err}");
        assert!(!err.contains("panicked"), "{err}");
        (out, err)
    }

    fn file(&self, code: i32, kind: &str, content: &Value, more: &[&str]) -> (String, String) {
        self.write("file.json", &content.to_string());
        let (file, network) = (self.path("file.json"), self.path("network.toml"));
        self.code(code, &[&["verify", kind, &file, "--network", &network], more].concat())
    }
}

/// The deposit that Puffer's tools signed, as the staking deposit CLI writes one.
fn deposit() -> Value {
    let vector: Value = serde_json::from_str(VECTOR).unwrap();
    let of = &vector["deposit"];
    let bare = |value: &Value| value.as_str().unwrap().trim_start_matches("0x").to_owned();
    json!({
        "pubkey": bare(&vector["bls_pub_key"]),
        "withdrawal_credentials": bare(&of["withdrawal_credentials"]),
        "amount": of["amount_gwei"],
        "signature": bare(&of["signature"]),
        "deposit_message_root": bare(&of["deposit_message_root"]),
        "deposit_data_root": bare(&of["deposit_data_root"]),
        "fork_version": "00000000",
        "network_name": "mainnet",
        "deposit_cli_version": "2.8.0",
    })
}

#[test]
fn a_real_deposit_is_valid_and_nothing_of_it_may_change() {
    let world = World::new();
    let (out, _) = world.file(0, "deposit", &json!([deposit(), deposit()]), &[]);
    assert!(out.starts_with("Valid: 2 deposits"), "{out}");
    world.file(0, "deposit", &deposit(), &[]);
    let change = |field: &str, value: Value| {
        let mut changed = deposit();
        changed[field] = value;
        json!([deposit(), changed])
    };
    for (field, value, expected) in [
        ("amount", json!(31_999_999_999u64), &["`deposit_data_root` is", "`signature` is not"][..]),
        ("fork_version", json!("10000910"), &["`fork_version` is 0x10000910"]),
        ("deposit_data_root", json!("00".repeat(32)), &["`deposit_data_root` is 0x00"]),
        ("signature", json!("c0".to_owned() + &"00".repeat(95)), &["`signature` is not the validator's"]),
    ] {
        let (out, err) = world.file(1, "deposit", &change(field, value), &["--json"]);
        let told: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((&told["valid"], &told["deposits"][0]["valid"]), (&false.into(), &true.into()));
        for part in expected {
            assert!(err.contains(part) && err.contains("deposit 1 of 0x"), "{field}: {err}");
        }
    }
    for (field, value, expected) in [
        ("pubkey", json!("12"), "deposit 1: `pubkey`: BlsPubkey must be 48 bytes"),
        ("amount", json!("32"), "`amount` is no whole number of Gwei"),
        ("signature", json!(7), "`signature` is no text in quotes"),
    ] {
        let (_, err) = world.file(2, "deposit", &change(field, value), &[]);
        assert!(err.contains(expected), "{field}: {err}");
    }
    world.file(2, "deposit", &json!([]), &[]);
    world.write("file.json", "{");
    let (file, network) = (world.path("file.json"), world.path("network.toml"));
    let (_, err) = world.code(2, &["verify", "deposit", &file, "--network", &network]);
    assert!(err.contains("is no JSON"), "{err}");
    let (_, err) = world.code(2, &["verify", "deposit", &network, "--network", "/nowhere"]);
    assert!(err.contains("cannot read /nowhere"), "{err}");
}

/// Signed over the signing roots that Lodestar computed, not over our own.
#[test]
fn exits_verify_under_lodestars_signing_roots() {
    let world = World::new();
    let lodestar: Value = serde_json::from_str(LODESTAR).unwrap();
    let key = SecretKey::generate(&mut rand::rng());
    let pubkey = key.public_key().to_bytes().to_string();
    let cases = lodestar["cases"].as_array().unwrap();
    for case in [&cases[0], &cases[1], cases.last().unwrap()] {
        let root = |field: &str| case[field].as_str().unwrap().parse::<Root>().unwrap();
        let domain: Domain = case["domain"].as_str().unwrap().parse().unwrap();
        assert_eq!(compute_signing_root(root("hash_tree_root"), domain), root("signing_root"));
        let message = json!({ "epoch": case["epoch"], "validator_index": case["validator_index"] });
        let signed = json!({ "message": message, "signature": key.sign(root("signing_root")) });
        let at = ["--at-epoch", case["state_epoch"].as_str().unwrap()];
        let (out, _) = world.file(0, "exit", &signed, &[&at[..], &["--pubkey", &pubkey, "--json"]].concat());
        let told: Value = serde_json::from_str(&out).unwrap();
        assert_eq!((&told["valid"], &told["signing_root"]), (&true.into(), &case["signing_root"]));
        let mut named = signed.clone();
        named["pubkey"] = pubkey.clone().into();
        assert!(world.file(0, "exit", &named, &at).0.starts_with("Valid: 0x"));
        named["message"]["validator_index"] = "999999".into();
        let (_, err) = world.file(1, "exit", &named, &at);
        assert!(err.contains("NOT valid") && err.contains("exit of validator 999999"), "{err}");
        let (_, err) = world.file(2, "exit", &signed, &at);
        assert!(err.contains("`pubkey` is missing; give --pubkey"), "{err}");
    }
    // Today's rules without --at-epoch: EIP-7044.
    let last = cases.last().unwrap();
    let root: Root = last["signing_root"].as_str().unwrap().parse().unwrap();
    let mut signed = json!({
        "message": { "epoch": last["epoch"], "validator_index": last["validator_index"] },
        "signature": key.sign(root),
        "pubkey": pubkey,
    });
    world.file(0, "exit", &signed, &[]);
    let other = SecretKey::generate(&mut rand::rng()).public_key().to_bytes().to_string();
    let (_, err) = world.file(2, "exit", &signed, &["--pubkey", &other]);
    assert!(err.contains("but --pubkey says"), "{err}");
    signed["message"]["epoch"] = 7.into();
    let (_, err) = world.file(2, "exit", &signed, &[]);
    assert!(err.contains("`epoch` is no text in quotes (in `message`)"), "{err}");
}

/// A signature by 2 of 3, over 32 bytes and over a contract's digest as the EVM makes it.
#[test]
fn a_signature_of_the_networks_key_verifies_for_anybody() {
    let world = World::new();
    let payload = B256::repeat_byte(0x77);
    let contract = Address::repeat_byte(0x5f);
    // abi.encode of five words, by a library that is not ours.
    let words = (keccak256("guardian/group-key/v1"), U256::from(17_000), contract, U256::from(7), payload);
    let digest = keccak256(words.abi_encode());
    let (key, signature) = signed(&digest.0);
    let message = digest.to_string();
    let (key, signature, contract) = (key.as_str(), signature.as_str(), contract.to_string());
    let base = ["verify", "group", "--key", key, "--signature", signature];
    let (out, _) = world.code(0, &[&base[..], &["--message", &message]].concat());
    assert!(out.starts_with("Valid: 0x0"), "{out}");
    let payload = payload.to_string();
    let evm = |nonce| {
        let flags = ["--payload", &payload, "--chain-id", "17000", "--contract", &contract, "--nonce", nonce];
        [&base[..], &flags, &["--json"]].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let run =
        |code, flags: Vec<String>| world.code(code, &flags.iter().map(String::as_str).collect::<Vec<_>>());
    let told: Value = serde_json::from_str(&run(0, evm("7")).0).unwrap();
    assert_eq!((&told["valid"], &told["message"]), (&true.into(), &message.clone().into()));
    let (out, err) = run(1, evm("8"));
    let told: Value = serde_json::from_str(&out).unwrap();
    assert!(told["valid"] == false && err.contains("NOT valid"), "{err}");
    let (_, err) = world.code(1, &[&base[..], &["--message", &"00".repeat(32)]].concat());
    assert!(err.contains("did not sign 0x00"), "{err}");
    for wrong in [
        &["--message", "0x12"][..],
        &[],
        &["--payload", &payload],
        &[
            "--payload",
            &payload,
            "--message",
            &message,
            "--chain-id",
            "1",
            "--contract",
            &contract,
            "--nonce",
            "1",
        ],
        &["--message", &message, "--nonce", "1"],
    ] {
        world.code(2, &[&base[..], wrong].concat());
    }
    let (_, err) =
        world.code(2, &["verify", "group", "--key", "0x05", "--signature", signature, "--message", &message]);
    assert!(err.contains("--key") && err.contains("33 bytes"), "{err}");
}

/// A key of 2 of 3, and a signature of it: both in hex.
fn signed(message: &[u8; 32]) -> (String, String) {
    // f(x) = 5 + 9x: its shares are 14 and 23, its commitments 5 G and 9 G.
    let scalar = |value: u8| {
        let mut bytes = [0u8; 32];
        bytes[31] = value;
        bytes
    };
    let point = |hex: &str| hex::decode(hex).unwrap();
    // 5 G and 9 G of secp256k1, as published tables have them.
    let commitments = [
        point("022f8bde4d1a07209355b4a7250a5c5128e88b84bddc619ab7cba8d569b240efe4"),
        point("03acd484e2f0c7f65309ad178a9f559abde09796974c57e714c35f110dfc27ccbe"),
    ];
    let threshold = Threshold::new(2, 3).unwrap();
    let set = GroupKeySet::from_bytes(threshold, &commitments.concat()).unwrap();
    let mut sessions: Vec<_> = [(1, 14), (2, 23)]
        .into_iter()
        .map(|(index, value)| {
            let share = GroupShare::from_bytes(ShareIndex::new(index).unwrap(), &scalar(value)).unwrap();
            set.verify_share(&share).unwrap();
            let (nonces, commitments) = commit(&share, &mut rand::rng());
            (share, Some(nonces), commitments)
        })
        .collect();
    let chosen = sessions.iter().map(|(share, _, commitments)| (share.index(), *commitments));
    let package = SigningPackage::new(*message, chosen).unwrap();
    let shares = sessions.iter_mut().map(|(share, nonces, _)| {
        (share.index(), sign(share, &set, nonces.take().unwrap(), &package).unwrap())
    });
    let signature = aggregate(&set, &package, &shares.collect()).unwrap();
    (set.key().to_string(), signature.to_string())
}
