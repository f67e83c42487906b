//! Liveness: who attested in an epoch. Asked of every healthy node, each in the way it knows.
//!
//! 1. `POST /eth/v1/validator/liveness/{epoch}`, the current Beacon API;
//! 2. `GET /eth/v1/validator/liveness?epoch=E&indices=1&indices=2`, the older form;
//! 3. when no node has either: balances, see [`crate::balances`].
//!
//! Nodes answer only for epochs within one of the current one.

use crate::api::{Answer, LivenessJson, Quoted};
use crate::endpoint::{Endpoint, SMALL_BODY};
use crate::error::Error;
use crypto::spec::{Epoch, ValidatorIndex};
use std::collections::{BTreeMap, BTreeSet};

const GET_PATH: &str = "eth/v1/validator/liveness";

/// Indices in one `POST`: about 10 kB out, 50 kB back.
const POST_BATCH: usize = 1000;
/// Indices in one `GET`: 5 kB of URL at most.
const GET_BATCH: usize = 256;

/// How a node wants to be asked. Remembered once an answer proved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum LivenessWay {
    /// The current API.
    #[default]
    Post,
    /// The older form.
    Get,
    /// It has neither: not asked again until it was away.
    Unsupported,
}

/// One node's answer: index to live or not, only for indices that were asked. `None`: it has no such endpoint.
pub(crate) async fn read(
    endpoint: &Endpoint,
    way: &mut LivenessWay,
    epoch: Epoch,
    indices: &[ValidatorIndex],
) -> Result<Option<BTreeMap<ValidatorIndex, bool>>, Error> {
    let mut answers = BTreeMap::new();
    for batch in indices.chunks(POST_BATCH) {
        let Some(entries) = read_batch(endpoint, way, epoch, batch).await? else { return Ok(None) };
        let asked: BTreeSet<_> = batch.iter().collect();
        for entry in entries {
            let index = ValidatorIndex(entry.index.0);
            if asked.contains(&index) {
                // Named twice: live outweighs dark.
                *answers.entry(index).or_insert(false) |= entry.is_live;
            }
        }
    }
    Ok(Some(answers))
}

async fn read_batch(
    endpoint: &Endpoint,
    way: &mut LivenessWay,
    epoch: Epoch,
    indices: &[ValidatorIndex],
) -> Result<Option<Vec<LivenessJson>>, Error> {
    if *way == LivenessWay::Unsupported {
        return Ok(None);
    }
    if *way == LivenessWay::Post {
        let body: Vec<_> = indices.iter().map(|index| Quoted(index.0)).collect();
        match endpoint.post::<Answer<_>>(&format!("{GET_PATH}/{epoch}"), &body, SMALL_BODY).await {
            Ok(answer) => return Ok(Some(answer.data)),
            Err(error) if lacks_endpoint(&error) => {}
            Err(error) => return Err(error),
        }
    }
    let mut entries = Vec::new();
    for batch in indices.chunks(GET_BATCH) {
        let mut query = vec![("epoch", epoch.to_string())];
        query.extend(batch.iter().map(|index| ("indices", index.to_string())));
        let answer =
            endpoint.get_within::<Answer<Vec<_>>>(GET_PATH, &query, endpoint.patience(), SMALL_BODY).await;
        match answer {
            Ok(answer) => entries.extend(answer.data),
            Err(error) if lacks_endpoint(&error) => {
                tracing::warn!(node = endpoint.name(), "no liveness endpoint: left to falling balances");
                *way = LivenessWay::Unsupported;
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
    }
    if *way == LivenessWay::Post {
        tracing::info!(node = endpoint.name(), "no POST liveness: asking by GET from now on");
        *way = LivenessWay::Get;
    }
    Ok(Some(entries))
}

fn lacks_endpoint(error: &Error) -> bool {
    matches!(error, Error::Refused { status: 404 | 405 | 501, .. })
}

#[cfg(test)]
mod tests;
