//! The same on the embedded chain: whoever tests against it tests against what anvil does.

use super::*;
use crypto::execution::Tickets;
use devnet::protocol::{Draft, FIRST_MODULE};

#[tokio::test]
async fn registrations() {
    registration::a_registration_is_one_that_a_guardian_can_verify_on(Stage::embedded().await).await;
    registration::a_nested_call_stands_in_the_input_and_a_hidden_one_does_not_on(Stage::embedded().await)
        .await;
    registration::what_the_registry_refuses_on(Stage::embedded().await).await;
}

#[tokio::test]
async fn signatures() {
    signatures::enclaves_sign_a_provisioning_and_accounts_a_settlement_on(Stage::embedded().await).await;
}

#[tokio::test]
async fn tickets() {
    tickets::burned_to_the_wei_on(Stage::embedded().await).await;
    tickets::who_cannot_pay_reverts_the_whole_batch_on(Stage::embedded().await).await;
    tickets::the_log_of_a_short_life_on(Stage::embedded().await).await;
}

#[tokio::test]
async fn an_impossible_threshold_is_refused_at_deployment() {
    let chain = ExecutionChain::start(&ExecutionConfig::default(), None).unwrap();
    let node = chain.node("embedded").await.unwrap();
    let account = guardian(0).address();
    let parameters = Parameters {
        guardians: vec![Guardian { account, custody_key: None }],
        threshold: 2,
        genesis_fork: ForkVersion([0; 4]),
        module_limit: 1,
    };
    let refused = refusal(Protocol::deploy(&node.url(), parameters).await);
    assert!(refused.contains("InvalidThreshold"), "{refused}");
}

/// More than one window of transactions, and more provisioned than fit one transaction.
#[tokio::test]
async fn many_registrations_in_one_go() {
    const MANY: u64 = 600;
    let mut stage = Stage::embedded().await;
    let terms = stage.protocol.terms(FIRST_MODULE).await.unwrap();
    let drafts: Vec<_> = (0..MANY)
        .map(|_| Draft::sound(&SecretKey::generate(&mut stage.rng), &terms, &mut stage.rng).unwrap())
        .collect();
    let tickets = Tickets(28 * Tickets::ONE.0);
    let registered = stage.protocol.register_all(Account::new(1), &drafts, tickets).await.unwrap();
    let indices: Vec<_> = registered.iter().map(|registered| registered.id.index).collect();
    assert_eq!(indices, (0..MANY).collect::<Vec<_>>());
    stage.protocol.provision(FIRST_MODULE, MANY).await.unwrap();
    let info = stage.protocol.node_info(Account::new(1).address()).await.unwrap();
    assert_eq!((info.active, info.pending, info.tickets), (MANY, 0, tickets.saturating_mul(MANY)));
    stage.well();
}
