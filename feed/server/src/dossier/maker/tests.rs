use super::*;
use crate::api::answer::Refusal;
use axum::http::StatusCode;

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_for_the_turn_is_told_to_come_again() {
    let maker = Maker::default();
    let turn = maker.turn().await.unwrap();
    let refused = Refusal::from(maker.turn().await.unwrap_err());
    assert_eq!(refused, Refusal::busy());
    assert_eq!((refused.status, refused.retry_after), (StatusCode::SERVICE_UNAVAILABLE, Some(5)));
    drop(turn);
    assert!(maker.turn().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn no_more_wait_than_there_are_places_in_the_line() {
    let maker = Arc::new(Maker::default());
    let turn = maker.turn().await.unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..LINE {
        let maker = maker.clone();
        waiting.spawn(async move { maker.turn().await.map(drop) });
    }
    while maker.line.available_permits() > 0 {
        tokio::task::yield_now().await;
    }
    let begun = tokio::time::Instant::now();
    assert!(matches!(maker.turn().await, Err(Problem::Busy)));
    assert_eq!(begun.elapsed(), Duration::ZERO, "whoever finds no place in the line does not wait");
    drop(turn);
    while let Some(waited) = waiting.join_next().await {
        assert!(matches!(waited, Ok(Ok(()))));
    }
}
