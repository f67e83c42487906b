use super::*;
use crate::scene::emergencies::{NOW, emergency, roomy};
use crate::scene::{BOB, CAROL, with_contracts};

fn proposer() -> Proposer {
    Proposer {
        name: "dao".to_owned(),
        account: Address([0xda; 20]),
        max_validators: 2,
        operators: Vec::new(),
        modules: Vec::new(),
    }
}

fn definition() -> NetworkDefinition {
    let mut definition = roomy();
    definition.emergency.proposers.push(proposer());
    definition.validate().unwrap();
    definition
}

#[test]
fn each_rule_has_its_refusal() {
    let definition = definition();
    let sound = emergency(BOB, &[0, 1, 2], Severity::Normal);
    assert_eq!(sound.check(&definition), Ok(()));
    let account = Raiser::Account { proposer: Address([0xda; 20]) };
    let stranger = Raiser::Contract { proposer: Address([1; 20]), number: 0 };
    let with = |change: &dyn Fn(&mut Emergency)| {
        let mut changed = sound.clone();
        change(&mut changed);
        changed.check(&definition)
    };
    let index = ValidatorIndex;
    type Change = Box<dyn Fn(&mut Emergency)>;
    let cases: Vec<(Change, Refusal)> = vec![
        (Box::new(|e| e.guardian_set_epoch = GuardianSetEpoch(1)), Refusal::WrongEpoch),
        (Box::new(|e| e.validators.clear()), Refusal::WrongNumber),
        (Box::new(|e| e.validators = (0..=1_024).map(ValidatorIndex).collect()), Refusal::WrongNumber),
        (Box::new(move |e| e.validators = vec![index(1), index(0)]), Refusal::Duplicate),
        (Box::new(move |e| e.validators = vec![index(1), index(1)]), Refusal::Duplicate),
        (Box::new(|e| e.reason.clear()), Refusal::WrongReason),
        (Box::new(|e| e.reason = "\u{1b}[2J".to_owned()), Refusal::WrongReason),
        (Box::new(|e| e.reason = "x".repeat(281)), Refusal::WrongReason),
        (Box::new(|e| e.expires = e.opened), Refusal::WrongLifetime),
        (Box::new(|e| e.expires = Slot(e.opened.0 + 8)), Refusal::WrongLifetime),
        (Box::new(|e| e.expires = Slot(e.opened.0 + 14_401)), Refusal::WrongLifetime),
        (Box::new(move |e| e.raiser = stranger), Refusal::NotAuthorised),
        (Box::new(move |e| e.raiser = account), Refusal::OutOfScope),
    ];
    for (change, refusal) in cases {
        assert_eq!(with(&*change), Err(refusal));
    }
    assert_eq!(
        with(&|e| {
            e.raiser = account;
            e.validators.truncate(2);
        }),
        Ok(())
    );
    assert_eq!(sound.check_time(Slot(NOW.0 - 3)), Err(Refusal::FromFuture));
    assert_eq!(sound.check_time(Slot(NOW.0 - 2)), Ok(()));
    assert_eq!(sound.check_time(Slot(NOW.0 + 100)), Err(Refusal::Expired));
}

#[test]
fn the_id_is_of_what_is_asked_and_not_of_its_proof() {
    let one = emergency(BOB, &[0], Severity::Normal);
    let ids = [
        one.id(),
        Emergency { severity: Severity::Urgent, ..one.clone() }.id(),
        Emergency { reason: "another".to_owned(), ..one.clone() }.id(),
        Emergency { opened: Slot(41), ..one.clone() }.id(),
        emergency(CAROL, &[0], Severity::Normal).id(),
        emergency(BOB, &[1], Severity::Normal).id(),
    ];
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), ids.len());
    assert_eq!(
        one.id().to_string(),
        "0xd63acbfa801589f959faf817ce0e181d830a96c05af21789e0ef7a018da25e6a",
        "what guardians vote on must not change"
    );
}

#[test]
fn a_guardians_proof_is_its_own_seal() {
    let (definition, by_bob) = (definition(), emergency(BOB, &[0], Severity::Normal));
    let sealed = Raised { emergency: by_bob.clone(), proof: Proof::Sealed };
    assert_eq!(sealed.check_proof(&definition, BOB), Ok(()));
    assert_eq!(sealed.check_proof(&definition, CAROL), Err(Refusal::ForgedAuthority));
    let logged = Raised { emergency: by_bob.clone(), proof: Proof::Logged };
    assert_eq!(logged.check_proof(&definition, BOB), Err(Refusal::ForgedAuthority));
    let signed = Raised { emergency: by_bob, proof: Proof::Signature(AccountSignature([1; 65])) };
    assert_eq!(signed.check_proof(&definition, BOB), Err(Refusal::ForgedAuthority));
}

#[test]
fn an_accounts_proof_is_of_one_network_on_one_chain() {
    let definition = with_contracts(definition());
    let elsewhere = {
        let mut other = definition.clone();
        other.name = "another".to_owned();
        other
    };
    let raiser = Raiser::Account { proposer: Address([0xda; 20]) };
    let asked = Emergency { raiser, ..emergency(BOB, &[0], Severity::Normal) };
    assert_ne!(asked.typed_digest(&definition), asked.typed_digest(&elsewhere));
    let mut chain = definition.clone();
    chain.contracts.as_mut().unwrap().chain_id = 17;
    assert_ne!(asked.typed_digest(&definition), asked.typed_digest(&chain));
}
