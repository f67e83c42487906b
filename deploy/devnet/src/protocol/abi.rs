//! ABI and bytecode of the contracts, as `deploy/contracts/out` has them.

#![allow(
    missing_docs,
    clippy::too_many_arguments,
    reason = "generated from the contracts' ABI, which documents it"
)]

use alloy::sol;

sol!(
    #[derive(Debug, PartialEq, Eq)]
    GuardianModule,
    "../contracts/out/GuardianModule.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    ValidatorRegistry,
    "../contracts/out/ValidatorRegistry.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    LocalDepositContract,
    "../contracts/out/LocalDepositContract.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    Forwarder,
    "../contracts/out/Forwarder.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    ExitProposals,
    "../contracts/out/ExitProposals.json"
);
sol!(
    #[derive(Debug, PartialEq, Eq)]
    GroupKey,
    "../contracts/out/GroupKey.json"
);
