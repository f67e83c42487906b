//! Backups that are none, or none any more: each refused with what it is, and nothing written.

use super::*;

struct Altered {
    home: Home,
    whole: Vec<u8>,
}

impl Altered {
    fn new() -> Self {
        let home = Home::new();
        home.make("b", false).unwrap();
        let whole = std::fs::read(home.at("b")).unwrap();
        Self { home, whole }
    }

    fn refused(&self, bytes: &[u8]) -> String {
        std::fs::write(self.home.at("b"), bytes).unwrap();
        let path = self.home.at("b");
        let refused = check(&path, &password(), &quiet).expect_err("must be refused").to_string();
        let restored = self.home.restore("b", "new", unix_now()).expect_err("must be refused");
        assert_eq!(restored.to_string(), refused);
        assert!(self.home.others().is_empty(), "{:?}", self.home.others());
        refused
    }
}

#[test]
fn what_is_cut_off_is_refused_wherever_it_is_cut() {
    let altered = Altered::new();
    let length = altered.whole.len();
    for (at, expected) in [
        (0, "is no backup of a guardian"),
        (7, "is no backup of a guardian"),
        (12, "is cut off in its header"),
        (100, "is cut off in its header"),
        (length - 1, "is cut off: its end is missing"),
        (length - 40, "is cut off"),
        (length / 2, "is cut off: its end is missing"),
    ] {
        let refused = altered.refused(&altered.whole[..at]);
        assert!(refused.contains(expected), "cut at {at}: {refused}");
    }
    let mut longer = altered.whole.clone();
    longer.extend_from_slice(&[0, 0, 0, 29]);
    longer.extend_from_slice(&[0; 29]);
    assert!(altered.refused(&longer).contains("has something after its end"));
}

#[test]
fn a_flipped_bit_is_refused_wherever_it_is() {
    let altered = Altered::new();
    let step = altered.whole.len() / 60;
    for at in (0..40).chain((40..altered.whole.len()).step_by(step)) {
        let mut bytes = altered.whole.clone();
        bytes[at] ^= 0x10;
        altered.refused(&bytes);
    }
    // In the header, where nothing but the binding of the chunks tells.
    let name = altered.whole.windows(7).position(|window| window == b"testnet").unwrap();
    let mut bytes = altered.whole.clone();
    bytes[name] = b'b';
    assert!(altered.refused(&bytes).contains("chunk 0 does not open"));
}

#[test]
fn foreign_files_future_versions_and_wrong_passwords_are_told_apart() {
    let altered = Altered::new();
    let refused = altered.refused(b"PK\x03\x04 an archive of something else altogether");
    assert!(refused.contains("give the file that `guardian backup --to` wrote"), "{refused}");
    let mut future = altered.whole.clone();
    future[9] = 2;
    let refused = altered.refused(&future);
    assert!(refused.contains("has version 2, this program reads 1; run the newer program"), "{refused}");

    std::fs::write(altered.home.at("b"), &altered.whole).unwrap();
    let (from, to) = (altered.home.at("b"), altered.home.at("new"));
    let wrong = Password::new("wrong");
    let order = Restoring { from: &from, to: &to, password: &wrong, password_file: None, now: unix_now() };
    for refused in [check(&from, &wrong, &quiet).unwrap_err(), restore(&order, &quiet).unwrap_err()] {
        assert!(matches!(refused, Error::WrongPassword { .. }), "{refused}");
    }
    assert!(altered.home.others().is_empty());
}

/// Written today, it must be read by every later version.
#[test]
fn the_beginning_is_golden() {
    let altered = Altered::new();
    assert_eq!(hex::encode(&altered.whole[..12]), format!("{}00010000", hex::encode("GRDNBKUP")));
    let length = u32::from_be_bytes(altered.whole[10..14].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&altered.whole[14..14 + length]).unwrap();
    let fields: Vec<_> = header.as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, ["created", "guardian", "network", "network_id", "program", "wrapped_key"]);
    let item = |item: &Item| hex::encode(borsh::to_vec(item).unwrap());
    assert_eq!(item(&Item::File { path: "a".into() }), "000100000061");
    assert_eq!(item(&Item::Bytes(vec![5])), "010100000005");
    let store = Item::Store { directory: "data".into(), definition: "n".into() };
    assert_eq!(item(&store), "020400000064617461010000006e");
    assert_eq!(item(&Item::Piece(crate::store::Piece::End)), "0304");
    let record = crate::store::Piece::Record { link: [1; 32], bytes: vec![9] };
    assert_eq!(item(&Item::Piece(record)), format!("0303{}0100000009", "01".repeat(32)));
    assert_eq!(item(&Item::End { files: 1, stores: 2 }), "0401000000000000000200000000000000");
}
