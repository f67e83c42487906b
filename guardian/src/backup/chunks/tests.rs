use super::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

const HEADER: HeaderHash = [7; 32];

fn key() -> DataKey {
    DataKey::generate(&mut StdRng::seed_from_u64(1))
}

/// What was written, sealed: one vector for each chunk with its length.
fn sealed(text: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut sealer = Sealer::new(&mut out, key(), HEADER);
    sealer.write_all(text).unwrap();
    let written = sealer.finish().unwrap();
    assert_eq!(written, out.len() as u64);
    let mut chunks = Vec::new();
    let mut rest = &out[..];
    while let Some((length, _)) = rest.split_first_chunk::<4>() {
        let (chunk, more) = rest.split_at(4 + u32::from_be_bytes(*length) as usize);
        chunks.push(chunk.to_vec());
        rest = more;
    }
    chunks
}

fn open(bytes: &[u8], header: HeaderHash) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let opened = Opener::new(bytes, key(), header).and_then(|mut opener| opener.read_to_end(&mut text));
    opened.map(|_| text).map_err(|e| {
        assert_eq!(e.kind(), io::ErrorKind::InvalidData, "{e}");
        e.to_string()
    })
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|at| at as u8).collect()
}

#[test]
fn what_was_written_comes_back_at_every_length() {
    for (length, chunks) in [(0, 1), (1, 1), (CHUNK - 1, 1), (CHUNK, 1), (CHUNK + 1, 2), (3 * CHUNK, 3)] {
        let sealed = sealed(&text(length));
        assert_eq!(sealed.len(), chunks, "{length}");
        assert!(open(&sealed.concat(), HEADER).unwrap() == text(length), "{length}");
    }
}

#[test]
fn chunks_cannot_be_left_out_exchanged_repeated_or_added() {
    let chunks = sealed(&text(3 * CHUNK));
    let of = |places: &[usize]| places.iter().flat_map(|at| chunks[*at].clone()).collect::<Vec<u8>>();
    assert!(open(&of(&[0, 1, 2]), HEADER).is_ok());
    let cases: [(&[usize], &str); 8] = [
        (&[], "its end is missing, 0 chunks are there"),
        (&[0], "its end is missing, 1 chunks are there"),
        (&[0, 1], "its end is missing, 2 chunks are there"),
        (&[1, 0, 2], "chunk 0 does not open"),
        (&[0, 2], "chunk 1 does not open"),
        (&[0, 0, 1, 2], "chunk 1 does not open"),
        (&[0, 1, 2, 2], "has something after its end"),
        (&[2], "chunk 0 does not open"),
    ];
    for (places, expected) in cases {
        let refused = open(&of(places), HEADER).unwrap_err();
        assert!(refused.contains(expected), "{places:?}: {refused}");
    }
    assert!(open(&of(&[0, 1, 2]), [8; 32]).unwrap_err().contains("chunk 0 does not open"), "another header");
}

#[test]
fn every_cut_and_every_flipped_bit_is_found() {
    let whole = sealed(&text(300)).concat();
    for length in 0..whole.len() {
        assert!(open(&whole[..length], HEADER).is_err(), "cut at {length}");
    }
    for bit in 0..8 * whole.len() {
        let mut altered = whole.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&altered, HEADER).is_err(), "bit {bit}");
    }
}
