use super::*;

fn asked(path: &str, headers: &[(&str, &str)]) -> Option<Question> {
    let request = headers
        .iter()
        .fold(axum::http::Request::get(path), |request, (name, value)| request.header(*name, *value));
    question(&request.body(Body::empty()).unwrap())
}

fn stamp(entries: u64) -> Stamp {
    Stamp { second: 7, tag: "1-2".to_owned(), entries, checkpoint: None }
}

#[tokio::test]
async fn an_answer_is_given_again_only_for_what_it_was_made_of() {
    let recent = Recent::default();
    let question: Question = ("/v1/network".to_owned(), true);
    let mut headers = HeaderMap::new();
    headers.insert(header::ETAG, "W/\"1\"".parse().unwrap());
    recent.keep(stamp(3), question.clone(), &headers, &Bytes::from_static(b"answer"));
    let again = recent.find(&stamp(3), &question).unwrap();
    assert_eq!(again.headers(), &headers);
    assert_eq!(to_bytes(again.into_body(), 99).await.unwrap(), "answer");
    assert!(recent.find(&stamp(4), &question).is_none(), "the log grew");
    assert!(recent.find(&Stamp { second: 8, ..stamp(3) }, &question).is_none(), "the second is over");
    assert!(recent.find(&stamp(3), &("/v1/network".to_owned(), false)).is_none(), "packed for who unpacks");
}

#[test]
fn what_is_kept_is_bounded_and_ends_with_its_second() {
    let recent = Recent::default();
    let body = Bytes::from(vec![1; PACKED]);
    for number in 0..2 * MOST {
        recent.keep(stamp(1), (number.to_string(), false), &HeaderMap::new(), &body);
    }
    let count = || recent.0.lock().unwrap().answers.len();
    assert_eq!(count(), MOST_BYTES / PACKED);
    recent.keep(stamp(2), (String::new(), false), &HeaderMap::new(), &Bytes::new());
    assert_eq!((count(), recent.0.lock().unwrap().bytes), (1, 0));
}

#[test]
fn plain_questions_are_kept_and_others_pass_by() {
    let packed = ("accept-encoding", "br, gzip");
    assert_eq!(asked("/v1/exits?limit=3", &[packed]), Some(("/v1/exits?limit=3".to_owned(), true)));
    assert_eq!(asked("/", &[("accept-encoding", "gzip;q=0")]), Some(("/".to_owned(), false)));
    for name in ["if-none-match", "range"] {
        assert_eq!(asked("/v1/exits", &[(name, "x")]), None);
    }
    assert_eq!(asked("/v1/events?last_event_id=3-0:1", &[]), None);
    assert_eq!(asked(&format!("/v1/validators?q={}", "a".repeat(600)), &[]), None);
}
