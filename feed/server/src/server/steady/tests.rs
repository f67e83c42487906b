use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_is_given_up_and_one_that_takes_a_little_is_not() {
    let (ours, mut theirs) = duplex(8);
    let mut steady = Steady::new(ours, Duration::from_secs(30));
    let reader = tokio::spawn(async move {
        let mut got = [0; 4];
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_secs(20)).await;
            theirs.read_exact(&mut got).await.unwrap();
        }
        // Keeps the stream, and takes nothing more.
        tokio::time::sleep(Duration::from_secs(1_000)).await;
    });
    let started = tokio::time::Instant::now();
    let problem = steady.write_all(&[7; 64]).await.unwrap_err();
    assert_eq!(problem.kind(), io::ErrorKind::TimedOut);
    assert_eq!(started.elapsed().as_secs(), 80 + 30);
    reader.abort();
}
