//! What an engine holds beside its journal, tree by tree as it is stored: for copies, which know of no tree by name.

use super::{Engine, Owner, unseal};
use crate::Error;
use guardian_core::guardian_set::{GuardianIndex, NetworkId};

/// One stored value with its tree and its key.
pub(in crate::store) type Value = (String, Vec<u8>, Vec<u8>);

/// Keys of `meta` that say whose store it is, and of which format: a copy makes its own.
const OWNER: [&[u8]; 4] = [b"magic", b"format", b"network", b"guardian"];

impl Engine {
    /// Whose store it is.
    pub(in crate::store) fn owner(&self) -> Result<Owner, Error> {
        let get = |key: &str| self.meta.get(key).map_err(|e| self.failed("be read", e));
        let network = get("network")?.and_then(|value| NetworkId::try_from(&value[..]).ok());
        let guardian = get("guardian")?.and_then(|value| <[u8; 2]>::try_from(&value[..]).ok());
        match (network, guardian) {
            (Some(network), Some(guardian)) => {
                Ok(Owner { network, guardian: GuardianIndex(u16::from_be_bytes(guardian)) })
            }
            _ => Err(self.damaged("it does not say whose it is".into())),
        }
    }

    /// Hands every value outside the journal to `take`: `meta` first, then the other trees by name, each by key. An error
    /// of its ends the reading.
    pub(in crate::store) fn values(
        &self,
        take: &mut dyn FnMut(Value) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let names = self.db.tree_names().into_iter();
        let mut names: Vec<_> = names.filter_map(|name| String::from_utf8(name.to_vec()).ok()).collect();
        names.retain(|name| name != "journal" && name != "__sled__default");
        names.sort_by_key(|name| (name != "meta", name.clone()));
        for name in names {
            let tree = self.db.open_tree(&name).map_err(|e| self.failed("be read", e))?;
            for entry in tree.iter() {
                let (key, value) = entry.map_err(|e| self.failed("be read", e))?;
                if name == "meta" && OWNER.contains(&&key[..]) {
                    continue;
                }
                take((name.clone(), key.to_vec(), value.to_vec()))?;
            }
        }
        Ok(())
    }

    /// Writes such values. Not durable before [`Engine::sync`].
    pub(in crate::store) fn put_values(&self, values: &[Value]) -> Result<(), Error> {
        for (tree, key, value) in values {
            let tree = self.db.open_tree(tree).map_err(|e| self.failed("be written", e))?;
            tree.insert(&key[..], &value[..]).map_err(|e| self.failed("be written", e))?;
        }
        Ok(())
    }
}

/// What was stored under a key of `meta` or `shares`. None when it is garbled.
pub(in crate::store) fn payload<'a>(key: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    unseal(key, value)
}
