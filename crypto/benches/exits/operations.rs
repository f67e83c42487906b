//! Criterion's figures for the single operations, ours and `blsttc`'s side by side.

use crate::clock::ProcessorTime;
use crate::workload::Workload;
use criterion::Criterion;
use crypto::custody::{CustodySecretKey, open, seal};
use crypto::partial::{CombineJob, Combined, batch_verify, combine, combine_hashed, verify};
use crypto::{HashedRoot, keys::PublicKey};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::time::Duration;

pub(crate) fn run() {
    let mut criterion = Criterion::default()
        .with_measurement(ProcessorTime)
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let mut rng = StdRng::seed_from_u64(6);
    let work = Workload::new(3, 4, 200);
    let exit = &work.exits[0];
    let job = CombineJob { key_set: &exit.key_set, signing_root: exit.root, partials: &exit.partials };
    let hash = HashedRoot::new(exit.root);

    criterion.bench_function("share sign", |b| b.iter(|| exit.shares[0].sign(exit.root)));
    criterion.bench_function("share sign, H(m) kept", |b| b.iter(|| exit.shares[0].sign_hashed(&hash)));
    criterion.bench_function("share sign, blsttc", |b| b.iter(|| exit.blsttc.share.sign(exit.root.0)));

    criterion.bench_function("combine and verify 1 exit, 3 of 4", |b| b.iter(|| combine(&[job], &mut rng)));
    criterion.bench_function("combine and verify 200 exits, 3 of 4, H(m) kept", |b| {
        let jobs = work.jobs(|exit| &exit.partials);
        b.iter(|| combine_hashed(&jobs, &work.known, &mut rng));
    });

    let claims: Vec<_> = work
        .exits
        .iter()
        .zip(combine(&work.jobs(|exit| &exit.partials), &mut rng))
        .filter_map(|(exit, combined)| match combined {
            Combined::Signature { signature, .. } => {
                Some((PublicKey::try_from(exit.key_set.public_key()).unwrap(), exit.root, signature))
            }
            Combined::Short { .. } => None,
        })
        .collect();
    assert_eq!(claims.len(), work.exits.len());
    let (key, root, signature) = claims[0];
    criterion.bench_function("verify", |b| b.iter(|| verify(&key, root, &signature)));
    criterion.bench_function("batch verify 200", |b| b.iter(|| batch_verify(&claims, &mut rng)));

    let custody = CustodySecretKey::generate(&mut rng);
    let envelope = seal(&custody.public_key(), &exit.shares[0], &mut rng).unwrap();
    criterion.bench_function("share open", |b| {
        b.iter(|| open(&custody, &envelope, exit.shares[0].index()).map(|share| share.index()));
    });
    criterion.bench_function("share open and check", |b| {
        b.iter(|| {
            let share = open(&custody, &envelope, exit.shares[0].index()).unwrap();
            exit.key_set.verify_share(&share)
        });
    });
    criterion.final_summary();
}
