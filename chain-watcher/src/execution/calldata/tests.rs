use super::*;
use crate::execution::fake_chain::{module, pubkey, register};
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol;
use alloy::sol_types::SolCall;
use proptest::prelude::*;

sol! {
    struct Call3 { address target; bool allowFailure; bytes callData; }
    function aggregate3(Call3[] calls) external;
    function multicall(bytes[] calls) external;
    function execTransaction(
        address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas,
        uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures
    ) external;
    function multiSend(bytes transactions) external;
}

fn event(key: u64) -> Registered {
    Registered { pubkey: pubkey(key).to_vec(), module: ModuleName(module("m").0) }
}

fn input(key: u64) -> Vec<u8> {
    register(key, module("m")).abi_encode()
}

fn expected(key: u64) -> Payload {
    let data = register(key, module("m")).data;
    Payload {
        deposit_signature: data.signature.to_vec(),
        deposit_data_root: data.depositDataRoot.0,
        envelopes: data.blsEncryptedPrivKeyShares.iter().map(|share| share.to_vec()).collect(),
        key_set: data.blsPubKeySet.to_vec(),
    }
}

fn safe(data: Vec<u8>) -> Vec<u8> {
    execTransactionCall {
        to: Address::ZERO,
        value: U256::ZERO,
        data: data.into(),
        operation: 1,
        safeTxGas: U256::ZERO,
        baseGas: U256::ZERO,
        gasPrice: U256::ZERO,
        gasToken: Address::ZERO,
        refundReceiver: Address::ZERO,
        signatures: vec![1; 65].into(),
    }
    .abi_encode()
}

fn multi_send(calls: &[Vec<u8>]) -> Vec<u8> {
    let packed: Vec<u8> = calls
        .iter()
        .flat_map(|call| {
            let length = U256::from(call.len()).to_be_bytes::<32>();
            [&[0][..], &[3; 20], &[0; 32], &length, call].concat()
        })
        .collect();
    multiSendCall { transactions: packed.into() }.abi_encode()
}

#[test]
fn a_call_of_its_own_is_read() {
    assert_eq!(payloads(&input(1), &[event(1)]), [Ok(expected(1))]);
    let trailing = [input(1), vec![7; 33]].concat();
    assert_eq!(payloads(&trailing, &[event(1)]), [Ok(expected(1))]);
}

#[test]
fn calls_inside_other_calls_are_read_each_for_its_own_event() {
    let calls: Vec<Bytes> = vec![vec![9; 40].into(), input(2).into(), input(1).into()];
    let carriers = [
        multicallCall { calls: calls.clone() }.abi_encode(),
        aggregate3Call {
            calls: calls
                .iter()
                .map(|data| Call3 { target: Address::ZERO, allowFailure: true, callData: data.clone() })
                .collect(),
        }
        .abi_encode(),
        multi_send(&[input(2), input(1)]),
        safe(multi_send(&[vec![1; 5], input(2), input(1)])),
        multicallCall { calls: vec![safe(input(1)).into(), safe(multi_send(&[input(2)])).into()] }
            .abi_encode(),
    ];
    for carrier in carriers {
        assert_eq!(payloads(&carrier, &[event(1), event(2)]), [Ok(expected(1)), Ok(expected(2))]);
    }
}

#[test]
fn what_is_not_there_needs_a_trace() {
    let needs_trace = [Err(Unreadable::NeedsTrace)];
    assert_eq!(payloads(&[], &[event(1)]), needs_trace);
    assert_eq!(payloads(&multi_send(&[input(2)]), &[event(1)]), needs_trace, "another key");
    let elsewhere = Registered { module: ModuleName([9; 32]), ..event(1) };
    assert_eq!(payloads(&safe(input(1)), &[elsewhere]), needs_trace, "another module");
    assert_eq!(payloads(&vec![0; MAX_INPUT + 1], &[event(1)]), needs_trace, "too large");
    let many = registerValidatorKeyCall::SELECTOR.repeat(MAX_CALLS + 2);
    assert_eq!(payloads(&[vec![0], many].concat(), &[event(1)]), needs_trace, "too many");
}

#[test]
fn a_call_that_does_not_decode_is_malformed() {
    let call = input(1);
    for length in [4, 5, 100, call.len() / 2, call.len() - 65] {
        assert_eq!(payloads(&call[..length], &[event(1)]), [Err(Unreadable::Malformed)], "{length}");
    }
    let mut far = call;
    // The offset of the key data.
    far[4..36].fill(0xff);
    assert_eq!(payloads(&far, &[event(1)]), [Err(Unreadable::Malformed)]);
    assert_eq!(payloads(&safe(far), &[event(1)]), [Err(Unreadable::Malformed)]);
}

#[test]
fn what_a_call_carries_in_its_arguments_is_not_called() {
    let mut outer = register(1, module("m"));
    outer.data.raveEvidence = input(2).into();
    let outer = outer.abi_encode();
    assert_eq!(payloads(&outer, &[event(1)]), [Ok(expected(1))]);
    assert_eq!(payloads(&outer, &[event(2)]), [Err(Unreadable::NeedsTrace)]);
}

#[test]
fn decoys_leave_no_guess() {
    let mut decoy = register(1, module("m"));
    decoy.data.signature = vec![0xee; 96].into();
    let (decoy, real) = (decoy.abi_encode(), input(1));
    let two = multi_send(&[decoy.clone(), real.clone()]);
    assert_eq!(payloads(&two, &[event(1)]), [Err(Unreadable::NeedsTrace)]);
    assert_eq!(payloads(&multi_send(&[real.clone(), real.clone()]), &[event(1)]), [Ok(expected(1))]);
    // Both were registered: each has its own, in order.
    let both = payloads(&two, &[event(1), event(1)]);
    assert_eq!(both[0].as_ref().unwrap().deposit_signature, vec![0xee; 96]);
    assert_eq!(both[1], Ok(expected(1)));
}

#[test]
fn what_is_too_long_is_cut_and_still_too_long() {
    let mut call = register(1, module("m"));
    call.data.signature = vec![1; 500_000].into();
    call.data.blsPubKeySet = vec![1; 500_000].into();
    call.data.blsEncryptedPrivKeyShares = vec![Bytes::from(vec![1; 1000]); 300];
    call.data.depositDataRoot = B256::ZERO;
    let payload = payloads(&call.abi_encode(), &[event(1)]).remove(0).unwrap();
    assert_eq!((payload.deposit_signature.len(), payload.key_set.len()), (97, 4801));
    assert_eq!(payload.envelopes.len(), 101);
    assert!(payload.envelopes.iter().all(|envelope| envelope.len() == 130));
}

/// A call with many shares that are all the same mebibyte: small in the input, huge if copied.
fn overlapping(shares: usize) -> Vec<u8> {
    let word = |n: usize| U256::from(n).to_be_bytes::<32>();
    let mut data = Vec::new();
    // Heads: the key data 12 words on, the module, two permits.
    data.extend(word(12 * 32));
    data.extend(module("m").0);
    data.extend([0; 10 * 32]);
    let (key_at, shares_at) = (6 * 32, 6 * 32 + 32 + 64);
    for offset in [key_at, key_at, 0, shares_at, key_at, key_at] {
        data.extend(word(offset));
    }
    data.extend(word(48));
    data.extend([&pubkey(1)[..], &[0; 16]].concat());
    data.extend(word(shares));
    for _ in 0..shares {
        data.extend(word(shares * 32));
    }
    data.extend(word(1 << 20));
    data.extend(vec![7u8; 1 << 20]);
    [&registerValidatorKeyCall::SELECTOR[..], &data].concat()
}

#[test]
fn arguments_that_name_the_same_bytes_over_and_over_cost_nothing() {
    for call in [overlapping(500), [vec![0], overlapping(500)].concat()] {
        let payload = payloads(&call, &[event(1)]).remove(0).unwrap();
        assert_eq!((payload.envelopes.len(), payload.envelopes[0].len()), (101, 130));
    }
    assert_eq!(payloads(&overlapping(5000), &[event(1)]), [Err(Unreadable::Malformed)], "gibibytes");
}

proptest! {
    #[test]
    fn no_bytes_do_harm(mut bytes in proptest::collection::vec(any::<u8>(), 0..2000), at in 0usize..2000) {
        let _ = payloads(&bytes, &[event(1)]);
        let at = at.min(bytes.len());
        bytes.splice(at..at, registerValidatorKeyCall::SELECTOR);
        let _ = payloads(&bytes, &[event(1), event(2)]);
    }

    #[test]
    fn no_change_to_a_call_does_harm(changes in proptest::collection::vec((0usize..1400, any::<u8>()), 1..6)) {
        let mut call = input(1);
        for (at, byte) in changes {
            if let Some(place) = call.get_mut(at) {
                *place = byte;
            }
        }
        let _ = payloads(&call, &[event(1)]);
        let _ = payloads(&safe(call), &[event(1)]);
    }

    #[test]
    fn a_call_is_found_wherever_it_stands(
        before in proptest::collection::vec(any::<u8>(), 1..300),
        after in proptest::collection::vec(any::<u8>(), 0..300),
        key in 0u64..200,
    ) {
        prop_assume!(!before.starts_with(&registerValidatorKeyCall::SELECTOR));
        let input = [before, input(key), after].concat();
        prop_assert_eq!(payloads(&input, &[event(key)]), [Ok(expected(key))]);
    }
}
