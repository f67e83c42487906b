use super::*;

#[tokio::test(start_paused = true)]
async fn who_finds_no_place_is_told_to_come_again() {
    let pool = Pool::new(&Settings { threads: 1, ..Settings::default() });
    assert_eq!(pool.run(|| 7).await, Ok(7));
    let all = pool.fill().await;
    let refused = pool.run(|| 7).await.unwrap_err();
    assert_eq!(refused.status, axum::http::StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.retry_after.is_some());
    drop(all);
    assert_eq!(pool.run(|| 8).await, Ok(8));
}

#[tokio::test]
async fn what_is_done_alone_needs_no_place() {
    assert_eq!(
        alone(|| std::thread::current().name().map(str::to_owned)).await.unwrap().unwrap(),
        "feed-work"
    );
}
