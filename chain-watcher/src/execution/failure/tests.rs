use super::*;

fn refusal(code: i64, message: &str) -> Failure {
    let json = serde_json::json!({ "code": code, "message": message }).to_string();
    Failure::of(RpcError::ErrorResp(serde_json::from_str(&json).unwrap()))
}

/// The words are those of providers and clients.
#[test]
fn asking_for_too_much_is_understood_in_many_tongues() {
    let texts = [
        (-32005, "query returned more than 10000 results. Try with this block range [0x4C1, 0x4D2]."),
        (-32005, "query returned more than 10000 results"),
        (
            -32602,
            "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit \
             on the response size, or you can request any block range with a cap of 10K logs in the response. Based \
             on your parameters and the response size limit, this block range should work: [0x0, 0x1]",
        ),
        (-32600, "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range."),
        (-32614, "eth_getLogs is limited to a 10,000 range"),
        (-32602, "eth_getLogs and eth_newFilter are limited to a 10,000 blocks range"),
        (-32602, "exceed maximum block range: 50000"),
        (-32000, "query exceeds max results 20000, retry with the range 100-200"),
        (-32602, "query exceeds max block range 100000"),
        (-32000, "query timeout exceeded"),
        (-32002, "request timed out"),
        (-32005, "Requested range exceeds maximum RPC range limit"),
        (-32005, "Too many logs requested. Max logs per response is 20000."),
        (-32062, "Block range is too large"),
        (-32000, "block range is too wide"),
        (-32000, "ranges over 10000 blocks are not supported on freetier"),
        (-32003, "response is too big"),
    ];
    for (code, text) in texts {
        assert!(matches!(refusal(code, text), Failure::TooMuch(_)), "{text}: {:?}", refusal(code, text));
    }
}

#[test]
fn asking_too_often_is_understood() {
    let texts = [
        (429, "Too Many Requests"),
        (
            429,
            "Your app has exceeded its compute units per second capacity. If you have retries enabled, you can safely \
             ignore this message.",
        ),
        (-32005, "daily request count exceeded, request rate limited"),
        (-32005, "project ID request rate exceeded"),
        (-32005, "Limit exceeded"),
        (-32007, "100/second request limit reached - reduce calls per second or upgrade your account"),
        (-32090, "rate limit exceeded"),
        (429, "You have surpassed your allowed throughput limit."),
    ];
    for (code, text) in texts {
        assert_eq!(refusal(code, text), Failure::Resting(None), "{text}");
    }
    let limited = |wait| TransportErrorKind::http_error_with_retry_after(429, String::new(), wait);
    let seconds = Duration::from_secs;
    assert_eq!(Failure::of(limited(Some(seconds(7)))), Failure::Resting(Some(seconds(7))));
    assert_eq!(Failure::of(limited(Some(seconds(86_400)))), Failure::Resting(Some(seconds(60))));
    assert_eq!(Failure::of(limited(None)), Failure::Resting(None));
}

#[test]
fn missing_state_and_missing_methods_are_understood() {
    let lacking = [
        (-32000, "missing trie node 3f7c (path ) state 0x12 is not available"),
        (-32000, "header not found"),
        (-32000, "historical state 12ab is not available"),
        (-32000, "required historical state unavailable (reexec=128)"),
        (-32000, "state at block #1234 is pruned"),
        (4444, "history unavailable"),
        (-32002, "No state available for block 0x12"),
        (-32000, "World state unavailable"),
        (-32001, "Unknown block"),
        (-32602, "BlockOutOfRangeError: block height is 5 but requested was 9"),
    ];
    for (code, text) in lacking {
        assert!(matches!(refusal(code, text), Failure::Lacks(_)), "{text}: {:?}", refusal(code, text));
    }
    let unsupported =
        [(-32601, "the method eth_foo does not exist/is not available"), (-32600, "batches not supported")];
    for (code, text) in unsupported {
        assert!(matches!(refusal(code, text), Failure::Unsupported(_)), "{text}");
    }
    assert!(matches!(refusal(-32603, "internal error"), Failure::Refused(_)));
}

#[test]
fn what_a_contract_said_is_found_wherever_a_node_puts_it() {
    let unauthorized: Bytes = "0x82b42900".parse().unwrap();
    for json in [
        r#"{"code":3,"message":"execution reverted","data":"0x82b42900"}"#,
        r#"{"code":-32015,"message":"VM execution error: reverted","data":"Reverted 0x82b42900"}"#,
        r#"{"code":-32000,"message":"execution reverted","data":{"originalError":{"data":"0x82b42900"}}}"#,
    ] {
        let failure = Failure::of(RpcError::ErrorResp(serde_json::from_str(json).unwrap()));
        assert_eq!(failure, Failure::Reverted(unauthorized.clone()), "{json}");
    }
    assert_eq!(refusal(-32000, "execution reverted"), Failure::Reverted(Bytes::new()));
    assert_eq!(refusal(3, "execution reverted: 0x"), Failure::Reverted(Bytes::new()));
}

#[test]
fn words_are_kept_short_and_harmless() {
    let Failure::Refused(text) = refusal(-1, &"\u{1b}[31m".repeat(1000)) else { panic!() };
    assert!(text.chars().count() <= 256 && !text.chars().any(char::is_control));
}
