//! `State`: all accounts at one block. Cheap to copy: what did not change is shared.

use alloy::primitives::{Address, B256, Bytes, U256};
use revm::bytecode::Bytecode;
use revm::database_interface::DatabaseRef;
use revm::state::{AccountInfo, EvmState};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

/// One account. Its code, if it has any, is in `info`.
#[derive(Debug, Clone, Default)]
struct Account {
    info: AccountInfo,
    storage: HashMap<U256, U256>,
}

/// All accounts.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    accounts: HashMap<Address, Arc<Account>>,
}

impl State {
    /// Gives an account its ether at genesis.
    pub(super) fn fund(&mut self, address: Address, balance: U256) {
        let info = AccountInfo { balance, ..AccountInfo::default() };
        self.accounts.insert(address, Arc::new(Account { info, storage: HashMap::new() }));
    }

    /// Takes over what a transaction changed.
    pub(super) fn apply(&mut self, changes: EvmState) {
        for (address, change) in changes.into_iter().filter(|(_, change)| change.is_touched()) {
            // EIP-161: an account that is empty after it was touched does not exist.
            if change.is_selfdestructed() || (change.info.is_empty() && !change.is_created()) {
                self.accounts.remove(&address);
                continue;
            }
            let created = change.is_created();
            let code = change.info.code.clone().or_else(|| self.code_of(address));
            let account = Arc::make_mut(self.accounts.entry(address).or_default());
            if created {
                account.storage.clear();
            }
            account.info = AccountInfo { code, ..change.info };
            for (slot, value) in change.storage {
                if value.present_value.is_zero() {
                    account.storage.remove(&slot);
                } else if value.is_changed() {
                    account.storage.insert(slot, value.present_value);
                }
            }
        }
    }

    /// Wei on an account.
    pub(super) fn balance(&self, address: Address) -> U256 {
        self.accounts.get(&address).map_or(U256::ZERO, |account| account.info.balance)
    }

    /// Transactions an account has sent.
    pub(super) fn nonce(&self, address: Address) -> u64 {
        self.accounts.get(&address).map_or(0, |account| account.info.nonce)
    }

    /// Code of a contract; empty for other accounts.
    pub(super) fn code(&self, address: Address) -> Bytes {
        self.code_of(address).map_or_else(Bytes::new, |code| code.original_bytes())
    }

    fn code_of(&self, address: Address) -> Option<Bytecode> {
        self.accounts.get(&address)?.info.code.clone()
    }
}

/// A state with the hashes of the blocks before it: what the engine reads from.
pub(super) struct Database<'a> {
    /// The accounts.
    pub(super) state: &'a State,
    /// Hash of a past block, for the opcode `BLOCKHASH`; zero when there is none.
    pub(super) hash_of: &'a dyn Fn(u64) -> B256,
}

impl DatabaseRef for Database<'_> {
    type Error = Infallible;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self.state.accounts.get(&address).map(|account| account.info.clone()))
    }

    fn code_by_hash_ref(&self, _: B256) -> Result<Bytecode, Infallible> {
        // Never asked for: `basic_ref` hands out the code with the account.
        Ok(Bytecode::default())
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, Infallible> {
        let account = self.state.accounts.get(&address);
        Ok(account.and_then(|account| account.storage.get(&slot)).copied().unwrap_or(U256::ZERO))
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Infallible> {
        Ok((self.hash_of)(number))
    }
}
