use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

/// How long a write of 64 bytes into 8 bytes of room lasts, when its reader takes this much every 20 seconds, four times.
async fn lasts(takes: usize) -> u64 {
    let (ours, mut theirs) = duplex(8);
    let mut steady = Steady::new(ours, Duration::from_secs(30), 1);
    let reader = tokio::spawn(async move {
        let mut got = vec![0; takes];
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_secs(20)).await;
            theirs.read_exact(&mut got).await.unwrap();
        }
        // Keeps the stream, and takes nothing more.
        tokio::time::sleep(Duration::from_secs(1_000)).await;
    });
    let started = Instant::now();
    let problem = steady.write_all(&[7; 200]).await.unwrap_err();
    assert_eq!(problem.kind(), io::ErrorKind::TimedOut);
    reader.abort();
    started.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_or_too_little_is_given_up() {
    assert_eq!(lasts(20).await, 80 + 30, "as fast as it must be");
    // 4 bytes earn 4 of the 20 seconds that they took: 30, 14, and 0 before the second read.
    assert_eq!(lasts(4).await, 34);
}

#[tokio::test(start_paused = true)]
async fn who_has_nothing_to_take_spends_no_patience() {
    let (ours, mut theirs) = duplex(8);
    let mut steady = Steady::new(ours, Duration::from_secs(30), 1);
    for _ in 0..4 {
        steady.write_all(&[7; 8]).await.unwrap();
        tokio::time::sleep(Duration::from_secs(100)).await;
        theirs.read_exact(&mut [0; 8]).await.unwrap();
    }
}
