//! What the contracts say at one finalized block.

use super::contracts::GuardianModule as G;
use super::contracts::PufferProtocol as P;
use super::endpoint::{At, Endpoint};
use super::endpoints::ExecutionNodes;
use super::failure::Failure;
use super::hearing::Hearing;
use super::logs::tickets;
use super::node::Node;
use super::observation::ExecutionObservation;
use super::watcher::{Stopped, Watcher};
use alloy::primitives::{Address as AlloyAddress, U256};
use crypto::execution::{Address, Block, BlockNumber, ContractState, NodeInfo, Tickets};
use crypto::spec::Gwei;
use futures::future::{join, join3};

/// Most guardians read: more than a network can have, so that too many still show.
const MAX_GUARDIANS: usize = 256;

impl Watcher {
    /// Tells the state at `target`, once, when everything up to it is scanned; two nodes must say the same if two can.
    pub(crate) async fn look_at_state(&mut self, target: Block) -> Result<(), Stopped> {
        if self.cursor.scanned().map(|block| block.number) != Some(target.number)
            || self.told_state == Some(target)
        {
            return Ok(());
        }
        let operators: Vec<_> = self.operators.iter().copied().collect();
        match self.nodes.confirmed_state(target, &operators).await {
            Ok(state) => {
                self.told_state = Some(target);
                self.tell(ExecutionObservation::Contracts(state)).await
            }
            Err(failure) => {
                // The next finalized block may do: its state is younger.
                self.obstacle = Some(format!("the contracts' state at block {}: {failure}", target.number));
                Ok(())
            }
        }
    }
}

impl ExecutionNodes {
    /// The state at `block`, by two nodes if two have it.
    async fn confirmed_state(
        &mut self,
        block: Block,
        operators: &[Address],
    ) -> Result<ContractState, Failure> {
        let mut hearing = Hearing::default();
        for position in self.holders(block.number) {
            if self.nodes.get(position).is_none_or(Node::resting) {
                hearing.fails(Failure::Resting(None));
                continue;
            }
            match self.state(position, block, operators).await {
                Ok(state) if hearing.same(&state).is_some() => return Ok(state),
                Ok(state) => hearing.says(position, state),
                Err(failure) => {
                    self.failed(position, &failure);
                    hearing.fails(failure);
                }
            }
        }
        hearing.conclude(self.total()).map(|(_, state)| state)
    }

    /// The state at `block` by one node.
    async fn state(
        &self,
        position: usize,
        block: Block,
        operators: &[Address],
    ) -> Result<ContractState, Failure> {
        let node = self.nodes.get(position).ok_or_else(|| Failure::Silent("no such node".to_owned()))?;
        let (module, protocol) = (self.expected.guardian_module, self.expected.protocol);
        let mut state = parameters(&node.endpoint, module, protocol, block).await?;
        state.operators = self.infos(position, operators, block.number).await?;
        Ok(state)
    }

    /// `getNodeInfo` of each operator by one node.
    pub(crate) async fn infos(
        &self,
        position: usize,
        operators: &[Address],
        at: BlockNumber,
    ) -> Result<Vec<(Address, NodeInfo)>, Failure> {
        let node = self.nodes.get(position).ok_or_else(|| Failure::Silent("no such node".to_owned()))?;
        let calls: Vec<_> = operators
            .iter()
            .map(|operator| P::getNodeInfoCall { node: AlloyAddress::from(operator.0) })
            .collect();
        let infos = node.endpoint.call_all(self.expected.protocol, &calls, At::Number(at)).await?;
        Ok(operators
            .iter()
            .zip(infos)
            .map(|(operator, info)| {
                let info = NodeInfo {
                    active: info.activeValidatorCount,
                    pending: info.pendingValidatorCount,
                    tickets: Tickets(info.vtBalance.to()),
                };
                (*operator, info)
            })
            .collect())
    }
}

/// The state at `block` by one node, without the operators.
pub(crate) async fn parameters(
    endpoint: &Endpoint,
    module: AlloyAddress,
    protocol: AlloyAddress,
    block: Block,
) -> Result<ContractState, Failure> {
    let at = At::Number(block.number);
    if endpoint.block(block.number).await?.hash != block.hash {
        return Err(Failure::malformed(format!("another finalized block {}", block.number)));
    }
    let sets = join(
        endpoint.call(module, &G::getGuardiansCall {}, at),
        endpoint.call(module, &G::getGuardiansEnclaveAddressesCall {}, at),
    );
    let thresholds = join(
        endpoint.call(module, &G::getThresholdCall {}, at),
        endpoint.call(module, &G::getEjectionThresholdCall {}, at),
    );
    let amounts = join(
        endpoint.call(protocol, &P::getMinimumVtAmountCall {}, at),
        endpoint.call(protocol, &P::getVTPenaltyCall {}, at),
    );
    let (sets, thresholds, amounts) = join3(sets, thresholds, amounts).await;
    let (guardians, enclaves) = (sets.0?, sets.1?);
    let (threshold, ejection) = (thresholds.0?, thresholds.1?);
    let (minimum, penalty) = (amounts.0?, amounts.1?);
    Ok(ContractState {
        block,
        guardians: addresses(&guardians),
        enclaves: addresses(&enclaves),
        threshold: u64::try_from(threshold).unwrap_or(u64::MAX),
        ejection_threshold: gwei(ejection),
        minimum_tickets: tickets(minimum),
        skip_penalty: tickets(penalty),
        operators: Vec::new(),
    })
}

fn addresses(addresses: &[AlloyAddress]) -> Vec<Address> {
    addresses.iter().take(MAX_GUARDIANS).map(|address| Address(address.0.0)).collect()
}

/// Wei as whole Gwei, rounded up.
fn gwei(wei: U256) -> Gwei {
    const WEI: u64 = 1_000_000_000;
    Gwei(u64::try_from(wei.div_ceil(U256::from(WEI))).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ejection_threshold_is_rounded_up() {
        assert_eq!(gwei(U256::from(31_750_000_000_000_000_000_u128)), Gwei(31_750_000_000));
        assert_eq!(gwei(U256::from(31_750_000_000_000_000_001_u128)), Gwei(31_750_000_001));
        assert_eq!((gwei(U256::ZERO), gwei(U256::MAX)), (Gwei(0), Gwei(u64::MAX)));
    }
}
