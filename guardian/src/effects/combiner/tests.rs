use super::combined;
use crypto::keys::{PublicKey, SecretKey, SecretKeyShare};
use crypto::partial::{SignatureShare, verify};
use crypto::spec::Root;
use crypto::threshold::Threshold;
use guardian_core::Event;
use guardian_core::command::CombineOrder;
use guardian_core::proposal::ProposalId;

fn order(number: u8, spoil: &[usize]) -> (CombineOrder, Vec<SecretKeyShare>) {
    let (key_set, shares) =
        SecretKey::generate(&mut rand::rng()).split(Threshold::new(3, 4).unwrap(), &mut rand::rng());
    let signing_root = Root([number; 32]);
    let partials = shares
        .iter()
        .enumerate()
        .map(|(place, share)| {
            let root = if spoil.contains(&place) { Root([0xff; 32]) } else { signing_root };
            (share.index(), share.sign(root).signature)
        })
        .collect::<Vec<(_, SignatureShare)>>();
    (CombineOrder { proposal: ProposalId([number; 32]), key_set, signing_root, partials }, shares)
}

#[test]
fn each_order_of_a_batch_gets_its_own_answer() {
    let (good, _) = order(1, &[]);
    let (one_false, shares) = order(2, &[0]);
    let (too_many_false, _) = order(3, &[1, 3]);
    let orders = [good, one_false, too_many_false];
    let events = combined(&orders);
    assert_eq!(events.len(), 3);

    let Event::ExitCombined { proposal, signature, culprits } = &events[0] else { panic!("{:?}", events[0]) };
    assert_eq!((*proposal, culprits.len()), (orders[0].proposal, 0));
    let key = PublicKey::try_from(orders[0].key_set.public_key()).unwrap();
    assert!(verify(&key, orders[0].signing_root, signature));

    let Event::ExitCombined { proposal, culprits, .. } = &events[1] else { panic!("{:?}", events[1]) };
    assert_eq!((*proposal, culprits.as_slice()), (orders[1].proposal, &[shares[0].index()][..]));

    let Event::CombineFailed { proposal, culprits } = &events[2] else { panic!("{:?}", events[2]) };
    assert_eq!((*proposal, culprits.len()), (orders[2].proposal, 2));
}
