//! What people read.

use crate::site::Site;
use axum::Router;

/// The pages and what they load.
pub fn router() -> Router<Site> {
    Router::new()
}
