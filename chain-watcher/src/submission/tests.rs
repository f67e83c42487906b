use super::*;
use crate::config::{NodeConfig, Timeouts};
use crate::fake_node::{Dialect, FakeNode, dead_address, silent_socket};
use crypto::exit::VoluntaryExit;
use crypto::spec::{BlsSignature, Epoch, ValidatorIndex};
use std::time::Duration;
use url::Url;

fn poster(urls: &[&Url]) -> Poster {
    let timeouts = Timeouts { request: Duration::from_millis(500), ..Timeouts::default() };
    let endpoint = |(n, url): (usize, &&Url)| {
        Endpoint::new(&NodeConfig { name: format!("node-{n}"), url: (*url).clone() }, timeouts).unwrap()
    };
    Poster::new(urls.iter().enumerate().map(endpoint).collect())
}

fn exit() -> SignedVoluntaryExit {
    SignedVoluntaryExit {
        message: VoluntaryExit { epoch: Epoch(7), validator_index: ValidatorIndex(15) },
        signature: BlsSignature([3; 96]),
    }
}

#[test]
fn refusals_are_told_apart_by_meaning() {
    for known in [
        "VOLUNTARY_EXIT_ERROR_ALREADY_EXISTS",
        "Invalid voluntary exit: validator has already exited",
        "AlreadyInitiatedExit(15)",
        "validator 15 has already submitted an exit, which will take place at epoch 9",
        "Validator has initiated exit already",
        "exit is already known",
        "Already exiting",
        "PublishError.Duplicate",
    ] {
        assert!(is_already_known(known), "{known}");
    }
    for refused in [
        "VOLUNTARY_EXIT_ERROR_INVALID_SIGNATURE",
        "VOLUNTARY_EXIT_ERROR_INVALID",
        "BLST_ERROR: bad point encoding",
        "Validator is not active",
        "Validator has pending partial withdrawals",
        "",
    ] {
        assert!(!is_already_known(refused), "{refused}");
    }
}

#[tokio::test]
async fn every_node_gets_it_and_each_answer_is_its_own() {
    let accepts = FakeNode::start(Dialect::Current).await;
    let knows = FakeNode::start(Dialect::Older).await;
    knows.script().exit_answer = (
        500,
        r#"{"statusCode":500,"error":"Internal Server Error","message":"VOLUNTARY_EXIT_ERROR_ALREADY_EXISTS"}"#
            .to_owned(),
    );
    let refuses = FakeNode::start(Dialect::Current).await;
    refuses.script().exit_answer = (
        400,
        r#"{"code":400,"message":"some failures","failures":[{"index":"0","message":"invalid signature"}]}"#
            .to_owned(),
    );
    let mute = FakeNode::start(Dialect::Current).await;
    mute.script().exit_answer = (503, String::new());
    let (hanging, _server) = silent_socket().await;
    let (dead, _socket) = dead_address();
    let poster = poster(&[&accepts.url, &knows.url, &refuses.url, &mute.url, &hanging, &dead]);

    let outcomes = poster.post_exit(&exit()).await;

    let names: Vec<_> = outcomes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["node-0", "node-1", "node-2", "node-3", "node-4", "node-5"]);
    let outcomes: Vec<_> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(outcomes[0], PostOutcome::Accepted);
    assert_eq!(outcomes[1], PostOutcome::AlreadyKnown);
    assert_eq!(outcomes[2], PostOutcome::Rejected("some failures; invalid signature".to_owned()));
    assert_eq!(outcomes[3], PostOutcome::Rejected("HTTP status 503".to_owned()));
    assert!(matches!(&outcomes[4], PostOutcome::Unreachable(_)), "{:?}", outcomes[4]);
    assert!(matches!(&outcomes[5], PostOutcome::Unreachable(_)), "{:?}", outcomes[5]);
    for node in [&accepts, &knows, &refuses, &mute] {
        assert_eq!(node.script().exits, [exit()]);
    }
}

/// Recorded from Lodestar 1.5.1.
#[tokio::test]
async fn real_refusals_keep_their_words() {
    let node = FakeNode::start(Dialect::Older).await;
    for (body, words) in [
        (
            include_str!("../../tests/fixtures/lodestar/exit_bad_signature.json"),
            "BLST_ERROR: bad point encoding",
        ),
        (
            include_str!("../../tests/fixtures/lodestar/exit_future_epoch.json"),
            "VOLUNTARY_EXIT_ERROR_INVALID",
        ),
    ] {
        node.script().exit_answer = (500, body.to_owned());
        let outcomes = poster(&[&node.url]).post_exit(&exit()).await;
        assert_eq!(outcomes[0].1, PostOutcome::Rejected(words.to_owned()));
    }
}

#[tokio::test]
async fn a_flood_of_words_is_cut() {
    let node = FakeNode::start(Dialect::Current).await;
    node.script().exit_answer = (400, "no\n".repeat(5000));
    let outcomes = poster(&[&node.url]).post_exit(&exit()).await;
    let PostOutcome::Rejected(text) = &outcomes[0].1 else { panic!("{outcomes:?}") };
    assert_eq!(text.chars().count(), 256);
    assert!(!text.contains('\n'));
}
