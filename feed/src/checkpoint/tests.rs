use super::*;
use crate::scene::{definition, feed_key, group_key, group_signature};

fn checkpoint() -> Checkpoint {
    let origin = Origin { network: NetworkId([0xab; 32]), guardian: GuardianIndex(3), life: Slot(0) };
    Checkpoint { origin, size: 20_852_163, root: [0x5a; 32] }
}

/// Format and key ids by the specification; signatures made again with another library's code from the seed.
#[test]
fn the_bytes_are_these() {
    let name = format!("guardian-network/{}/3", "ab".repeat(32));
    let body = format!("{name}/0\n20852163\nWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=\n");
    assert_eq!(checkpoint().body(), body);
    let note = String::from_utf8(sign(&checkpoint(), &feed_key(3))).unwrap();
    let (text, line) = note.split_once("\n\n").unwrap();
    assert_eq!(format!("{text}\n"), body);
    let line = line.strip_prefix(&format!("— {name}/0 ")).unwrap().strip_suffix('\n').unwrap();
    let bytes = base64_text::decode(line).unwrap();
    assert_eq!(bytes.len(), 4 + 64);
    let id = Sha256::new()
        .chain_update(format!("{name}/0\n\u{1}"))
        .chain_update(feed_key(3).public().0)
        .finalize();
    assert_eq!(bytes[..4], id[..4]);
    assert!(feed_key(3).public().verifies(body.as_bytes(), bytes[4..].try_into().unwrap()));
}

#[test]
fn a_cosignature_is_one_of_the_specification() {
    let name = format!("guardian-network/{}/2", "ab".repeat(32));
    let line = cosign(&checkpoint(), &feed_key(2), GuardianIndex(2), 1_679_315_147);
    let line = line.strip_prefix(&format!("— {name} ")).unwrap().strip_suffix('\n').unwrap();
    let bytes = base64_text::decode(line).unwrap();
    let id =
        Sha256::new().chain_update(format!("{name}\n\u{4}")).chain_update(feed_key(2).public().0).finalize();
    assert_eq!(bytes[..4], id[..4]);
    assert_eq!(bytes[4..12], 1_679_315_147u64.to_be_bytes());
    let message = format!("cosignature/v1\ntime 1679315147\n{}", checkpoint().body());
    assert!(feed_key(2).public().verifies(message.as_bytes(), bytes[12..].try_into().unwrap()));
}

#[test]
fn the_networks_line_is_this() {
    let name = format!("guardian-network/{}/group", "ab".repeat(32));
    let signature = group_signature(checkpoint_digest(&checkpoint()));
    let line = group_line(&checkpoint(), Slot(77), &group_key(), &signature);
    let line = line.strip_prefix(&format!("— {name} ")).unwrap().strip_suffix('\n').unwrap();
    let bytes = base64_text::decode(line).unwrap();
    let id = Sha256::new()
        .chain_update(format!("{name}\n"))
        .chain_update([0xff])
        .chain_update("guardian-network group signature v1")
        .chain_update(group_key().to_bytes())
        .finalize();
    assert_eq!(bytes[..4], id[..4]);
    assert_eq!(bytes[4..12], 77u64.to_be_bytes());
    assert_eq!(bytes[12..], signature.to_bytes());
}

/// Every field is covered, each by its own bytes.
#[test]
fn what_the_network_signs_is_this() {
    let digest = |bytes: &[u8]| -> [u8; 32] { Sha256::digest(bytes).into() };
    let written = [
        b"guardian/checkpoint-signature/v1".as_slice(),
        &[0xab; 32],
        &[3, 0],
        &[0; 8],
        &20_852_163u64.to_le_bytes(),
        &[0x5a; 32],
    ]
    .concat();
    assert_eq!(checkpoint_digest(&checkpoint()), digest(&written));
    let mut changed = [checkpoint(); 5];
    changed[0].origin.network = definition().id();
    changed[1].origin.guardian = GuardianIndex(4);
    changed[2].origin.life = Slot(1);
    changed[3].size += 1;
    changed[4].root[31] ^= 1;
    for changed in changed {
        assert_ne!(checkpoint_digest(&changed), checkpoint_digest(&checkpoint()));
    }
}

#[test]
fn a_body_has_one_form() {
    let body = checkpoint().body();
    assert_eq!(Checkpoint::parse(&body), Ok(checkpoint()));
    let wrong = [
        String::new(),
        body.replace("20852163", "020852163"),
        body.replace("20852163", "-1"),
        body.replace("Wlo=\n", "Wlp=\n"),
        body.replace("Wlo=\n", "\n"),
        body.replace("Wlo=\n", "Wlo=\nextension\n"),
        body.replace("Wlo=\n", "Wlo="),
        body.replace("guardian-network", "example.com"),
        format!("{body}\n"),
        body.replace('\n', "\r\n"),
    ];
    for wrong in wrong {
        assert!(Checkpoint::parse(&wrong).is_err(), "{wrong}");
    }
}

/// The text form of keys is read by the library that verifies notes of others.
#[test]
fn keys_have_the_text_form_of_the_specification() {
    let text = verifier_key(&checkpoint().origin, &feed_key(3).public());
    let verifier = signed_note::StandardVerifier::new(&text).unwrap();
    let list = signed_note::VerifierList::new(vec![Box::new(verifier)]);
    let note = signed_note::Note::from_bytes(&sign(&checkpoint(), &feed_key(3))).unwrap();
    assert_eq!(note.verify(&list).unwrap().0.len(), 1);
    let witness = witness_verifier_key(NetworkId([0xab; 32]), GuardianIndex(2), &feed_key(2).public());
    assert!(
        witness.starts_with(&format!("guardian-network/{}/2+", "ab".repeat(32))) && witness.contains("+B")
    );
}
