use super::*;
use crypto::execution::{
    Address, Block, BlockHash, BlockNumber, ModuleName, RegistrationId, TransactionHash,
};
use crypto::exit::VoluntaryExit;
use crypto::keys::KeySetId;
use crypto::registration::Verdict;
use crypto::spec::{BlsPubkey, Checkpoint, Epoch, Root, Slot, ValidatorIndex};
use guardian_core::event::Liveness;
use guardian_core::guardian_set::{GuardianIndex, GuardianSetEpoch};
use guardian_core::message::{Decision, Envelope, Vote};
use guardian_core::proposal::{ExitProposal, Origin, State};
use guardian_core::registration::{JudgedEvent, JudgedLog, Registered, ScanReport};

/// A chain of these records.
pub(crate) fn chain(records: &[Record]) -> Vec<Linked> {
    let mut head = JournalHead::default();
    let link = |(number, record): (u64, &Record)| {
        let bytes = record.encode();
        head = head.follow(&bytes);
        Linked { number, bytes, link: head.link }
    };
    (0..).zip(records).map(link).collect()
}

pub(crate) fn pubkey(index: u64) -> BlsPubkey {
    BlsPubkey([u8::try_from(index).unwrap(); 48])
}

pub(crate) fn proposal(index: u64, origin: Origin) -> ExitProposal {
    ExitProposal {
        guardian_set_epoch: GuardianSetEpoch(0),
        pubkey: pubkey(index),
        key_set: KeySetId([1; 32]),
        exit: VoluntaryExit { epoch: origin.due(), validator_index: ValidatorIndex(index) },
        origin,
        opened: Slot(320),
        expires: Slot(352),
    }
}

/// The record of a proposal that became known when it opened.
pub(crate) fn proposed(proposal: ExitProposal) -> Record {
    Record::Proposed { at: proposal.opened, proposal }
}

pub(crate) fn offline() -> Origin {
    Origin::Offline { dark_from: Epoch(5), dark_to: Epoch(7) }
}

pub(crate) fn liveness(epoch: u64, live: &[u64], dark: &[u64]) -> Record {
    let indices = |list: &[u64]| list.iter().copied().map(ValidatorIndex).collect();
    Record::Liveness(Liveness { epoch: Epoch(epoch), live: indices(live), dark: indices(dark) })
}

pub(crate) fn finalized(epoch: u64) -> Record {
    Record::Finalized(Checkpoint { epoch: Epoch(epoch), root: Root([6; 32]) })
}

fn scanned(index: u64) -> Record {
    let registered = Registered {
        id: RegistrationId { module: ModuleName([3; 32]), index },
        operator: Address([9; 20]),
        pubkey: Some(pubkey(index)),
        key_set: None,
        transaction: TransactionHash([4; 32]),
        verdict: Verdict::Accepted,
    };
    let event = JudgedEvent::Registered(registered);
    let logs = vec![JudgedLog { block: BlockNumber(5), index: 0, timestamp: 9, event }];
    let to = Block { number: BlockNumber(6), hash: BlockHash([5; 32]), timestamp: 10 };
    Record::Scanned(ScanReport { from: BlockNumber(1), to, logs })
}

/// The story of validator 3, among those of others. With the numbers that belong to it.
pub(crate) fn story() -> (Vec<Record>, ExitProposal, Vec<u64>) {
    let ours = proposal(3, offline());
    let id = ours.id();
    let other = proposal(4, offline());
    let vote = Vote { proposal: id, revision: 0, decision: Decision::Approve };
    let at = Slot(322);
    let told: Vec<(bool, Record)> = vec![
        (true, scanned(3)),
        (false, scanned(4)),
        // Before the darkness, then the last epoch it attested in.
        (false, liveness(2, &[3, 4], &[])),
        (true, liveness(4, &[3], &[])),
        (true, liveness(5, &[], &[3, 4])),
        (false, liveness(6, &[], &[4])),
        (false, finalized(6)),
        (true, liveness(7, &[8], &[3])),
        (true, finalized(7)),
        (true, Record::NotFinalizing(Epoch(8))),
        (true, proposed(ours.clone())),
        (false, proposed(other.clone())),
        (true, Record::VoteCast(vote.clone())),
        // After the first vote facts about the chain are no part of it any more.
        (false, liveness(9, &[], &[3])),
        (false, finalized(9)),
        (false, Record::Released { proposal: other.id(), at }),
        (
            true,
            Record::VoteSeen {
                from: GuardianIndex(2),
                vote: Vote { revision: 1, ..vote },
                envelope: Envelope(vec![0xab, 0xcd]),
                at: Slot(322),
            },
        ),
        (true, Record::Moved { proposal: id, to: State::Expired, at: Slot(352) }),
    ];
    let numbers = (0..).zip(&told).filter(|(_, (is_ours, _))| *is_ours).map(|(number, _)| number).collect();
    (told.into_iter().map(|(_, record)| record).collect(), ours, numbers)
}

pub(crate) fn about(records: &[Linked], question: &Question) -> Result<Audit, Error> {
    ask(|| Ok(records.iter().cloned().map(Ok)), None, question)
}

fn numbers(audit: &Audit) -> Vec<u64> {
    audit.entries.iter().map(|entry| entry.number).collect()
}

#[test]
fn any_alteration_of_a_chain_is_found_where_it_is() {
    let records = chain(&story().0);
    let head = verify(records.clone()).unwrap();
    assert_eq!(head.length, 18);
    assert_eq!(head.link, records[17].link);
    assert_eq!(verify(Vec::new()).unwrap(), JournalHead::default());

    let broken = |change: &dyn Fn(&mut Vec<Linked>)| {
        let mut altered = records.clone();
        change(&mut altered);
        verify(altered).unwrap_err().at
    };
    for number in [0, 3, 17] {
        let place = usize::try_from(number).unwrap();
        for byte in 0..records[place].bytes.len() {
            assert_eq!(broken(&|all| all[place].bytes[byte] ^= 0x10), number, "byte {byte} of {number}");
        }
        for byte in 0..32 {
            assert_eq!(broken(&|all| all[place].link[byte] ^= 1), number);
        }
        assert_eq!(broken(&|all| all[place].number += 1), number);
    }
    assert_eq!(broken(&|all| all.swap(4, 5)), 4);
    assert_eq!(broken(&|all| drop(all.remove(4))), 4);
    assert_eq!(broken(&|all| all.insert(4, records[3].clone())), 4);
    // Whole records with their links, renumbered: the links know their place.
    let renumber = |all: &mut Vec<Linked>| (0..).zip(all).for_each(|(number, one)| one.number = number);
    assert_eq!(
        broken(&|all| {
            all.remove(4);
            renumber(all);
        }),
        4
    );
    // A shorter chain holds by itself: the head tells.
    let shorter = verify(records[..9].to_vec()).unwrap();
    assert_ne!(shorter, head);
}

#[test]
fn the_story_of_a_proposal_is_told_whole_and_nothing_else() {
    let (records, ours, expected) = story();
    let records = chain(&records);
    for text in [ours.id().to_string(), ours.id().to_string()[..12].to_owned()] {
        let question = Question { proposal: Some(text.parse().unwrap()), ..Question::default() };
        let audit = about(&records, &question).unwrap();
        assert_eq!(numbers(&audit), expected);
        assert_eq!(audit.proposals, [ours.id()]);
        assert_eq!((audit.broken, audit.more_from), (None, None));
    }
    let question = Question {
        proposal: Some(ours.id().to_string().parse().unwrap()),
        from: Some(5),
        to: Some(12),
        ..Question::default()
    };
    let within: Vec<u64> = expected.into_iter().filter(|number| (5..=12).contains(number)).collect();
    assert_eq!(numbers(&about(&records, &question).unwrap()), within);
}

#[test]
fn of_a_validator_everything_is_told() {
    let (records, _, mut expected) = story();
    let records = chain(&records);
    expected.extend([2, 13]);
    expected.sort_unstable();
    for name in ["3".to_owned(), pubkey(3).to_string()] {
        let question = Question { validator: Some(name.parse().unwrap()), ..Question::default() };
        assert_eq!(numbers(&about(&records, &question).unwrap()), expected, "{name}");
    }
    let nobody = Question { validator: Some("77".parse().unwrap()), ..Question::default() };
    assert_eq!(numbers(&about(&records, &nobody).unwrap()), Vec::<u64>::new());
}

#[test]
fn without_a_name_the_range_is_told_and_without_anything_nothing() {
    let records = chain(&story().0);
    let question = Question { from: Some(16), ..Question::default() };
    assert_eq!(numbers(&about(&records, &question).unwrap()), [16, 17]);
    let audit = about(&records, &Question::default()).unwrap();
    assert_eq!((audit.head.length, audit.entries.len()), (18, 0));
}

#[test]
fn long_answers_are_cut_and_say_where_to_go_on() {
    let records: Vec<Record> = (0..10_050).map(finalized).collect();
    let records = chain(&records);
    let all = Question { from: Some(20), ..Question::default() };
    let audit = about(&records, &all).unwrap();
    assert_eq!((audit.entries.len(), audit.more_from), (MAX_ENTRIES, Some(10_020)));
    let rest = Question { from: audit.more_from, ..Question::default() };
    let audit = about(&records, &rest).unwrap();
    assert_eq!((audit.entries.len(), audit.more_from), (30, None));
}

#[test]
fn a_chain_that_breaks_is_told_and_nothing_from_it() {
    let (records, ours, _) = story();
    let mut records = chain(&records);
    let whole = verify(records.clone()).unwrap();
    let question = Question { proposal: Some(ours.id().to_string().parse().unwrap()), ..Question::default() };
    let acknowledged = |records: &[Linked], head| {
        ask(|| Ok(records.iter().cloned().map(Ok)), Some(head), &question).unwrap()
    };
    assert_eq!(acknowledged(&records, whole).broken, None);
    let shorter = acknowledged(&records[..16], whole);
    assert_eq!(shorter.broken.map(|found| found.at), Some(15));
    assert!(shorter.entries.is_empty());

    records[11].bytes[5] ^= 1;
    let audit = about(&records, &question).unwrap();
    let found = audit.broken.unwrap();
    assert_eq!((found.at, audit.head.length), (11, 11));
    assert!(audit.entries.is_empty());

    // A source that cannot read a record breaks there; one that fails otherwise is an error.
    let failing = |error: fn() -> Error| {
        let good = records[..3].to_vec();
        ask(
            move || Ok(good.clone().into_iter().map(Ok).chain(std::iter::once_with(move || Err(error())))),
            None,
            &question,
        )
    };
    let audit =
        failing(|| Error::StoreDamaged { path: "x".into(), problem: "record 3 is missing".into() }).unwrap();
    assert_eq!(audit.broken, Some(Break { at: 3, problem: "record 3 is missing".into() }));
    failing(|| Error::StoreLocked { path: "x".into() }).unwrap_err();
}

#[test]
fn records_of_unknown_kind_are_part_of_the_chain() {
    let mut records = chain(&[finalized(1)]);
    let strange = vec![0xff, 1, 2];
    let head = verify(records.clone()).unwrap().follow(&strange);
    records.push(Linked { number: 1, bytes: strange, link: head.link });
    let audit = about(&records, &Question { from: Some(0), ..Question::default() }).unwrap();
    assert_eq!(audit.head, head);
    assert_eq!(audit.entries[1].kind, "unknown");
    assert_eq!(audit.entries[1].record["bytes"], "ff0102");
}
