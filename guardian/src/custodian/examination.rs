//! What one registration shows by itself: whether it is sound, and whether our envelope holds our share. Cryptography
//! only, spread over the processor's cores.

use crate::Error;
use crypto::Error as CryptoError;
use crypto::custody::{CustodyEnvelope, CustodySecretKey, open};
use crypto::execution::Registration;
use crypto::keys::SecretKeyShare;
use crypto::registration::{Sound, Verdict, check};
use crypto::spec::ForkVersion;
use crypto::threshold::{ShareIndex, Threshold};
use guardian_core::guardian_set::GuardianIndex;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

/// What came of one registration, before it is compared with others.
pub(super) struct Examined {
    /// What public data says.
    pub(super) sound: Result<Sound, Verdict>,
    /// Our share; looked for only in a sound one, whose verdict stands here too otherwise.
    pub(super) share: Result<SecretKeyShare, Verdict>,
}

/// Opens our envelopes.
pub(super) struct Examiner {
    key: Arc<CustodySecretKey>,
    index: ShareIndex,
    threshold: Threshold,
    genesis: ForkVersion,
}

impl Examiner {
    pub(super) fn new(
        key: Arc<CustodySecretKey>,
        me: GuardianIndex,
        threshold: Threshold,
        genesis: ForkVersion,
    ) -> Result<Self, Error> {
        Ok(Self { key, index: ShareIndex::new(me.0)?, threshold, genesis })
    }

    /// Examines all, in their order.
    pub(super) fn examine(&self, registrations: &[&Registration]) -> Vec<Examined> {
        let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let each = registrations.len().div_ceil(workers).max(1);
        thread::scope(|scope| {
            let parts: Vec<_> = registrations
                .chunks(each)
                .map(|part| {
                    let worker =
                        scope.spawn(|| part.iter().map(|one| self.examine_one(one)).collect::<Vec<_>>());
                    (part, worker)
                })
                .collect();
            // A worker that panicked (none should) has its part done again here, where the panic is ours to have.
            let join = |(part, worker): (&[&Registration], thread::ScopedJoinHandle<'_, Vec<Examined>>)| {
                worker.join().unwrap_or_else(|_| part.iter().map(|one| self.examine_one(one)).collect())
            };
            parts.into_iter().flat_map(join).collect()
        })
    }

    fn examine_one(&self, registration: &Registration) -> Examined {
        let sound = check(registration, self.threshold, self.genesis);
        let share = match &sound {
            Ok(sound) => self.share(registration, sound),
            Err(verdict) => Err(*verdict),
        };
        Examined { sound, share }
    }

    /// Our share of a sound registration.
    fn share(&self, registration: &Registration, sound: &Sound) -> Result<SecretKeyShare, Verdict> {
        // A sound registration was read, and has an envelope of the right length for each guardian.
        let payload = registration.payload.as_ref().map_err(|_| Verdict::MalformedCalldata)?;
        let envelope = payload.envelopes.get(self.index.position()).ok_or(Verdict::WrongEnvelopes)?;
        let envelope = CustodyEnvelope::try_from(&envelope[..]).map_err(|_| Verdict::WrongEnvelopes)?;
        let share = open(&self.key, &envelope, self.index).map_err(|problem| match problem {
            CryptoError::Envelope => Verdict::EnvelopeNotForUs,
            // It opened and holds no scalar.
            _ => Verdict::InvalidShare,
        })?;
        sound.key_set.verify_share(&share).map_err(|_| Verdict::InvalidShare)?;
        Ok(share)
    }
}
