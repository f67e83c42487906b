use super::*;
use crate::definition::tests::network;
use guardian_core::policy::Enforcement;

fn applied(text: &str) -> Result<NetworkDefinition, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policy.toml");
    std::fs::write(&path, text).unwrap();
    apply(&path, network(2, 3, 1).0).map_err(|problem| problem.to_string())
}

#[test]
fn what_the_file_leaves_out_stays() {
    let ours = network(2, 3, 1).0;
    let text = "[policy.offline]\nenforcement = \"warn\"\nepochs = 9\ntolerance = 3\n";
    let applied_offline = applied(text).unwrap();
    let offline = OfflineRule { enforcement: Enforcement::Warn, epochs: 9, tolerance: 3 };
    assert_eq!(applied_offline.policy, Policy { offline, ..ours.policy.clone() });
    assert_eq!(applied_offline.caps, ours.caps);

    let caps = "[caps]\nexits_per_epoch = 1\nexits_per_day = 2\nexits_per_operator_per_day = 2\n\
                exits_per_module_per_day = 1\nmax_share_percent_per_day = 50\nmax_head_lag = 8\n\
                max_finality_distance = 3\nmax_dark_percent = 4\n";
    let applied_caps = applied(caps).unwrap();
    assert_eq!(applied_caps.policy, ours.policy);
    assert_eq!((applied_caps.caps.exits_per_day, applied_caps.caps.max_dark_percent), (2, 4));

    let window = applied("[policy]\nvote_window = 32\n").unwrap();
    assert_eq!(window.policy, Policy { vote_window: 32, ..ours.policy.clone() });
}

#[test]
fn a_whole_definition_is_a_policy_too() {
    let mut other = network(3, 5, 2).0;
    other.policy.offline.epochs = 77;
    let text = crate::definition::render_definition(&other, Path::new("network.toml")).unwrap();
    let applied = applied(&text).unwrap();
    assert_eq!((&applied.policy, &applied.caps), (&other.policy, &other.caps));
    assert_eq!(applied.guardian_set.threshold.n(), 3, "the network stays ours");
}

#[test]
fn mistakes_name_the_field() {
    for (text, expected) in [
        ("", "has neither [policy] nor [caps]"),
        ("[polcy]\n", "unknown key `polcy`; did you mean `policy`?"),
        ("[policy.ofline]\n", "unknown key `ofline`; did you mean `offline`?"),
        ("[policy.offline]\nenforcement = \"warn\"\nepochs = 9\n", "missing field `tolerance`"),
        (
            "[policy.offline]\nenforcement = \"warn\"\nepochs = 0\ntolerance = 1\n",
            "`policy.offline.epochs` is 0; it must be 1 to 100000",
        ),
        ("[policy.slashed]\nenforcement = \"enforce\"\n", "policy.slashed.enforcement"),
        ("[policy]\nvote_window = \"x\"\n", "policy.toml:2: invalid type"),
    ] {
        let refused = applied(text).unwrap_err();
        assert!(refused.contains(expected), "expected {expected:?} in {refused:?}");
    }
}
