//! Boards: what members sealed in each ceremony, for whoever asks, and where we stand in others' boards.

use super::channel::{Bookmark, MAX_BOARDS, MAX_PAGE, Page};
use guardian_core::ceremony::CeremonyId;
use guardian_core::message::Envelope;
use p2p::PeerId;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Most envelopes on one board: a hundred members that each hold a hundred dealings, and the rest.
const MAX_ENVELOPES: usize = 12_000;

/// Most bytes on one board.
const MAX_BYTES: usize = 32 << 20;

/// One ceremony's envelopes in the order in which they came to be known here.
#[derive(Default)]
struct Board {
    envelopes: Vec<Envelope>,
    known: BTreeSet<[u8; 32]>,
    bytes: usize,
}

/// All boards.
pub(super) struct Boards {
    boards: BTreeMap<CeremonyId, Board>,
    edition: u64,
    /// Pages handed out: whose turn it is to come first.
    turn: usize,
    bookmarks: BTreeMap<(PeerId, CeremonyId), Bookmark>,
    /// What was handed to the core already.
    seen: BTreeSet<[u8; 32]>,
}

fn digest(envelope: &[u8]) -> [u8; 32] {
    Sha256::digest(envelope).into()
}

impl Boards {
    /// Empty boards. `edition` tells this start of the program from others.
    pub(super) fn new(edition: u64) -> Self {
        Self { boards: BTreeMap::new(), edition, turn: 0, bookmarks: BTreeMap::new(), seen: BTreeSet::new() }
    }

    /// Puts envelopes on a board that are not there yet.
    pub(super) fn post<'a>(
        &mut self,
        ceremony: CeremonyId,
        envelopes: impl IntoIterator<Item = &'a Envelope>,
    ) {
        let board = self.boards.entry(ceremony).or_default();
        for envelope in envelopes {
            let full = board.envelopes.len() >= MAX_ENVELOPES || board.bytes >= MAX_BYTES;
            if !full && board.known.insert(digest(&envelope.0)) {
                board.bytes = board.bytes.saturating_add(envelope.0.len());
                board.envelopes.push(envelope.clone());
            }
        }
    }

    pub(super) fn forget(&mut self, ceremony: &CeremonyId) {
        self.boards.remove(ceremony);
        self.bookmarks.retain(|(_, of), _| of != ceremony);
    }

    /// Pages for a reader: of each board that `may_read`, what is beyond its bookmark, as much as one answer carries.
    pub(super) fn pages(
        &mut self,
        bookmarks: &[Bookmark],
        may_read: impl Fn(&CeremonyId) -> bool,
    ) -> Vec<Page> {
        self.turn = self.turn.wrapping_add(1);
        let mut room = MAX_PAGE;
        let mut pages = Vec::new();
        let from_of = |ceremony: &CeremonyId| {
            let of =
                |bookmark: &&Bookmark| bookmark.ceremony == *ceremony && bookmark.edition == self.edition;
            bookmarks.iter().find(of).map_or(0, |bookmark| bookmark.read)
        };
        let start_of = |ceremony: &CeremonyId| usize::try_from(from_of(ceremony)).unwrap_or(usize::MAX);
        let mut open: Vec<_> = self
            .boards
            .iter()
            .filter(|(ceremony, board)| may_read(ceremony) && start_of(ceremony) < board.envelopes.len())
            .collect();
        // Another board first each time: a long one must not keep the others from being read.
        if let Some(turn) = self.turn.checked_rem(open.len()) {
            open.rotate_left(turn);
        }
        for (ceremony, board) in open.into_iter().take(MAX_BOARDS) {
            let (from, start) = (from_of(ceremony), start_of(ceremony));
            let mut envelopes = Vec::new();
            for envelope in board.envelopes.iter().skip(start) {
                // The first envelope always fits: it is bounded by the statement's size.
                let size = envelope.0.len().saturating_add(64);
                if size > room {
                    break;
                }
                room = room.saturating_sub(size);
                envelopes.push(envelope.0.clone());
            }
            if !envelopes.is_empty() {
                pages.push(Page { ceremony: *ceremony, edition: self.edition, from, envelopes });
            }
        }
        pages
    }

    /// Where we stand in a writer's boards.
    pub(super) fn bookmarks(&self, writer: &PeerId) -> Vec<Bookmark> {
        let of = self.bookmarks.iter().filter(|((peer, _), _)| peer == writer);
        of.map(|(_, bookmark)| *bookmark).take(MAX_BOARDS).collect()
    }

    /// Takes a page that a writer sent: moves the bookmark and says which envelopes are new here.
    pub(super) fn turn(&mut self, writer: PeerId, page: Page) -> Vec<Envelope> {
        let key = (writer, page.ceremony);
        let read = u32::try_from(page.envelopes.len()).unwrap_or(u32::MAX);
        if self.bookmarks.len() >= 4_096 && !self.bookmarks.contains_key(&key) {
            // Whoever makes up ceremonies moves no bookmark: its pages come again and lead nowhere.
            return Vec::new();
        }
        let bookmark =
            Bookmark { ceremony: page.ceremony, edition: page.edition, read: page.from.saturating_add(read) };
        self.bookmarks.insert(key, bookmark);
        if self.seen.len() > 8 * MAX_ENVELOPES {
            // Seen again, it is ignored by the core: this only saves work.
            self.seen.clear();
        }
        let fresh = page.envelopes.into_iter().filter(|bytes| self.seen.insert(digest(bytes)));
        fresh.map(Envelope).collect()
    }

    /// An envelope that the core did not take may be of use later: it comes again with the next reading.
    pub(super) fn read_again(&mut self, ceremony: &CeremonyId) {
        self.bookmarks.retain(|(_, of), _| of != ceremony);
        self.seen.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(size: usize, byte: u8) -> Envelope {
        Envelope(vec![byte; size])
    }

    #[test]
    fn a_reader_gets_everything_once_in_pages_and_again_from_a_new_edition() {
        let id = CeremonyId([1; 32]);
        let peer = PeerId::random();
        let mut writer = Boards::new(1);
        let all: Vec<_> = (0..9).map(|byte| envelope(50 * 1024, byte)).collect();
        writer.post(id, &all);
        writer.post(id, &all);
        let mut reader = Boards::new(7);
        let mut got = Vec::new();
        for _ in 0..10 {
            for page in writer.pages(&reader.bookmarks(&peer), |_| true) {
                got.extend(reader.turn(peer, page));
            }
        }
        assert_eq!(got, all);
        let mut again = Boards::new(2);
        again.post(id, &all[..2]);
        let pages = again.pages(&reader.bookmarks(&peer), |_| true);
        assert_eq!(pages[0].from, 0, "another edition is read from its beginning");
        assert!(writer.pages(&[], |_| false).is_empty(), "who is not in it reads nothing");
    }
}
