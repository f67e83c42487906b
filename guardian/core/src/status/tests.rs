use super::*;

#[test]
fn hold_codes_are_what_json_says() {
    let holds = [
        (Hold::NotFinalizing, "not_finalizing"),
        (Hold::NoHealthyNode, "no_healthy_node"),
        (Hold::NodesDisagree, "nodes_disagree"),
        (Hold::EpochCap, "epoch_cap"),
        (Hold::DayCap, "day_cap"),
        (Hold::CorrelatedFailure, "correlated_failure"),
        (Hold::OtherFormReleased, "other_form_released"),
        (Hold::NotEnforced, "not_enforced"),
        (Hold::Acquitted, "acquitted"),
        (Hold::Unconfirmed, "unconfirmed"),
        (Hold::NoShare, "no_share"),
        (Hold::ContractsMismatch, "contracts_mismatch"),
        (Hold::ContractsUnknown, "contracts_unknown"),
        (Hold::ContractsDiverged, "contracts_diverged"),
    ];
    for (hold, code) in holds {
        assert_eq!(hold.code(), code);
        assert_eq!(serde_json::to_value(hold).unwrap(), code);
    }
}

#[test]
fn other_codes_are_what_json_says() {
    use crate::proposal::RuleKind;
    for standing in
        [Standing::Idle, Standing::Ok, Standing::Warning, Standing::Short, Standing::Due, Standing::Unknown]
    {
        assert_eq!(serde_json::to_value(standing).unwrap(), standing.code());
    }
    for life in [Life::Pending, Life::Active, Life::Skipped, Life::Settled] {
        assert_eq!(serde_json::to_value(life).unwrap(), life.code());
    }
    for kind in [RuleKind::Offline, RuleKind::Tickets, RuleKind::Balance] {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.code());
    }
}

/// What is shown can be read back: `guardian status` and the tests outside read it.
#[test]
fn a_snapshot_survives_json() {
    let (scene, _) = crate::scene::Scene::combined();
    let status = scene.guardian.status();
    let json = serde_json::to_string(&status).unwrap();
    assert_eq!(serde_json::from_str::<StatusSnapshot>(&json).unwrap(), status);
}
