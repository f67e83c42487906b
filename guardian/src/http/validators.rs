//! `/v1/validators`: every registration, and every share without one, with what the beacon chain shows of its key and
//! how long its operator's tickets last. Made of the snapshot when it is asked for.

use super::Reason;
use crypto::execution::{Address, BlockNumber, RegistrationId, Tickets, TransactionHash};
use crypto::registration::Verdict;
use crypto::spec::{BlsPubkey, Epoch, Gwei, ValidatorIndex};
use crypto::validator::ValidatorStatus;
use guardian_core::registration::Life;
use guardian_core::status::{OperatorStatus, RegistrationStatus, Standing, StatusSnapshot, ValidatorHealth};
use guardian_core::tickets::Runway;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValidatorView {
    /// The validator key; None for a registration whose key is none.
    pub pubkey: Option<BlsPubkey>,
    /// The node operator, if it came through the contracts.
    pub operator: Option<Address>,
    /// Its registration; None for a share that the operator of this guardian imported.
    pub registration: Option<RegistrationView>,
    /// What the beacon chain shows; None for a registration that does not count for its key.
    pub beacon: Option<BeaconView>,
    /// Its operator's tickets.
    pub tickets: Option<TicketsView>,
}

/// A validator's registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationView {
    /// Its place in the protocol.
    #[serde(flatten)]
    pub id: RegistrationId,
    /// What it is worth to this guardian.
    pub verdict: Verdict,
    /// Where it stands in its life.
    pub life: Life,
    /// The block it was registered in.
    pub block: BlockNumber,
    /// The registering transaction.
    pub transaction: TransactionHash,
}

/// A validator on the beacon chain, at the finalized state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeaconView {
    /// Its index, once the chain knows it.
    pub index: Option<ValidatorIndex>,
    /// Its status.
    pub status: Option<ValidatorStatus>,
    /// Its balance, Gwei.
    pub balance: Option<Gwei>,
    /// Its effective balance, Gwei.
    pub effective_balance: Option<Gwei>,
    /// Whether it was slashed.
    pub slashed: bool,
    /// Consecutive finalized epochs without an attestation.
    pub dark_epochs: u64,
    /// Last epoch it was seen attesting.
    pub last_live: Option<Epoch>,
}

/// An operator's tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketsView {
    /// What is left of them.
    pub present: Tickets,
    /// Where the operator stands with the rule.
    pub standing: Standing,
    /// How long they last.
    pub runway: Option<Runway>,
}

/// Which validators are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this operator only.
    pub operator: Option<Address>,
    /// With this verdict only.
    pub verdict: Option<Verdict>,
}

impl Filter {
    /// Reads a query.
    ///
    /// # Errors
    /// What is wrong with it, naming the parameter.
    pub fn parse(query: &BTreeMap<String, String>) -> Result<Self, Reason> {
        let refuse = |detail: String| Reason { code: "invalid_query", detail };
        let mut filter = Self::default();
        for (name, value) in query {
            match name.as_str() {
                "operator" => {
                    let address = value.parse().map_err(|e| refuse(format!("operator: {e}")))?;
                    filter.operator = Some(address);
                }
                "verdict" => {
                    filter.verdict = Some(verdict(value).map_err(|e| refuse(format!("verdict: {e}")))?)
                }
                _ => {
                    let name: String = name.chars().take(40).collect();
                    return Err(refuse(format!("`{name}` is no parameter; there are operator and verdict")));
                }
            }
        }
        Ok(filter)
    }

    fn passes(&self, view: &ValidatorView) -> bool {
        self.operator.is_none_or(|operator| view.operator == Some(operator))
            && self.verdict.is_none_or(|verdict| {
                view.registration.as_ref().is_some_and(|known| known.verdict == verdict)
            })
    }
}

/// Reads a verdict's code.
///
/// # Errors
/// All codes there are.
pub fn verdict(code: &str) -> Result<Verdict, String> {
    Verdict::ALL.into_iter().find(|verdict| verdict.code() == code).ok_or_else(|| {
        let codes: Vec<&str> = Verdict::ALL.into_iter().map(Verdict::code).collect();
        format!("no such verdict; there are {}", codes.join(", "))
    })
}

/// The list: registrations in the order of the chain, then shares without one.
pub fn list(status: &StatusSnapshot, filter: &Filter) -> Vec<ValidatorView> {
    let health: BTreeMap<_, _> = status.validators.iter().map(|one| (one.pubkey, one)).collect();
    let operators: BTreeMap<_, _> = status.operators.iter().map(|one| (one.operator, one)).collect();
    let tickets = |operator: &Address| operators.get(operator).map(|operator| TicketsView::of(operator));
    let mut registered = std::collections::BTreeSet::new();
    let mut views: Vec<_> = status
        .registrations
        .iter()
        .map(|registration| {
            let counts = registration.verdict == Verdict::Accepted && registration.life != Life::Skipped;
            let pubkey = registration.pubkey.filter(|_| counts);
            registered.extend(pubkey);
            ValidatorView {
                pubkey: registration.pubkey,
                operator: Some(registration.operator),
                registration: Some(RegistrationView::of(registration)),
                beacon: pubkey.and_then(|pubkey| health.get(&pubkey)).map(|health| BeaconView::of(health)),
                tickets: tickets(&registration.operator),
            }
        })
        .collect();
    views.extend(status.validators.iter().filter(|one| !registered.contains(&one.pubkey)).map(|one| {
        ValidatorView {
            pubkey: Some(one.pubkey),
            operator: one.operator,
            registration: None,
            beacon: Some(BeaconView::of(one)),
            tickets: one.operator.as_ref().and_then(tickets),
        }
    }));
    views.retain(|view| filter.passes(view));
    views
}

impl RegistrationView {
    fn of(status: &RegistrationStatus) -> Self {
        let RegistrationStatus { id, verdict, life, block, transaction, operator: _, pubkey: _ } = status;
        Self { id: *id, verdict: *verdict, life: *life, block: *block, transaction: *transaction }
    }
}

impl BeaconView {
    fn of(health: &ValidatorHealth) -> Self {
        Self {
            index: health.index,
            status: health.status,
            balance: health.balance,
            effective_balance: health.effective_balance,
            slashed: health.slashed,
            dark_epochs: health.dark_epochs,
            last_live: health.last_live,
        }
    }
}

impl TicketsView {
    fn of(status: &OperatorStatus) -> Self {
        Self { present: status.present, standing: status.standing, runway: status.runway }
    }
}

#[cfg(test)]
mod tests;
