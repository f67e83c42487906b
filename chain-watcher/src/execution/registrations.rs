//! What a log of a registration does not say: the call's arguments, the operator, the module's withdrawal credentials.

use super::calldata::{self, Registered, cut};
use super::contracts::PufferProtocol::{
    getModuleAddressCall, getValidatorInfoCall, getWithdrawalCredentialsCall,
};
use super::contracts::Validator;
use super::endpoint::Question;
use super::endpoints::ExecutionNodes;
use super::failure::Failure;
use super::logs::{Entry, Reading, Told};
use super::transaction::{self, Shown};
use alloy::primitives::{B256, U64, U256};
use crypto::execution::{
    Address, BlockNumber, ContractEvent, Log, ModuleName, Payload, Registration, RegistrationId,
    TransactionHash, Unreadable, WithdrawalCredentials,
};
use serde_json::json;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry::Vacant;

/// Transactions fetched and read before their inputs are dropped.
const TRANSACTIONS: usize = 50;
/// Longest copy of a key: one that is longer than a key still shows it.
const MAX_PUBKEY: usize = 64;

/// Withdrawal credentials of the modules, which never change.
pub(crate) type Credentials = BTreeMap<ModuleName, WithdrawalCredentials>;

/// The log of a registration, with what it tells.
type Logged<'a> = (&'a Entry, RegistrationId, &'a Vec<u8>);

/// What the transaction of a registration showed.
#[derive(Debug, Clone)]
struct Origin {
    sender: Option<Address>,
    payload: Result<Payload, Unreadable>,
}

impl ExecutionNodes {
    /// Completes the logs of a reading. `finalized` is a block of which nodes still have the state.
    ///
    /// # Errors
    /// In words, when something could not be found out now: the reading is to be tried again.
    pub(crate) async fn complete(
        &mut self,
        reading: Reading,
        finalized: BlockNumber,
        credentials: &mut Credentials,
    ) -> Result<Vec<Log>, String> {
        let registrations: Vec<_> = reading
            .entries
            .iter()
            .filter_map(|entry| match &entry.told {
                Told::Registered(id, pubkey) => Some((entry, *id, pubkey)),
                Told::Event(_) => None,
            })
            .collect();
        let ids: Vec<_> = registrations.iter().map(|(_, id, _)| *id).collect();
        let operators = self.operators(&ids, reading.to.number, finalized).await?;
        for id in &ids {
            if let Vacant(place) = credentials.entry(id.module) {
                place.insert(self.credentials(id.module, finalized).await?);
            }
        }
        let mut origins = self.origins(&registrations, finalized).await?;
        let mut logs = Vec::with_capacity(reading.entries.len());
        for entry in reading.entries {
            let event = match entry.told {
                Told::Event(event) => event,
                Told::Registered(id, pubkey) => {
                    let origin = origins.remove(&id);
                    let sender = origin.as_ref().and_then(|origin| origin.sender);
                    ContractEvent::Registered(Box::new(Registration {
                        id,
                        operator: operators.get(&id).copied().or(sender).unwrap_or(Address([0; 20])),
                        pubkey: cut(&pubkey, MAX_PUBKEY),
                        transaction: entry.transaction,
                        withdrawal_credentials: credentials
                            .get(&id.module)
                            .copied()
                            .unwrap_or(WithdrawalCredentials([0; 32])),
                        payload: origin.map_or(Err(Unreadable::TransactionMissing), |origin| origin.payload),
                    }))
                }
            };
            let timestamp = entry.timestamp.unwrap_or_default();
            logs.push(Log { block: entry.block, index: entry.index, timestamp, event });
        }
        Ok(logs)
    }

    /// Who registered each, unless it was settled and forgotten by the contract, and no node has the state before.
    ///
    /// At the finalized block first: every node has its state, so that a second node can confirm it.
    async fn operators(
        &mut self,
        ids: &[RegistrationId],
        at: BlockNumber,
        finalized: BlockNumber,
    ) -> Result<BTreeMap<RegistrationId, Address>, String> {
        let protocol = self.expected.protocol;
        let mut operators = BTreeMap::new();
        for block in [finalized, at] {
            let open: Vec<_> = ids.iter().copied().filter(|id| !operators.contains_key(id)).collect();
            let calls: Vec<_> = open
                .iter()
                .map(|id| getValidatorInfoCall {
                    moduleName: id.module.0.into(),
                    pufferModuleIndex: U256::from(id.index),
                })
                .collect();
            let node = |info: Validator| Address(info.node.0.0);
            match self.call_confirmed(protocol, &calls, block, node).await {
                Ok(nodes) => operators
                    .extend(open.into_iter().zip(nodes).filter(|(_, node)| *node != Address([0; 20]))),
                Err(Failure::Lacks(_)) if block != finalized => {}
                Err(failure) => return Err(format!("the operators of registrations: {failure}")),
            }
            if at == finalized {
                break;
            }
        }
        Ok(operators)
    }

    async fn credentials(
        &mut self,
        module: ModuleName,
        finalized: BlockNumber,
    ) -> Result<WithdrawalCredentials, String> {
        let says = |problem: String| {
            format!("withdrawal credentials of module {}: {problem}", super::counts::name(&module))
        };
        let protocol = self.expected.protocol;
        let call = getModuleAddressCall { moduleName: module.0.into() };
        let addresses = self.call_confirmed(protocol, &[call], finalized, |address| address).await;
        let addresses = addresses.map_err(|failure| says(failure.to_string()))?;
        let address = addresses.first().copied().ok_or_else(|| says("no answer".to_owned()))?;
        let call = getWithdrawalCredentialsCall { module: address };
        let credentials = self.call_confirmed(protocol, &[call], finalized, |bytes| bytes).await;
        let credentials = credentials.map_err(|failure| says(failure.to_string()))?;
        let bytes = credentials.first().ok_or_else(|| says("no answer".to_owned()))?;
        let bytes = <[u8; 32]>::try_from(bytes.as_ref())
            .map_err(|_| says(format!("{} bytes, not 32", bytes.len())))?;
        Ok(WithdrawalCredentials(bytes))
    }

    /// The transactions of registrations, some at a time, so that few inputs are held at once.
    async fn origins(
        &mut self,
        registrations: &[Logged<'_>],
        finalized: BlockNumber,
    ) -> Result<BTreeMap<RegistrationId, Origin>, String> {
        let mut by_transaction: BTreeMap<TransactionHash, Vec<&Logged<'_>>> = BTreeMap::new();
        for registration in registrations {
            by_transaction.entry(registration.0.transaction).or_default().push(registration);
        }
        let mut origins = BTreeMap::new();
        let all: Vec<_> = by_transaction.into_iter().collect();
        for some in all.chunks(TRANSACTIONS) {
            let wanted: Vec<_> =
                some.iter().filter_map(|(_, logs)| logs.first().map(|(entry, _, _)| *entry)).collect();
            let mut shown = self.transactions(&wanted, finalized).await?;
            for (hash, logs) in some {
                let events: Vec<_> = logs
                    .iter()
                    .map(|(_, id, pubkey)| Registered { pubkey: (*pubkey).clone(), module: id.module })
                    .collect();
                let (sender, payloads) = match shown.remove(hash) {
                    Some(Shown::Proven(caller)) => {
                        (Some(caller.sender), calldata::payloads(&caller.input, &events))
                    }
                    Some(Shown::UnknownType) => (None, vec![Err(Unreadable::NeedsTrace); events.len()]),
                    None => (None, vec![Err(Unreadable::TransactionMissing); events.len()]),
                };
                for ((_, id, _), payload) in logs.iter().zip(payloads) {
                    origins.insert(*id, Origin { sender, payload });
                }
            }
        }
        Ok(origins)
    }

    /// What the nodes show for the transactions behind `wanted`. None for one means that every configured node says it
    /// has no such transaction.
    async fn transactions(
        &mut self,
        wanted: &[&Entry],
        finalized: BlockNumber,
    ) -> Result<BTreeMap<TransactionHash, Shown>, String> {
        let mut shown = BTreeMap::new();
        // Whether all are there to be heard: a verdict of "nobody has it" is for ever.
        let mut certain = self.nodes.iter().all(|node| node.has(finalized));
        let mut problem = "not every node could be asked".to_owned();
        for position in self.able(finalized) {
            let open: Vec<_> = wanted
                .iter()
                .filter(|entry| !matches!(shown.get(&entry.transaction), Some(Shown::Proven(_))))
                .copied()
                .collect();
            if open.is_empty() {
                break;
            }
            match self.shown_by(position, &open).await {
                Ok(found) => shown.extend(found),
                Err(failure) => {
                    self.failed(position, &failure);
                    certain = false;
                    problem = failure.to_string();
                }
            }
        }
        if !certain && wanted.iter().any(|entry| !shown.contains_key(&entry.transaction)) {
            return Err(format!("the transactions of registrations: {problem}"));
        }
        Ok(shown)
    }

    /// What one node shows: by hash, and where it keeps no index of old transactions, by place.
    async fn shown_by(
        &self,
        position: usize,
        open: &[&Entry],
    ) -> Result<BTreeMap<TransactionHash, Shown>, Failure> {
        let mut shown = BTreeMap::new();
        let Some(node) = self.nodes.get(position) else { return Ok(shown) };
        let mut open = open.to_vec();
        for by_place in [false, true] {
            let questions: Vec<Question> = open.iter().map(|entry| question(entry, by_place)).collect();
            let answers = match node.endpoint.raw_all(&questions).await {
                // By place is the second attempt: a node without it has said that it has no such transaction.
                Err(Failure::Unsupported(_)) if by_place => return Ok(shown),
                answers => answers?,
            };
            let mut missing = Vec::new();
            for (entry, answer) in open.iter().zip(answers) {
                match answer {
                    Some(json) => {
                        shown.insert(entry.transaction, transaction::read(json.get(), entry.transaction)?);
                    }
                    None => missing.push(*entry),
                }
            }
            open = missing;
            if open.is_empty() {
                break;
            }
        }
        Ok(shown)
    }
}

fn question(entry: &Entry, by_place: bool) -> Question {
    if by_place {
        let place = json!([B256::from(entry.block_hash.0), U64::from(entry.transaction_index)]);
        ("eth_getTransactionByBlockHashAndIndex", place)
    } else {
        ("eth_getTransactionByHash", json!([B256::from(entry.transaction.0)]))
    }
}
