use super::*;
use crate::config::{Config, NodeConfig, Timeouts};
use crate::connect;
use crate::fake_node::{Dialect, FakeNode, chain, checkpoint, key, validator};
use crypto::spec::Gwei;
use crypto::validator::ValidatorStatus;

/// Fake nodes with one lookout over them that watches validators 1 and 2.
struct Stage {
    nodes: Vec<FakeNode>,
    lookout: Lookout,
    told: mpsc::Receiver<Observation>,
}

impl Stage {
    async fn new(dialects: &[Dialect]) -> Self {
        let mut nodes = Vec::new();
        for dialect in dialects {
            let node = FakeNode::start(*dialect).await;
            node.script().at_head = (0..5).map(validator).collect();
            node.script().at_finalized = (0..5).map(validator).collect();
            nodes.push(node);
        }
        let configs = nodes
            .iter()
            .enumerate()
            .map(|(n, node)| NodeConfig { name: format!("node-{n}"), url: node.url.clone() })
            .collect();
        let config = Config { nodes: configs, expected: chain(), timeouts: Timeouts::default() };
        let (out, told) = mpsc::channel(1000);
        let mut lookout = Lookout::new(connect(config).await.unwrap(), out);
        lookout.watch(vec![key(1), key(2)]);
        Self { nodes, lookout, told }
    }

    /// All nodes' heads move to `slot` and the lookout looks: what it tells.
    async fn look(&mut self, slot: u64) -> Vec<Observation> {
        for node in &self.nodes {
            node.script().head = Slot(slot);
        }
        self.look_only(slot).await
    }

    async fn look_only(&mut self, slot: u64) -> Vec<Observation> {
        self.lookout.look(Slot(slot)).await.unwrap();
        self.take()
    }

    fn take(&mut self) -> Vec<Observation> {
        let mut all = Vec::new();
        while let Ok(observation) = self.told.try_recv() {
            all.push(observation);
        }
        all
    }

    /// Looks at every slot from `from` to `to`; only what it tells of liveness.
    async fn liveness(&mut self, from: u64, to: u64) -> Vec<(u64, Observation)> {
        let mut all = Vec::new();
        for slot in from..=to {
            let told = self.look(slot).await;
            all.extend(
                told.into_iter()
                    .filter(|told| matches!(told, Observation::Liveness { .. }))
                    .map(|told| (slot, told)),
            );
        }
        all
    }

    fn set_finalized(&self, epoch: u64, root: u8) {
        for node in &self.nodes {
            node.script().finalized = checkpoint(epoch, root);
        }
    }

    fn set_live(&self, epoch: u64, index: u64) {
        for node in &self.nodes {
            node.script().live.insert((Epoch(epoch), ValidatorIndex(index)));
        }
    }
}

fn liveness(epoch: u64, live: &[u64], dark: &[u64]) -> Observation {
    let indices = |list: &[u64]| list.iter().copied().map(ValidatorIndex).collect();
    Observation::Liveness { epoch: Epoch(epoch), live: indices(live), dark: indices(dark) }
}

fn head(slot: u64) -> Observation {
    Observation::Head { slot: Slot(slot), validators: vec![validator(1), validator(2)] }
}

fn finalized(epoch: u64, root: u8) -> Observation {
    Observation::Finalized {
        checkpoint: checkpoint(epoch, root),
        validators: vec![validator(1), validator(2)],
    }
}

fn nodes(total: u16, healthy: u16, disagree: bool) -> Observation {
    Observation::Nodes { total, healthy, disagree }
}

#[tokio::test]
async fn both_dialects_tell_the_same_story() {
    for dialect in [Dialect::Current, Dialect::Older] {
        let mut stage = Stage::new(&[dialect]).await;
        stage.set_finalized(8, 8);
        for epoch in 9..13 {
            stage.set_live(epoch, 1);
        }
        stage.set_live(11, 2);

        assert_eq!(stage.look(80).await, [nodes(1, 1, false), head(80), finalized(8, 8)], "{dialect:?}");
        assert_eq!(stage.look(81).await, [head(81)], "nothing is told twice");
        stage.set_finalized(9, 9);
        assert_eq!(stage.look(82).await, [head(82), finalized(9, 9)]);
        // 83 to 87 end epoch 10, in which epoch 9 is asked for; validator 2 comes back in epoch 11.
        let expected = [
            (86, liveness(9, &[1], &[2])),
            (88, liveness(11, &[2], &[])),
            (94, liveness(10, &[1], &[2])),
            (102, liveness(11, &[1, 2], &[])),
        ];
        assert_eq!(stage.liveness(83, 102).await, expected, "{dialect:?}");
    }
}

#[tokio::test]
async fn the_older_way_is_remembered() {
    let mut stage = Stage::new(&[Dialect::Older]).await;
    stage.look(80).await;
    stage.liveness(81, 95).await;
    let requests = stage.nodes[0].take_requests("POST");
    assert_eq!(requests.iter().filter(|request| request.contains("validators")).count(), 1, "{requests:?}");
    assert_eq!(requests.iter().filter(|request| request.contains("liveness")).count(), 1, "{requests:?}");
}

#[tokio::test]
async fn without_liveness_endpoints_falling_balances_tell() {
    let mut stage = Stage::new(&[Dialect::NoLiveness, Dialect::NoLiveness]).await;
    let balances = |stage: &Stage, one: u64, two: u64| {
        for node in &stage.nodes {
            let mut script = node.script();
            script.at_finalized[1].balance = Gwei(one);
            script.at_finalized[2].balance = Gwei(two);
        }
    };
    stage.set_finalized(8, 8);
    balances(&stage, 31_000_000_000, 31_000_000_000);
    // A whole epoch, so that the missing endpoints are found missing.
    assert_eq!(stage.liveness(80, 87).await, []);
    stage.set_finalized(9, 9);
    balances(&stage, 31_000_010_000, 30_999_990_000);
    assert_eq!(stage.liveness(88, 88).await, [(88, liveness(7, &[1], &[2]))]);
}

#[tokio::test]
async fn one_node_that_saw_it_acquits() {
    let mut stage = Stage::new(&[Dialect::Current, Dialect::Older]).await;
    stage.nodes[1].script().live.insert((Epoch(9), ValidatorIndex(1)));
    assert_eq!(stage.liveness(80, 87).await, [(86, liveness(9, &[1], &[2]))]);
}

#[tokio::test]
async fn a_node_that_was_away_cannot_accuse_for_that_epoch() {
    let mut stage = Stage::new(&[Dialect::Current]).await;
    stage.set_live(9, 1);
    stage.look(80).await;
    stage.nodes[0].script().syncing = true;
    stage.look(81).await;
    stage.nodes[0].script().syncing = false;
    assert_eq!(
        stage.liveness(82, 87).await,
        [(86, liveness(9, &[1], &[]))],
        "2 was not seen, but it may have been missed"
    );
    assert_eq!(stage.liveness(88, 95).await, [], "nor can it accuse in epoch 10, which it saw only in part");
    assert_eq!(stage.liveness(96, 103).await, [(102, liveness(11, &[], &[1, 2]))]);
}

#[tokio::test]
async fn a_node_whose_head_stands_still_cannot_accuse() {
    let mut stage = Stage::new(&[Dialect::Current, Dialect::Current]).await;
    stage.look(79).await;
    stage.set_live(9, 1);
    let mut told = Vec::new();
    for slot in 80..88 {
        told.extend(stage.look_only(slot).await);
    }
    assert_eq!(
        told,
        [liveness(9, &[1], &[])],
        "no block of epoch 10, so nothing of epoch 9 is known to be missing"
    );
}

#[tokio::test]
async fn a_node_that_was_away_may_have_been_upgraded() {
    let mut stage = Stage::new(&[Dialect::Older]).await;
    stage.liveness(80, 87).await;
    stage.nodes[0].script().broken.insert("/".to_owned(), (503, Vec::new()));
    stage.look(88).await;
    stage.nodes[0].script().broken.clear();
    stage.nodes[0].script().dialect = Dialect::Current;
    stage.nodes[0].take_requests("");
    stage.set_live(10, 1);
    assert_eq!(stage.liveness(89, 95).await, [(89, liveness(10, &[1], &[]))]);
    let requests = stage.nodes[0].take_requests("");
    assert!(
        requests.contains(&"GET /eth/v1/config/spec".to_owned()),
        "the chain is checked anew: {requests:?}"
    );
    assert!(requests.contains(&"POST /eth/v1/validator/liveness/10".to_owned()), "{requests:?}");
}

#[tokio::test]
async fn a_late_attestation_corrects_the_first_answer() {
    let mut stage = Stage::new(&[Dialect::Current]).await;
    assert_eq!(stage.liveness(80, 85).await, [], "asked at 85, told at 86");
    stage.set_live(9, 1);
    assert_eq!(stage.liveness(86, 86).await, [(86, liveness(9, &[1], &[2]))]);
    stage.set_live(9, 2);
    assert_eq!(stage.liveness(87, 87).await, [(87, liveness(9, &[1, 2], &[]))]);
}

#[tokio::test]
async fn a_look_before_time_accuses_nobody() {
    let mut stage = Stage::new(&[Dialect::Current]).await;
    assert_eq!(stage.liveness(80, 87).await, [(86, liveness(9, &[], &[1, 2]))]);
    // Epoch 10 is looked at while it lasts, to see whether they came back, and never again: the node refuses.
    assert_eq!(stage.liveness(88, 91).await, []);
    let refusal = (400, b"not now".to_vec());
    stage.nodes[0].script().broken.insert("/eth/v1/validator/liveness".to_owned(), refusal);
    assert_eq!(stage.liveness(92, 104).await, [], "absence half way through says nothing");
}

#[tokio::test]
async fn an_answer_held_up_is_told_late_rather_than_never() {
    let mut stage = Stage::new(&[Dialect::Current]).await;
    assert_eq!(stage.liveness(80, 85).await, []);
    assert_eq!(stage.liveness(89, 89).await, [(89, liveness(9, &[], &[1, 2]))], "slots 86 to 88 were missed");
}

#[tokio::test]
async fn only_validators_on_duty_are_accused() {
    let mut stage = Stage::new(&[Dialect::Current]).await;
    {
        let mut script = stage.nodes[0].script();
        script.at_head[1].activation_epoch = Epoch(10);
        script.at_head[2].exit_epoch = Epoch(10);
        script.at_head[2].status = ValidatorStatus::ActiveExiting;
    }
    let told = stage.liveness(80, 103).await;
    let expected =
        [(86, liveness(9, &[], &[2])), (94, liveness(10, &[], &[1])), (102, liveness(11, &[], &[1]))];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn nodes_that_disagree_finalize_nothing_until_they_agree() {
    let mut stage = Stage::new(&[Dialect::Current, Dialect::Current, Dialect::Current]).await;
    stage.set_finalized(8, 8);
    assert_eq!(stage.look(80).await, [nodes(3, 3, false), head(80), finalized(8, 8)]);

    stage.set_finalized(9, 9);
    stage.nodes[2].script().finalized = checkpoint(9, 0xee);
    assert_eq!(stage.look(88).await, [nodes(3, 3, true), head(88)]);
    stage.set_finalized(10, 10);
    stage.nodes[2].script().finalized = checkpoint(10, 0xee);
    assert_eq!(stage.look(96).await, [head(96)], "a majority does not outvote a contradiction");

    stage.set_finalized(11, 11);
    assert_eq!(stage.look(104).await, [nodes(3, 3, false), head(104), finalized(11, 11)]);
}

#[tokio::test]
async fn a_finalized_block_that_is_taken_back_stops_everything() {
    let mut stage = Stage::new(&[Dialect::Current]).await;
    stage.set_finalized(8, 8);
    stage.look(80).await;
    stage.set_finalized(8, 0xee);
    assert_eq!(stage.look(81).await, [nodes(1, 1, true), head(81)]);
    stage.set_finalized(9, 0xee);
    assert_eq!(stage.look(82).await, [head(82)], "its next checkpoint is no better than its last");
    // The node is given another database: it syncs, and what it says then no longer contradicts us.
    stage.nodes[0].script().syncing = true;
    stage.look(83).await;
    stage.nodes[0].script().syncing = false;
    stage.set_finalized(9, 9);
    assert_eq!(stage.look(84).await, [nodes(1, 1, false), head(84), finalized(9, 9)]);
}

#[tokio::test]
async fn a_lagging_node_holds_nothing_up() {
    let mut stage = Stage::new(&[Dialect::Current, Dialect::Current, Dialect::Current]).await;
    stage.set_finalized(8, 8);
    stage.look(80).await;
    stage.set_finalized(9, 9);
    stage.nodes[0].script().finalized = checkpoint(8, 8);
    assert_eq!(stage.look(88).await, [head(88), finalized(9, 9)]);
}

#[tokio::test]
async fn a_state_read_while_finality_moved_is_not_reported() {
    let mut stage = Stage::new(&[Dialect::Current]).await;
    stage.nodes[0].script().finalized_before = vec![checkpoint(8, 8)];
    stage.set_finalized(9, 9);
    assert_eq!(stage.look(80).await, [nodes(1, 1, false), head(80)], "8 when asked, 9 when confirmed");
    assert_eq!(stage.look(81).await, [head(81), finalized(9, 9)]);
}

#[tokio::test]
async fn before_anything_is_finalized_nothing_is_told_so() {
    let mut stage = Stage::new(&[Dialect::Current]).await;
    stage.set_finalized(0, 0);
    assert_eq!(stage.look(3).await, [nodes(1, 1, false), head(3)]);
}

#[tokio::test]
async fn another_node_answers_when_the_first_does_not() {
    let mut stage = Stage::new(&[Dialect::Current, Dialect::Older]).await;
    stage.set_finalized(8, 8);
    for broken in ["/eth/v1/beacon/states/head/validators", "/eth/v1/beacon/states/finalized/validators"] {
        stage.nodes[0].script().broken.insert(broken.to_owned(), (500, b"busy".to_vec()));
    }
    assert_eq!(stage.look(80).await, [nodes(2, 2, false), head(80), finalized(8, 8)]);
}

#[tokio::test]
async fn health_is_told_when_it_changes() {
    let mut stage = Stage::new(&[Dialect::Current, Dialect::Current]).await;
    assert_eq!(stage.look(80).await, [nodes(2, 2, false), head(80)]);
    stage.nodes[0].script().broken.insert("/".to_owned(), (503, Vec::new()));
    assert_eq!(stage.look(81).await, [nodes(2, 1, false), head(81)]);
    stage.nodes[1].script().syncing = true;
    assert_eq!(stage.look(82).await, [nodes(2, 0, false)], "a syncing node's head is no head");
}

#[tokio::test]
async fn the_head_never_goes_back() {
    let mut stage = Stage::new(&[Dialect::Current, Dialect::Current]).await;
    stage.look(80).await;
    stage.nodes[1].script().head = Slot(82);
    assert_eq!(stage.look_only(82).await, [head(82)]);
    stage.nodes[1].script().syncing = true;
    assert_eq!(stage.look_only(83).await, [nodes(2, 1, false)], "node 0 is still at 80");
}

#[tokio::test]
async fn exits_are_told_once_and_looked_up() {
    let mut stage = Stage::new(&[Dialect::Current, Dialect::Current]).await;
    stage.look(80).await;
    let exit = |index| Hint::Exit(VoluntaryExit { epoch: Epoch(9), validator_index: ValidatorIndex(index) });
    assert_eq!(stage.lookout.hear(0, exit(2)).await, Ok(true));
    assert_eq!(stage.lookout.hear(1, exit(2)).await, Ok(false), "the other node calls out the same");
    assert_eq!(stage.lookout.hear(0, exit(4)).await, Ok(false), "not watched");
    assert_eq!(stage.lookout.hear(7, exit(1)).await, Ok(false), "no such node");
    let told = Observation::ExitGossiped { validator_index: ValidatorIndex(2), epoch: Epoch(9) };
    assert_eq!(stage.take(), [told]);

    for node in &stage.nodes {
        node.script().at_head[2].status = ValidatorStatus::ActiveExiting;
    }
    let told = stage.look_only(80).await;
    let [Observation::Head { slot: Slot(80), validators }] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(validators[1].status, ValidatorStatus::ActiveExiting);
}

#[tokio::test]
async fn hints_are_worth_a_look_when_they_are_new_and_from_a_healthy_node() {
    let mut stage = Stage::new(&[Dialect::Current, Dialect::Current]).await;
    stage.nodes[1].script().syncing = true;
    stage.look(80).await;
    assert_eq!(stage.lookout.hear(0, Hint::Head(Slot(81))).await, Ok(true));
    assert_eq!(stage.lookout.hear(0, Hint::Head(Slot(80))).await, Ok(false));
    assert_eq!(stage.lookout.hear(0, Hint::Finalized).await, Ok(true));
    assert_eq!(stage.lookout.hear(1, Hint::Head(Slot(99))).await, Ok(false));
}

#[tokio::test]
async fn what_is_watched_may_change() {
    let mut stage = Stage::new(&[Dialect::Current]).await;
    stage.look(80).await;
    stage.lookout.watch(vec![key(3)]);
    let told = stage.look_only(80).await;
    assert_eq!(told, [Observation::Head { slot: Slot(80), validators: vec![validator(3)] }]);
    stage.lookout.watch(Vec::new());
    assert_eq!(stage.look(81).await, [Observation::Head { slot: Slot(81), validators: Vec::new() }]);
    assert_eq!(stage.liveness(82, 95).await, [], "nobody to ask for");
}

#[tokio::test]
async fn many_validators_are_asked_for_once_an_epoch() {
    let mut stage = Stage::new(&[Dialect::Current]).await;
    let count = EVERY_HEAD as u64 + 1;
    stage.nodes[0].script().at_head = (0..count).map(validator).collect();
    stage.lookout.watch((0..count).map(key).collect());
    let mut asked = Vec::new();
    for slot in 80..97 {
        for told in stage.look(slot).await {
            if let Observation::Head { validators, .. } = told
                && !validators.is_empty()
            {
                assert_eq!(validators.len() as u64, count);
                asked.push(slot);
            }
        }
    }
    assert_eq!(asked, [80, 88, 96]);
}

#[tokio::test]
async fn it_stops_when_nobody_listens() {
    let mut stage = Stage::new(&[Dialect::Current]).await;
    stage.told.close();
    assert_eq!(stage.lookout.look(Slot(80)).await, Err(Stopped));
}
