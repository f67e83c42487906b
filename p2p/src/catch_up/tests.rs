use super::*;
use proptest::prelude::*;

const LIMITS: AnswerLimits = AnswerLimits { envelopes: 3, bytes: 20, envelope: 10 };

#[test]
fn an_answer_reads_back() {
    let envelopes = vec![vec![1, 2, 3], vec![], vec![4; 10]];
    let (answer, written) = write_answer(&envelopes, LIMITS);
    assert_eq!(written, 3);
    assert_eq!(answer[..8], [1, 3, 0, 0, 0, 1, 2, 3]);
    assert_eq!(parse_answer(&answer, LIMITS), Ok(envelopes));
}

#[test]
fn an_answer_is_cut_at_the_limits() {
    let count = |envelopes: &[Vec<u8>]| write_answer(envelopes, LIMITS).1;
    assert_eq!(count(&[vec![], vec![], vec![], vec![]]), 3);
    assert_eq!(count(&[vec![0; 10], vec![0; 9], vec![0; 2]]), 2);
    assert_eq!(count(&[vec![0; 11]]), 0);
}

#[test]
fn bad_answers_are_told_apart() {
    assert_eq!(parse_answer(&[], LIMITS), Err(Rejection::NoAnswer));
    assert_eq!(parse_answer(&[2], LIMITS), Err(Rejection::BadAnswer));
    assert_eq!(parse_answer(&[1, 1, 0, 0], LIMITS), Err(Rejection::BadAnswer), "half a length");
    assert_eq!(parse_answer(&[1, 2, 0, 0, 0, 9], LIMITS), Err(Rejection::BadAnswer), "half an envelope");
    assert_eq!(parse_answer(&[1, 11, 0, 0, 0], LIMITS), Err(Rejection::TooLarge), "one too long");
    assert_eq!(parse_answer(&[1, 255, 255, 255, 255], LIMITS), Err(Rejection::TooLarge), "4 GiB announced");
    let wide = AnswerLimits { envelopes: 9, bytes: 99, envelope: 99 };
    let four = write_answer(&[vec![], vec![], vec![], vec![]], wide).0;
    assert_eq!(parse_answer(&four, LIMITS), Err(Rejection::TooLarge), "too many");
    let heavy = write_answer(&[vec![0; 10], vec![0; 10], vec![0; 1]], wide).0;
    assert_eq!(parse_answer(&heavy, LIMITS), Err(Rejection::TooLarge), "too much together");
}

#[tokio::test]
async fn reading_stops_one_byte_above_the_cap() {
    let mut endless = futures::io::repeat(1);
    assert_eq!(read_capped(&mut endless, 100).await.unwrap().len(), 101);
}

#[tokio::test]
async fn only_the_exact_request_is_read() {
    use request_response::Codec as _;
    let mut codec = Codec::new(3, 20);
    let protocol = StreamProtocol::new("/test");
    for (bytes, good) in [(&[1u8][..], true), (&[][..], false), (&[2][..], false), (&[1, 1][..], false)] {
        let mut reader = futures::io::Cursor::new(bytes);
        assert_eq!(codec.read_request(&protocol, &mut reader).await.is_ok(), good, "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn parsing_never_panics_and_keeps_the_limits(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(envelopes) = parse_answer(&bytes, LIMITS) {
            prop_assert!(envelopes.len() <= LIMITS.envelopes);
            prop_assert!(envelopes.iter().map(Vec::len).sum::<usize>() <= LIMITS.bytes);
            prop_assert_eq!(write_answer(&envelopes, LIMITS).0, bytes);
        }
    }
}
