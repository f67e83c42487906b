use super::*;
use crate::execution::fake_chain::{CHAIN_ID, Chain};
use crate::execution::fake_node::{FakeNode, Wrong, config, config_with_exits};
use crate::fake_node::dead_address;

#[tokio::test]
async fn each_node_is_reported_by_itself() {
    let (good, bad) = (FakeNode::start(Chain::new(20, 10)).await, FakeNode::start(Chain::new(20, 10)).await);
    bad.script().chain_id = 7;
    bad.script().chain.finalized = None;
    let (dead, _socket) = dead_address();
    let reports = check(config(&[&good.url, &bad.url, &dead])).await;
    let names: Vec<_> = reports.iter().map(|report| report.name.as_str()).collect();
    assert_eq!(names, ["node-0", "node-1", "node-2"]);
    let report = &reports[0];
    assert_eq!(report.problem, None);
    assert_eq!((report.chain_id, report.client.as_deref()), (Some(CHAIN_ID), Some("fake/v1")));
    assert!(report.latency.is_some());
    assert_eq!(report.latest.unwrap().number.0, 20);
    assert_eq!(report.finalized.unwrap().number.0, 10);
    // Ten blocks of 12 seconds; the clock goes on between two looks at it.
    let between = report.finalized_age.unwrap() - report.latest_age.unwrap();
    assert!((120..130).contains(&between.as_secs()), "{between:?}");
    assert_eq!((report.protocol_deployed, report.guardian_module_deployed), (Some(true), Some(true)));
    assert!(report.profile.as_ref().unwrap().fits(), "{:?}", report.profile);

    assert_eq!((reports[1].chain_id, reports[1].finalized), (Some(7), None));
    assert!(
        reports[2].problem.as_ref().unwrap().starts_with("does not answer: "),
        "{:?}",
        reports[2].problem
    );
    assert_eq!(reports[2].latency, None);
}

#[tokio::test]
async fn a_wrong_profile_is_told_function_by_function() {
    let node = FakeNode::start(Chain::new(20, 10)).await;
    node.script().missing = vec![G::validateSkipProvisioningCall::SELECTOR, P::getVTPenaltyCall::SELECTOR];
    let profile = check(config(&[&node.url])).await.remove(0).profile.unwrap();
    let missing =
        ["PufferProtocol.getVTPenalty 0x59579342", "GuardianModule.validateSkipProvisioning 0xd4feed01"];
    assert_eq!(profile.missing, missing);
    assert!(!profile.fits());

    node.script().missing.clear();
    // Of all questions the one about module weights comes first.
    node.lapse("eth_call", 1, Wrong::Result(json!("0x01")));
    let profile = check(config(&[&node.url])).await.remove(0).profile.unwrap();
    assert!(profile.unexpected[0].starts_with("PufferProtocol.getModuleWeights 0xb15c7da3: "), "{profile:?}");
}

#[tokio::test]
async fn the_exit_proposals_contract_is_asked_where_there_is_one() {
    let mut chain = Chain::new(20, 10);
    chain.propose(5);
    chain.propose(15);
    let node = FakeNode::start(chain).await;
    assert_eq!(check(config(&[&node.url])).await.remove(0).exits_proposed, None);
    let report = check(config_with_exits(&[&node.url])).await.remove(0);
    assert_eq!((report.exits_proposed, report.problem, report.old_logs), (Some(Ok(2)), None, Some(Ok(()))));

    node.script().chain.exits_deployed = 21;
    let report = check(config_with_exits(&[&node.url])).await.remove(0);
    let words = "proposalCount answers nothing: no contract there".to_owned();
    assert_eq!((report.exits_proposed, report.problem), (Some(Err(words)), None));
    node.script().missing = vec![proposalCountCall::SELECTOR];
    let report = check(config_with_exits(&[&node.url])).await.remove(0);
    assert_eq!(report.exits_proposed, Some(Err("the call reverted: 0x".to_owned())));
    assert!(report.profile.unwrap().fits(), "the rest is asked all the same");
}

#[tokio::test]
async fn signatures_are_tried() {
    let node = FakeNode::start(Chain::new(20, 10)).await;
    let signed = |count| SignedSkip {
        module: ModuleName([7; 32]),
        index: 1,
        signatures: (0..4).map(|n| if n < count { vec![1; 65] } else { Vec::new() }).collect(),
    };
    for (count, accepted) in [(3, true), (2, false)] {
        let report = check_signed(config(&[&node.url]), Some(signed(count))).await.remove(0);
        let profile = report.profile.unwrap();
        assert_eq!((profile.accepted, profile.fits()), (Some(accepted), accepted));
    }
}

#[tokio::test]
async fn contracts_that_are_not_there_and_bad_configurations_are_told() {
    let node = FakeNode::start(Chain::new(20, 10)).await;
    let mut elsewhere = config(&[&node.url]);
    elsewhere.protocol = crypto::execution::Address([9; 20]);
    let report = check(elsewhere).await.remove(0);
    assert_eq!((report.protocol_deployed, report.guardian_module_deployed), (Some(false), Some(true)));
    assert_eq!(report.profile, None);
    let mut twins = config(&[&node.url, &node.url]);
    twins.nodes[1].name = "node-0".to_owned();
    for report in check(twins).await {
        assert!(report.problem.unwrap().contains("another node has this name"));
    }
}
