use super::*;
use crate::audit::tests::{chain, story};
use crate::audit::verify;

fn exported(records: &[Linked]) -> Vec<u8> {
    let mut text = Vec::new();
    let head = write(records.iter().cloned().map(Ok), &mut text, Path::new("x")).unwrap();
    assert_eq!(head, verify(records.to_vec()).unwrap());
    text
}

fn back(text: &[u8]) -> Result<Vec<Linked>, Error> {
    read(text, Path::new("x.jsonl")).collect()
}

#[test]
fn what_is_written_is_read_back() {
    let records = chain(&story().0);
    let text = exported(&records);
    assert_eq!(text.iter().filter(|byte| **byte == b'\n').count(), records.len());
    assert_eq!(back(&text).unwrap(), records);
    assert_eq!(back(b"").unwrap(), []);
    // The form of a line is kept: exports outlive this program.
    let one = Linked { number: 0, bytes: vec![1, 0xab], link: [0xcd; 32] };
    let expected = format!(
        r#"{{"number":0,"prev":"0x{}","link":"0x{}","bytes":"0x01ab"}}"#,
        "00".repeat(32),
        "cd".repeat(32)
    );
    assert_eq!(line(&one, [0; 32]).unwrap(), expected);
}

#[test]
fn a_chain_that_breaks_is_not_written() {
    let mut records = chain(&story().0);
    records[2].bytes[3] ^= 1;
    let refused = write(records.into_iter().map(Ok), &mut Vec::new(), Path::new("x")).unwrap_err();
    assert!(matches!(refused, Error::Chain(broken) if broken.at == 2), "{refused}");
}

#[test]
fn lines_that_are_none_are_named() {
    let records = chain(&story().0[..3]);
    let text = String::from_utf8(exported(&records)).unwrap();
    let refused = |text: &str, expected: &str| {
        let refused = back(text.as_bytes()).unwrap_err().to_string();
        assert!(refused.contains(expected), "{expected:?} not in {refused}");
    };
    let lines: Vec<&str> = text.lines().collect();
    refused(&format!("{}\n{}\n", lines[0], lines[2]), "x.jsonl:2: `prev` is not the link");
    refused(&text[..text.len() - 1], "x.jsonl:3: the line is cut off");
    refused(&format!("{}\nhello\n", lines[0]), "x.jsonl:2: is no record of an export");
    refused(&text.replacen("\"bytes\":\"0x", "\"bytes\":\"", 1), "x.jsonl:1: `bytes`");
    refused(&"x".repeat(MAX_LINE + 1), "x.jsonl:1: the line is cut off, or too long");
    // An empty line in the middle is no end.
    refused(&format!("{}\n\n{}\n", lines[0], lines[1]), "x.jsonl:2");
}
