use super::*;
use serde_json::Value;

fn refused(status: u16, text: &str) -> PostOutcome {
    outcome(status, text.to_owned())
}

#[test]
fn what_a_node_has_already_is_no_refusal() {
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
        assert_eq!(refused(500, known), PostOutcome::AlreadyKnown, "{known}");
    }
    for other in [
        "VOLUNTARY_EXIT_ERROR_INVALID_SIGNATURE",
        "VOLUNTARY_EXIT_ERROR_INVALID",
        "BLST_ERROR: bad point encoding",
        "Validator is not active",
        "Validator has pending partial withdrawals",
        "",
    ] {
        assert_ne!(refused(400, other), PostOutcome::AlreadyKnown, "{other}");
    }
    assert_eq!(PostOutcome::AlreadyKnown.blame(), None);
    assert_eq!(PostOutcome::Accepted.blame(), None);
}

/// As Lodestar, Lighthouse, Prysm, Nimbus and the devnet word them; words about the exit count with any status.
#[test]
fn faults_of_the_exit_are_the_exits_and_keep_their_words() {
    for (status, words) in [
        (500, "VOLUNTARY_EXIT_ERROR_INVALID_SIGNATURE"),
        (500, "VOLUNTARY_EXIT_ERROR_INVALID"),
        (500, "BLST_ERROR: bad point encoding"),
        (500, "Cannot read properties of undefined (reading 'activationEpoch')"),
        (400, "VOLUNTARY_EXIT_ERROR_EARLY_EPOCH"),
        (
            400,
            "BAD_REQUEST: Invalid object: gossip verification failed: ExitValidationError(Invalid(BadSignature))",
        ),
        (
            400,
            "BAD_REQUEST: Invalid object: gossip verification failed: ExitValidationError(Invalid(NotActive(384413)))",
        ),
        (
            400,
            "BAD_REQUEST: Invalid object: gossip verification failed: ExitValidationError(Invalid(TooYoungToExit { current_epoch: Epoch(32), earliest_exit_epoch: Epoch(267) }))",
        ),
        (400, "gossip validation failed"),
        (400, "ExitInvalid"),
        (400, "Invalid exit: validator has not been active long enough to exit"),
        (500, "Invalid exit: expected current epoch >= exit epoch, received 7 < 9"),
        (400, "Invalid voluntary exit, it will never pass validation so it's rejected"),
        (400, "Invalid voluntary exit: exit is for epoch 9, which is in the future of epoch 7"),
        (400, "Invalid voluntary exit: validator 99 is unknown"),
        // Nothing known, but about what was sent.
        (400, "not today"),
        (422, "no"),
    ] {
        let outcome = refused(status, words);
        assert_eq!(outcome, PostOutcome::Rejected(words.to_owned()));
        assert_eq!(outcome.blame(), Some(Blame::Exit), "{words}");
    }
    assert_eq!(refused(400, ""), PostOutcome::Rejected("HTTP status 400".to_owned()));
    assert_eq!(refused(400, "").blame(), Some(Blame::Exit));
}

/// Recorded from Lodestar 1.5.1.
#[test]
fn recorded_refusals_are_the_exits() {
    for body in [
        include_str!("../../tests/fixtures/lodestar/exit_bad_signature.json"),
        include_str!("../../tests/fixtures/lodestar/exit_future_epoch.json"),
    ] {
        let body: Value = serde_json::from_str(body).unwrap();
        let status = u16::try_from(body["statusCode"].as_u64().unwrap()).unwrap();
        let outcome = refused(status, body["message"].as_str().unwrap());
        assert_eq!(outcome.blame(), Some(Blame::Exit), "{outcome:?}");
    }
}

#[test]
fn faults_of_the_node_are_the_nodes_and_keep_their_status() {
    for (status, words) in [
        (503, "Beacon node is currently syncing and not serving request on that endpoint"),
        (503, "Node is syncing - headSlot=0 currentSlot=900"),
        (503, "SERVICE_UNAVAILABLE: still syncing"),
        (429, "Too Many Requests"),
        (500, "Internal Server Error"),
        (500, "Could not get head state: context deadline exceeded"),
        (502, "<html>Bad Gateway</html>"),
        (404, "Route POST:/eth/v1/beacon/pool/voluntary_exits not found"),
        (405, "no such method of this endpoint"),
        (401, "unauthorized"),
    ] {
        let outcome = refused(status, words);
        assert_eq!(outcome, PostOutcome::Rejected(format!("HTTP status {status}: {words}")));
        assert_eq!(outcome.blame(), Some(Blame::Node), "{words}");
    }
    for status in [429, 500, 502, 503, 504] {
        assert_eq!(refused(status, "").blame(), Some(Blame::Node), "{status}");
    }
    assert_eq!(PostOutcome::Unreachable("connection refused".to_owned()).blame(), Some(Blame::Node));
}

#[test]
fn a_status_before_long_words_keeps_the_bound() {
    let PostOutcome::Rejected(text) = refused(503, &"x".repeat(256)) else { panic!() };
    assert_eq!(text.chars().count(), 256);
}
