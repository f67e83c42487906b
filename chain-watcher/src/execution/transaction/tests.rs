use super::*;
use crate::execution::fake_chain::{Chain, module, operator};

fn shown(change: impl FnOnce(&mut serde_json::Value)) -> (Result<Shown, Failure>, Bytes) {
    let mut chain = Chain::new(10, 9);
    let input = Bytes::from(vec![1, 2, 3]);
    let hash = chain.register_with(5, module("m"), &[], operator(3), input.clone());
    let mut json = chain.transactions[&hash].clone();
    change(&mut json);
    (read(&json.to_string(), TransactionHash(hash.0)), input)
}

#[test]
fn a_transaction_is_proven_by_its_hash() {
    let (read, input) = shown(|_| {});
    let sender = Address(operator(3).0.0);
    assert_eq!(read, Ok(Shown::Proven(Caller { sender, input })));
    for (field, value) in
        [("input", "0x0102"), ("nonce", "0x7"), ("to", "0x0101010101010101010101010101010101010101")]
    {
        let (read, _) = shown(|json| json[field] = value.into());
        let Err(Failure::Malformed(words)) = read else { panic!("{field}: {read:?}") };
        assert!(words.starts_with("another transaction for 0x"), "{words}");
    }
}

#[test]
fn what_is_no_transaction_is_no_answer() {
    assert!(matches!(shown(|json| json["input"] = 7.into()).0, Err(Failure::Malformed(_))));
    assert!(matches!(shown(|json| *json = serde_json::json!([])).0, Err(Failure::Malformed(_))));
    assert_eq!(shown(|json| json["type"] = "0x7e".into()).0, Ok(Shown::UnknownType));
}
