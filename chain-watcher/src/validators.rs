//! Validators by public key, in batches, the current way or the older one.
//!
//! Current: `POST /eth/v1/beacon/states/{state_id}/validators` with the keys in the body. Older nodes have only
//! `GET` with one `id=` parameter for each key (a comma-separated list is answered with nothing by some of them).

use crate::api::{Answer, ValidatorJson, ValidatorsRequest};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crypto::spec::BlsPubkey;
use crypto::validator::Validator;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// Keys in one `POST`: about 100 kB out, 600 kB back.
const POST_BATCH: usize = 1000;
/// Keys in one `GET`: 7 kB of URL, below what servers cut off.
const GET_BATCH: usize = 64;
/// Largest answer to one batch, in bytes.
const BODY: usize = 4 << 20;

/// How a node wants to be asked. Remembered once an answer proved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ValidatorsWay {
    /// The current API.
    #[default]
    Post,
    /// Repeated `id=` parameters.
    Get,
}

/// A beacon state by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StateId {
    Head,
    Finalized,
}

impl StateId {
    fn path(self) -> &'static str {
        match self {
            Self::Head => "eth/v1/beacon/states/head/validators",
            Self::Finalized => "eth/v1/beacon/states/finalized/validators",
        }
    }
}

/// Those of `keys` that the state knows, by index ascending. What was not asked for is left out.
pub(crate) async fn read(
    endpoint: &Endpoint,
    way: &mut ValidatorsWay,
    state: StateId,
    keys: &[BlsPubkey],
) -> Result<Vec<Validator>, Error> {
    let asked: BTreeSet<_> = keys.iter().copied().collect();
    let keys: Vec<_> = asked.iter().copied().collect();
    let mut found = BTreeMap::new();
    for batch in keys.chunks(POST_BATCH) {
        for json in read_batch(endpoint, way, state, batch).await? {
            let validator = Validator::from(json);
            if !asked.contains(&validator.pubkey) {
                continue;
            }
            if found.insert(validator.pubkey, validator).is_some_and(|earlier| earlier != validator) {
                return Err(endpoint.malformed(state.path(), format!("{} twice", validator.pubkey)));
            }
        }
    }
    let mut found: Vec<_> = found.into_values().collect();
    found.sort_by_key(|validator| validator.index);
    Ok(found)
}

async fn read_batch(
    endpoint: &Endpoint,
    way: &mut ValidatorsWay,
    state: StateId,
    keys: &[BlsPubkey],
) -> Result<Vec<ValidatorJson>, Error> {
    if *way == ValidatorsWay::Post {
        let request = ValidatorsRequest { ids: keys };
        match endpoint.post::<Answer<_>>(state.path(), &request, BODY).await {
            Ok(answer) => return Ok(answer.data),
            // 404 may also mean that the state is not known: only an answer to GET proves the older API.
            Err(Error::Refused { status: 404 | 405 | 501, .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let mut found = Vec::new();
    for batch in keys.chunks(GET_BATCH) {
        let query: Vec<_> = batch.iter().map(|key| ("id", key.to_string())).collect();
        let answer: Answer<Vec<_>> =
            endpoint.get_within(state.path(), &query, endpoint.patience(), BODY).await?;
        found.extend(answer.data);
    }
    if *way == ValidatorsWay::Post {
        tracing::info!(node = endpoint.name(), "no POST validators: asking by GET from now on");
        *way = ValidatorsWay::Get;
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
