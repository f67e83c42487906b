//! The guardian module: what it reads as, and how its order changes.

use super::*;
use alloy::primitives::U256;
use crypto::custody::CustodyPublicKey;
use devnet::protocol::abi::GuardianModule as Module;

impl Stage {
    async fn guardians(&self) -> Vec<Address> {
        let module = self.protocol.addresses().guardian_module;
        let listed = self.protocol.view(module, &Module::getGuardiansCall {}).await.unwrap();
        listed.into_iter().map(|address| Address(address.into())).collect()
    }

    async fn enclave_addresses(&self) -> Vec<Address> {
        let module = self.protocol.addresses().guardian_module;
        let listed = self.protocol.view(module, &Module::getGuardiansEnclaveAddressesCall {}).await.unwrap();
        listed.into_iter().map(|address| Address(address.into())).collect()
    }
}

fn accounts(order: &[u8]) -> Vec<Address> {
    order.iter().map(|position| guardian(*position).address()).collect()
}

#[tokio::test]
async fn the_module_reads_as_it_was_deployed() {
    let stage = Stage::set().await;
    let module = stage.protocol.addresses().guardian_module;
    assert_eq!(stage.guardians().await, accounts(&[0, 1, 2, 3]));
    let keys: Vec<CustodyPublicKey> = stage.custody.iter().map(CustodySecretKey::public_key).collect();
    let addresses: Vec<_> = keys.iter().map(CustodyPublicKey::address).collect();
    assert_eq!(stage.enclave_addresses().await, addresses);
    let pubkeys = stage.protocol.view(module, &Module::getGuardiansEnclavePubkeysCall {}).await.unwrap();
    let expected: Vec<_> = keys.iter().map(|key| key.to_bytes().to_vec()).collect();
    assert_eq!(pubkeys.into_iter().map(|key| key.to_vec()).collect::<Vec<_>>(), expected);
    let threshold = stage.protocol.view(module, &Module::getThresholdCall {}).await.unwrap();
    assert_eq!(threshold, U256::from(3));
    let ejection = stage.protocol.view(module, &Module::getEjectionThresholdCall {}).await.unwrap();
    assert_eq!(ejection.to_string(), "31750000000000000000");
    for (who, expected) in [(guardian(2).address(), true), (Account::OWNER.address(), false)] {
        let call = Module::isGuardianCall { account: alloy_address(who) };
        assert_eq!(stage.protocol.view(module, &call).await.unwrap(), expected);
    }
    stage.well();
}

#[tokio::test]
async fn removing_a_guardian_moves_the_last_one_into_its_place() {
    let stage = Stage::set().await;
    let protocol = &stage.protocol;
    let enclaves = stage.enclave_addresses().await;
    protocol.remove_guardian(guardian(0).address()).await.unwrap();
    assert_eq!(stage.guardians().await, accounts(&[3, 1, 2]));
    assert_eq!(stage.enclave_addresses().await, [enclaves[3], enclaves[1], enclaves[2]]);
    // Three are needed: no more can go.
    let refused = refusal(protocol.remove_guardian(guardian(1).address()).await);
    assert!(refused.contains("InvalidThreshold"), "{refused}");
    assert!(refusal(protocol.add_guardian(guardian(1).address()).await).contains("InvalidAddress"));

    protocol.add_guardian(guardian(0).address()).await.unwrap();
    assert_eq!(stage.guardians().await, accounts(&[3, 1, 2, 0]));
    assert_eq!(stage.enclave_addresses().await[3], enclaves[0], "its enclave key was kept");
    protocol.set_custody_key(guardian(1).address(), None).await.unwrap();
    assert_eq!(stage.enclave_addresses().await[1].to_string(), "0x000000000000000000000000000000000000dead");
    stage.well();
}

#[tokio::test]
async fn thresholds_are_bounded() {
    let stage = Stage::set().await;
    let protocol = &stage.protocol;
    protocol.set_threshold(4).await.unwrap();
    for impossible in [0, 5] {
        let refused = refusal(protocol.set_threshold(impossible).await);
        assert!(refused.contains("InvalidThreshold"), "{refused}");
    }
    protocol.set_ejection_threshold(crypto::spec::Gwei(31_999_999_999)).await.unwrap();
    let refused = refusal(protocol.set_ejection_threshold(crypto::spec::Gwei(32_000_000_000)).await);
    assert!(refused.contains("InvalidThreshold"), "{refused}");
    // Only the owner decides.
    let module = protocol.addresses().guardian_module;
    let call = Module::setThresholdCall { newThreshold: U256::from(1) };
    let refused = refusal(protocol.transact(Account::new(1), module, &call, 200_000).await);
    assert!(refused.contains("AccessManagedUnauthorized"), "{refused}");
    stage.well();
}
