//! What guardians say to each other about their logs, over the channel that ceremonies use too. Canonical borsh behind a tag
//! that no ceremony's question begins with.

use borsh::{BorshDeserialize, BorshSerialize};

/// First byte of everything here.
const TAG: u8 = b'L';

/// Most hashes of a proof.
const MAX_PROOF: usize = feed::tree::MAX_PROOF;

/// Most bytes of a note with the log's own signature only.
const MAX_NOTE: usize = 1_024;

/// Whether a request is for the press, and not for a ceremony.
pub fn is_for_press(request: &[u8]) -> bool {
    request.first() == Some(&TAG)
}

/// My log goes so far: cosign it. As C2SP `tlog-witness`.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) struct Offer {
    /// The checkpoint, signed by the log.
    pub(super) note: Vec<u8>,
    /// What binds the log's key to me.
    pub(super) binding: Vec<u8>,
    /// The size that you are thought to have cosigned last.
    pub(super) old_size: u64,
    /// Proof that the log extends that.
    pub(super) proof: Vec<[u8; 32]>,
}

/// What the witness says to it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(super) enum Answer {
    /// The signature line, and what binds the witness's key to it.
    Cosigned {
        /// `— name base64`.
        line: String,
        /// The witness's binding.
        binding: Vec<u8>,
    },
    /// Why not, a stable code; and the note it cosigned last, if there is one: a claim about what was cosigned is only
    /// worth what the log itself signed.
    Refused {
        /// Such as `conflict`: the proof must begin at the size of `kept`.
        code: String,
        /// As the log signed it.
        kept: Option<Vec<u8>>,
    },
}

impl Offer {
    pub(super) fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let offer: Self = decode(bytes)?;
        (offer.proof.len() <= MAX_PROOF && offer.note.len() <= MAX_NOTE).then_some(offer)
    }
}

impl Answer {
    pub(super) fn encode(&self) -> Vec<u8> {
        encode(self)
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        decode(bytes)
    }
}

fn encode(value: &impl BorshSerialize) -> Vec<u8> {
    // Nothing here comes near the u32 length that borsh allows.
    borsh::to_vec(&(TAG, value)).unwrap_or_default()
}

fn decode<T: BorshDeserialize>(bytes: &[u8]) -> Option<T> {
    let (tag, value) = borsh::from_slice::<(u8, T)>(bytes).ok()?;
    (tag == TAG).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_and_answers_are_read_as_written_and_bounded() {
        let offer = Offer { note: vec![1; 9], binding: vec![2], old_size: 3, proof: vec![[4; 32]] };
        let bytes = offer.encode();
        assert!(is_for_press(&bytes) && !is_for_press(&[1]) && !is_for_press(&[]));
        assert_eq!(Offer::decode(&bytes), Some(offer.clone()));
        assert_eq!(Offer::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Offer::decode(&[bytes.as_slice(), &[0]].concat()), None);
        let long = Offer { proof: vec![[0; 32]; MAX_PROOF + 1], ..offer.clone() };
        assert_eq!(Offer::decode(&long.encode()), None);
        let long = Offer { note: vec![0; MAX_NOTE + 1], ..offer };
        assert_eq!(Offer::decode(&long.encode()), None);
        for answer in [
            Answer::Cosigned { line: "— a b\n".into(), binding: vec![1] },
            Answer::Refused { code: "older_life".into(), kept: None },
            Answer::Refused { code: "conflict".into(), kept: Some(vec![7]) },
        ] {
            assert_eq!(Answer::decode(&answer.encode()), Some(answer));
        }
    }
}
