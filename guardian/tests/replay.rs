//! `guardian replay`, the real program, on a directory that was recorded here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use crypto::keys::{PublicKeySet, SecretKey};
use crypto::spec::{
    ChainSpec, Checkpoint, Epoch, FAR_FUTURE_EPOCH, Fork, ForkName, ForkSchedule, ForkVersion, Gwei, Root,
    Slot, ValidatorIndex,
};
use crypto::threshold::{ShareIndex, Threshold};
use crypto::validator::{Validator, ValidatorStatus};
use guardian::definition::{self, MemberCard};
use guardian::recording::{self, Archive, History, Owner, Recorder};
use guardian_core::Event;
use guardian_core::emergency::EmergencyRules;
use guardian_core::event::{Custody, Liveness, NodeHealth};
use guardian_core::guardian_set::{GuardianIndex, GuardianSet, GuardianSetEpoch, NetworkDefinition};
use guardian_core::policy::{Caps, Enforcement, OfflineRule, Policy};
use rand::SeedableRng;
use serde_json::Value;
use std::num::NonZeroU64;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

const ME: GuardianIndex = GuardianIndex(1);
const SLOTS: u64 = 8;
const VALIDATORS: u64 = 4;

/// Code, standard output and standard error.
fn guardian(arguments: &[&str]) -> (Option<i32>, String, String) {
    let program = env!("CARGO_BIN_EXE_guardian");
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A guardian's directory with keys, configuration and a definition.
struct Home(tempfile::TempDir, NetworkDefinition);

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(at("password"), "right\n").unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(at("password"), private).unwrap();
        let (code, _, err) = guardian(&[
            "init",
            "--dir",
            &at("alice"),
            "--name",
            "alice",
            "--beacon",
            "http://127.0.0.1:1",
            "--p2p-listen",
            "/ip4/127.0.0.1/tcp/9441",
            "--password-file",
            &at("password"),
            "--kdf",
            "light",
        ]);
        assert_eq!(code, Some(0), "{err}");
        let card = MemberCard::load(Path::new(&at("alice/member.toml"))).unwrap();
        let phase0 = Fork { name: ForkName::Phase0, version: ForkVersion([1; 4]), epoch: Epoch(0) };
        let offline = OfflineRule { enforcement: Enforcement::Enforce, epochs: 50, tolerance: 1 };
        let definition = NetworkDefinition {
            name: "testnet".to_owned(),
            chain: ChainSpec {
                name: "test".to_owned(),
                genesis_time: 1_700_000_000,
                seconds_per_slot: NonZeroU64::new(12).unwrap(),
                slots_per_epoch: NonZeroU64::new(SLOTS).unwrap(),
                shard_committee_period: 0,
                forks: ForkSchedule::new(Root([9; 32]), vec![phase0]).unwrap(),
            },
            contracts: None,
            guardian_set: GuardianSet {
                epoch: GuardianSetEpoch(0),
                threshold: Threshold::new(1, 1).unwrap(),
                members: vec![card.into_member(ME)],
            },
            policy: Policy::offline_only(offline, 16),
            caps: Caps { max_dark_percent: 50, ..Caps::new(4, 4) },
            emergency: EmergencyRules::default(),
        };
        let path = home.path().join("alice/network.toml");
        let text = definition::render_definition(&definition, &path).unwrap();
        std::fs::write(path, text).unwrap();
        Self(home, definition)
    }

    /// What a guardian that ran in these epochs recorded; validator 2 was dark in `dark`.
    fn record(&self, epochs: Range<u64>, dark: &Range<u64>) {
        let mut rng = rand::rngs::StdRng::seed_from_u64(1);
        let keys: Vec<_> =
            (0..VALIDATORS).map(|_| SecretKey::generate(&mut rng).public_key().to_bytes()).collect();
        let validators: Vec<_> = (0..)
            .zip(&keys)
            .map(|(index, pubkey)| Validator {
                pubkey: *pubkey,
                index: ValidatorIndex(index),
                status: ValidatorStatus::ActiveOngoing,
                balance: Gwei(32_000_000_000),
                effective_balance: Gwei(32_000_000_000),
                slashed: false,
                activation_epoch: Epoch(0),
                exit_epoch: FAR_FUTURE_EPOCH,
                withdrawable_epoch: FAR_FUTURE_EPOCH,
            })
            .collect();
        let custody = keys.iter().map(|pubkey| Custody {
            pubkey: *pubkey,
            key_set: PublicKeySet::from_bytes(&pubkey.0).unwrap(),
            index: ShareIndex::new(1).unwrap(),
        });
        let owner = Owner { network: self.1.id(), guardian: ME };
        let directory = recording::directory(&self.0.path().join("alice/data"));
        let mut archive = Archive::open(&directory, owner, 20_250).unwrap();
        let dropped = metrics::Counter::noop();
        let (mut recorder, mut intake) = Recorder::new(&self.1.chain, ME, History::default(), dropped);
        recorder.note(&Event::CustodyLoaded(custody.collect()));
        recorder.note(&Event::NodesObserved(NodeHealth { total: 1, healthy: 1, disagree: false }));
        for slot in epochs.start * SLOTS..epochs.end * SLOTS {
            let epoch = slot / SLOTS;
            recorder.note(&Event::SlotStarted(Slot(slot)));
            recorder.note(&Event::HeadObserved { slot: Slot(slot), validators: validators.clone() });
            if slot % SLOTS == 1 {
                let checkpoint = Checkpoint { epoch: Epoch(epoch.saturating_sub(2)), root: Root([1; 32]) };
                recorder.note(&Event::FinalizedObserved { checkpoint, validators: validators.clone() });
            }
            if slot % SLOTS == 5 && epoch > 0 {
                let is_dark = |index: &u64| *index == 2 && dark.contains(&(epoch - 1));
                let of = |want: bool| {
                    (0..VALIDATORS).filter(|index| is_dark(index) == want).map(ValidatorIndex).collect()
                };
                let liveness = Liveness { epoch: Epoch(epoch - 1), live: of(false), dark: of(true) };
                recorder.note(&Event::LivenessObserved(liveness));
            }
            intake.drain(&mut archive);
        }
        recorder.finish();
        intake.drain(&mut archive);
    }

    fn replay(&self, more: &[&str]) -> (Option<i32>, String, String) {
        let config = self.0.path().join("alice/guardian.toml").to_str().unwrap().to_owned();
        guardian(&[&["replay", "--config", &config], more].concat())
    }

    fn policy(&self, epochs: u64) -> String {
        let path = self.0.path().join(format!("policy-{epochs}.toml"));
        let text = format!("[policy.offline]\nenforcement = \"enforce\"\nepochs = {epochs}\ntolerance = 1\n");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn json(out: &str) -> Value {
    serde_json::from_str(out).unwrap()
}

#[test]
fn one_policy_lets_everybody_stay_and_another_does_not() {
    let home = Home::new();
    home.record(0..40, &(10..40));
    // The network's own: 50 dark epochs.
    let (code, out, err) = home.replay(&[]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("Epochs 0 to 39, 4 validators: 0 would have left."), "{out}");
    assert!(out.contains("Recorded: 40 of 40 epochs."), "{out}");

    let strict = home.policy(5);
    let (code, out, _) = home.replay(&["--policy", &strict, "--json"]);
    assert_eq!(code, Some(0), "{out}");
    let outcome = json(&out);
    let candidates = outcome["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 1, "{out}");
    // Dark in 10 to 14; epoch 15 is finalized in 17.
    assert_eq!((&candidates[0]["index"], &candidates[0]["due"]), (&2.into(), &14.into()));
    assert_eq!(candidates[0]["leaves"]["epoch"], 17);
    assert_eq!((&candidates[0]["rule"], &outcome["holds"]), (&"offline".into(), &serde_json::json!({})));
    assert_eq!(outcome["policy"]["offline"]["epochs"], 5);

    let (_, out, _) = home.replay(&["--policy", &strict, "--to", "16"]);
    assert!(out.contains("0 would have left"), "{out}");
    let (code, _, err) = home.replay(&["--from", "9", "--to", "8"]);
    assert_eq!(code, Some(1));
    assert!(err.contains("recorded are epochs 0 to 39"), "{err}");
}

#[test]
fn a_gap_is_told_and_what_cannot_be_read_is_refused() {
    let home = Home::new();
    let (code, _, err) = home.replay(&[]);
    assert_eq!(code, Some(1));
    assert!(err.contains("holds no recording") && err.contains("recording.keep_epochs"), "{err}");

    let dark = 10..40;
    home.record(0..13, &dark);
    home.record(17..21, &dark);
    let strict = home.policy(5);
    let (code, out, _) = home.replay(&["--policy", &strict]);
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("0 would have left"), "{out}");
    assert!(
        out.contains(
            "Recorded: 17 of 21 epochs. Without recording: 13 to 16; nothing is concluded over a gap."
        ),
        "{out}"
    );

    let zero = home.policy(0);
    let (code, _, err) = home.replay(&["--policy", &zero]);
    assert_eq!(code, Some(1));
    assert!(err.contains("`policy.offline.epochs` is 0"), "{err}");

    let elsewhere = home.0.path().join("alice/network.toml");
    let text = std::fs::read_to_string(&elsewhere).unwrap();
    std::fs::write(&elsewhere, text.replace("\"testnet\"", "\"othernet\"")).unwrap();
    let (code, _, err) = home.replay(&[]);
    assert_eq!(code, Some(1));
    assert!(err.contains("was recorded in network 0x"), "{err}");
}
