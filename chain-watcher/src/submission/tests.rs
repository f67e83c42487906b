use super::*;
use crate::config::{NodeConfig, Timeouts};
use crate::fake_node::{Dialect, FakeNode, dead_address, silent_socket};
use crypto::exit::VoluntaryExit;
use crypto::spec::{BlsSignature, Epoch, ValidatorIndex};
use std::time::Duration;
use url::Url;

fn poster(urls: &[&Url]) -> Poster {
    poster_with(urls, Timeouts { request: Duration::from_millis(500), ..quick() })
}

/// Pauses of 1 and 2 ms between tries.
fn quick() -> Timeouts {
    Timeouts { probe: Duration::from_millis(4), ..Timeouts::default() }
}

fn poster_with(urls: &[&Url], timeouts: Timeouts) -> Poster {
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
    for node in [&accepts, &knows, &refuses] {
        assert_eq!(node.script().exits, [exit()]);
    }
    // To blame itself: asked again, twice.
    assert_eq!(mute.script().exits, [exit(); 3]);
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

#[tokio::test]
async fn a_node_that_refuses_for_its_own_sake_is_asked_again_by_itself() {
    let syncing = r#"{"code":503,"message":"Beacon node is currently syncing"}"#;
    let (once, twice, never) = (
        FakeNode::start(Dialect::Current).await,
        FakeNode::start(Dialect::Current).await,
        FakeNode::start(Dialect::Current).await,
    );
    let accepts = FakeNode::start(Dialect::Current).await;
    once.script().exit_answers_before = vec![(503, syncing.to_owned())];
    twice.script().exit_answers_before = vec![(429, String::new()), (500, "oops".to_owned())];
    never.script().exit_answer = (503, syncing.to_owned());
    let poster = poster_with(&[&once.url, &never.url, &twice.url, &accepts.url], quick());

    let outcomes = poster.post_exit(&exit()).await;

    let refused = PostOutcome::Rejected("HTTP status 503: Beacon node is currently syncing".to_owned());
    let expected = [PostOutcome::Accepted, refused, PostOutcome::Accepted, PostOutcome::Accepted];
    assert_eq!(outcomes.into_iter().map(|(_, outcome)| outcome).collect::<Vec<_>>(), expected);
    let tries = [&once, &never, &twice, &accepts].map(|node| node.script().exits.len());
    assert_eq!(tries, [2, 3, 3, 1]);
}

#[tokio::test]
async fn an_exit_at_fault_is_not_offered_again() {
    let node = FakeNode::start(Dialect::Older).await;
    node.script().exit_answers_before = vec![
        (503, String::new()),
        (500, r#"{"statusCode":500,"message":"VOLUNTARY_EXIT_ERROR_INVALID_SIGNATURE"}"#.to_owned()),
    ];
    let outcomes = poster_with(&[&node.url], quick()).post_exit(&exit()).await;
    assert_eq!(outcomes[0].1.blame(), Some(Blame::Exit));
    assert_eq!(node.script().exits.len(), 2);
}

#[tokio::test]
async fn a_node_that_used_up_its_time_is_not_asked_again() {
    let node = FakeNode::start(Dialect::Current).await;
    node.script().exit_answer = (503, String::new());
    // The first pause alone would be longer than a request may take.
    let timeouts =
        Timeouts { request: Duration::from_secs(5), probe: Duration::from_secs(20), ..Timeouts::default() };
    let outcomes = poster_with(&[&node.url], timeouts).post_exit(&exit()).await;
    assert_eq!(outcomes[0].1.blame(), Some(Blame::Node));
    assert_eq!(node.script().exits.len(), 1);
}
