use super::*;
use futures::executor::block_on;
use libp2p::request_response::Codec as _;

#[test]
fn the_form_on_the_wire_does_not_change() {
    assert_eq!(hex::encode(Frame::of(b"deal").0), "040000006465616c");
    assert_eq!(PROTOCOL.as_ref(), "/guardian/ceremony/1");
    assert_eq!(hex::encode(Frame::of(b"").0), "00000000");
}

#[test]
fn frames_are_taken_apart_strictly() {
    let parse = |bytes: &[u8]| Frame(bytes.to_vec()).parse(4);
    assert_eq!(parse(&[4, 0, 0, 0, 1, 2, 3, 4]), Ok(vec![1, 2, 3, 4]));
    assert_eq!(parse(&[0, 0, 0, 0]), Ok(vec![]));
    for cut in [&[][..], &[4, 0, 0], &[4, 0, 0, 0], &[4, 0, 0, 0, 1, 2, 3]] {
        assert_eq!(parse(cut), Err(Rejection::NoAnswer), "{cut:?}");
    }
    assert_eq!(parse(&[1, 0, 0, 0, 1, 2]), Err(Rejection::TrailingBytes));
    for large in [&[5, 0, 0, 0, 1, 2, 3, 4, 5][..], &[255; 4], &[1, 0, 0, 0, 1, 2, 3, 4, 5]] {
        assert_eq!(parse(large), Err(Rejection::TooLarge), "{large:?}");
    }
}

#[test]
fn a_reader_stops_one_byte_behind_the_limit() {
    let sent = Frame::of(&[7; 100]).0;
    let mut codec = Codec::new(10, 100);
    let frame = block_on(codec.read_request(&PROTOCOL, &mut sent.as_slice())).unwrap();
    assert_eq!(frame.0.len(), PREFIX + 10 + 1);
    assert_eq!(frame.parse(10), Err(Rejection::TooLarge));
    let frame = block_on(codec.read_response(&PROTOCOL, &mut sent.as_slice())).unwrap();
    assert_eq!(frame.parse(100), Ok(vec![7; 100]));
}

#[test]
fn nothing_prints_a_payload() {
    assert_eq!(format!("{:?}", Frame::of(&[0xab; 3])), "Frame(7 bytes)");
}
