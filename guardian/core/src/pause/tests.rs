use super::*;
use crate::event::{Event, RequestId};
use crate::message::Decision;
use crate::proposal::{ProposalId, State};
use crate::scene::{
    BOB, CAROL, DAVE, DUE_SLOT, ME, Scene, envelope, faults, partial, proposal_at, said, signature, written,
};

const PAUSED: bool = true;

/// Our operator asks.
pub(crate) fn switch(scene: &mut Scene, paused: bool, scope: PauseScope) {
    let (by, note) = (OperatorName { uid: 0, name: "ann".to_owned() }, "why".to_owned());
    let request = if paused { Request::Pause { scope, note } } else { Request::Resume { scope, note } };
    let mut out = Vec::new();
    let at = scene.guardian.view.slot();
    scene.guardian.persist(Record::Asked { at, by, request }, &mut out);
    scene.guardian.switch_pause(paused, scope, &mut out);
    scene.perform(out);
}

fn wish(revision: u32, paused: bool) -> Wish {
    Wish { guardian_set_epoch: GuardianSetEpoch(0), revision, paused }
}

fn hear_wish(scene: &mut Scene, from: GuardianIndex, revision: u32, paused: bool) {
    scene.hear(from, Message::Wish(wish(revision, paused)));
}

fn notices(commands: &[Command]) -> Vec<&Notice> {
    commands
        .iter()
        .filter_map(|c| if let Command::Notify(notice) = c { Some(notice) } else { None })
        .collect()
}

fn changed(paused: bool, network: bool) -> Notice {
    Notice::PauseChanged { paused, network }
}

fn wishes(commands: &[Command]) -> Vec<Wish> {
    let wish = |message: &&Message| if let Message::Wish(wish) = message { Some(*wish) } else { None };
    said(commands).iter().filter_map(wish).collect()
}

/// What of an exit left, or was ordered so that it might.
fn left(commands: &[Command]) -> Vec<&'static str> {
    let kind = |command: &Command| match command {
        Command::Persist(records) => {
            records.iter().any(|r| matches!(r, Record::Released { .. })).then_some("release")
        }
        Command::SignExit(_) => Some("sign"),
        Command::Broadcast(Message::Partial(_)) => Some("partial"),
        Command::CombineExit(_) => Some("combine"),
        Command::SubmitExit { .. } => Some("submit"),
        _ => None,
    };
    commands.iter().filter_map(kind).collect()
}

/// Goes on slot by slot, the chain healthy, validator 0 dark.
fn run(scene: &mut Scene, slots: std::ops::Range<u64>) {
    for slot in slots {
        if slot % 4 == 1 {
            scene.liveness(slot / 4 - 1, false);
            scene.observe(Slot(slot), &[]);
        }
        scene.slot(slot);
    }
}

/// A pause that comes between two steps: what happens meanwhile, and what leaves once it ends.
struct Race {
    name: &'static str,
    before: fn() -> (Scene, ProposalId),
    meanwhile: fn(&mut Scene, ProposalId),
    state: State,
    after: &'static [&'static str],
}

fn signed() -> (Scene, ProposalId) {
    let (mut scene, id) = Scene::released();
    scene.feed(Event::ExitSigned(partial(id, ME)));
    scene.hear(BOB, Message::Partial(partial(id, BOB)));
    (scene, id)
}

fn ordered() -> (Scene, ProposalId) {
    let (mut scene, id) = signed();
    scene.hear(CAROL, Message::Partial(partial(id, CAROL)));
    (scene, id)
}

const RACES: [Race; 6] = [
    Race {
        name: "before the release",
        before: Scene::voted,
        meanwhile: |scene, id| {
            scene.hear_vote(BOB, id, 0, Decision::Approve);
            scene.hear_vote(CAROL, id, 0, Decision::Approve);
        },
        state: State::Certified,
        after: &["release", "sign"],
    },
    Race {
        name: "between the release and the order to sign",
        before: || {
            // The order was lost with the machine.
            let (mut scene, id) = Scene::released();
            scene.restart(Slot(DUE_SLOT.0 + 1));
            scene.guardian.docket.get_mut(&id).unwrap().ceremony.ordered = None;
            (scene, id)
        },
        meanwhile: |_, _| {},
        state: State::Signed,
        after: &["sign"],
    },
    Race {
        name: "between the order and the signature",
        before: Scene::released,
        meanwhile: |scene, id| scene.feed(Event::ExitSigned(partial(id, ME))),
        state: State::Signed,
        after: &["partial"],
    },
    Race {
        name: "between the signature and the combination",
        before: signed,
        meanwhile: |scene, id| scene.hear(CAROL, Message::Partial(partial(id, CAROL))),
        state: State::Signed,
        after: &["combine", "partial"],
    },
    Race {
        name: "between the combination's order and its end",
        before: ordered,
        meanwhile: |scene, id| {
            scene.feed(Event::ExitCombined { proposal: id, signature: signature(), culprits: Vec::new() });
        },
        state: State::Signed,
        after: &["partial", "submit"],
    },
    Race {
        name: "between the combination and the submission",
        before: || {
            let (mut scene, id) = Scene::combined();
            // It was another's turn, or is ours again.
            scene.guardian.docket.get_mut(&id).unwrap().ceremony.offered = None;
            (scene, id)
        },
        meanwhile: |_, _| {},
        state: State::Signed,
        after: &["partial", "submit"],
    },
];

#[test]
fn a_pause_wins_every_race_and_what_waited_leaves_when_it_ends() {
    for Race { name, before, meanwhile, state, after } in RACES {
        for (scope, restarts) in [
            (PauseScope::Local, false),
            (PauseScope::Local, true),
            (PauseScope::Network, false),
            (PauseScope::Network, true),
        ] {
            let case = format!("{name}, {scope:?}, restart {restarts}");
            let (mut scene, id) = before();
            scene.take();
            switch(&mut scene, PAUSED, scope);
            meanwhile(&mut scene, id);
            if restarts {
                let commands = scene.take();
                assert!(left(&commands).is_empty(), "{case}: {:?}", left(&commands));
                scene.restart(Slot(DUE_SLOT.0 + 2));
            }
            run(&mut scene, DUE_SLOT.0 + 3..DUE_SLOT.0 + 14);
            let commands = scene.take();
            assert!(left(&commands).is_empty(), "{case}: {:?}", left(&commands));
            assert_eq!(scene.state(id), Some(state), "{case}");
            if state == State::Certified {
                assert_eq!(scene.hold(id), Some(Hold::Paused), "{case}");
            }
            switch(&mut scene, !PAUSED, scope);
            run(&mut scene, DUE_SLOT.0 + 14..DUE_SLOT.0 + 24);
            let commands = scene.take();
            let left = left(&commands);
            assert!(after.iter().all(|step| left.contains(step)), "{case}: {left:?}");
        }
    }
}

#[test]
fn votes_and_certificates_go_on() {
    let (mut scene, id) = Scene::voted();
    switch(&mut scene, PAUSED, PauseScope::Local);
    scene.take();
    scene.hear_vote(BOB, id, 0, Decision::Approve);
    scene.hear_vote(CAROL, id, 0, Decision::Approve);
    assert!(said(&scene.take()).iter().any(|m| matches!(m, Message::Certificate(_))));
    let mut scene = Scene::due();
    switch(&mut scene, PAUSED, PauseScope::Network);
    scene.slot(DUE_SLOT.0);
    scene.hear(BOB, Message::Proposal(proposal_at(DUE_SLOT.0)));
    assert_eq!(scene.own(proposal_at(DUE_SLOT.0).id()), Some(Decision::Approve));
}

#[test]
fn no_partial_is_told_while_paused() {
    let (mut scene, id) = signed();
    let told = |scene: &mut Scene, number, from| {
        scene.take();
        scene.feed(Event::CatchUpRequested { from, request: RequestId(number) });
        let commands = scene.take();
        let [Command::Reply { envelopes, .. }] = &commands[..] else { panic!("one answer") };
        envelopes.len()
    };
    // The votes were heard one by one, so there is no certificate as sealed: proposal and votes were told by it.
    let before = told(&mut scene, 1, BOB);
    switch(&mut scene, PAUSED, PauseScope::Local);
    assert_eq!(told(&mut scene, 2, CAROL), before - 2, "ours and Bob's");
    let partials = scene.status_of(id).unwrap().partials;
    assert_eq!(partials.iter().map(|held| held.guardian).collect::<Vec<_>>(), [ME, BOB]);
}

#[test]
fn t_wishes_pause_the_network_and_too_few_do_not() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    scene.take();
    hear_wish(&mut scene, BOB, 0, PAUSED);
    hear_wish(&mut scene, CAROL, 0, PAUSED);
    assert_eq!(scene.guardian.paused(), None);
    assert!(notices(&scene.take()).is_empty());
    hear_wish(&mut scene, DAVE, 0, PAUSED);
    assert_eq!(scene.guardian.paused(), Some(Hold::NetworkPaused));
    assert_eq!(notices(&scene.take()), [&changed(true, true)]);
    let status = scene.guardian.status().pauses;
    assert_eq!((status.network, status.threshold, status.local), (true, 3, None));
    assert_eq!(status.wished_by, [BOB, CAROL, DAVE]);
    run(&mut scene, DUE_SLOT.0 + 1..DUE_SLOT.0 + 5);
    scene.take();
    hear_wish(&mut scene, CAROL, 1, !PAUSED);
    assert_eq!((scene.guardian.paused(), scene.guardian.status().pauses.network), (None, false));
    assert_eq!(notices(&scene.take()), [&changed(false, false)]);
}

#[test]
fn the_networks_pause_holds_a_certified_exit_until_it_ends() {
    let (mut scene, id) = Scene::voted();
    [BOB, CAROL, DAVE].into_iter().for_each(|from| hear_wish(&mut scene, from, 0, PAUSED));
    scene.hear_vote(BOB, id, 0, Decision::Approve);
    scene.hear_vote(CAROL, id, 0, Decision::Approve);
    assert_eq!((scene.state(id), scene.hold(id)), (Some(State::Certified), Some(Hold::NetworkPaused)));
    scene.restart(Slot(DUE_SLOT.0 + 4));
    assert_eq!(scene.hold(id), Some(Hold::NetworkPaused));
    hear_wish(&mut scene, BOB, 1, !PAUSED);
    assert_eq!((scene.state(id), scene.hold(id)), (Some(State::Signed), None), "at once");
}

#[test]
fn whoever_wishes_it_is_paused_itself_and_written_before_it_is_said() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    scene.take();
    switch(&mut scene, PAUSED, PauseScope::Network);
    let commands = scene.take();
    let cast = Record::WishCast { wish: wish(0, PAUSED), at: DUE_SLOT };
    let at = |test: &dyn Fn(&Command) -> bool| commands.iter().position(test).unwrap();
    let written_at = at(&|c| matches!(c, Command::Persist(records) if records.contains(&cast)));
    assert!(written_at < at(&|c| matches!(c, Command::Broadcast(Message::Wish(_)))));
    assert_eq!(notices(&commands), [&changed(true, false)]);
    // The local one ends; the wish stays, and the status says so.
    switch(&mut scene, !PAUSED, PauseScope::Local);
    assert_eq!(scene.guardian.paused(), Some(Hold::Paused));
    let status = scene.guardian.status().pauses;
    assert_eq!((status.local, status.wished_by, status.network), (None, vec![ME], false));
    assert!(wishes(&scene.take()).is_empty());
    switch(&mut scene, !PAUSED, PauseScope::Network);
    assert_eq!(scene.guardian.paused(), None);
    let commands = scene.take();
    assert_eq!(
        (wishes(&commands), notices(&commands)),
        (vec![wish(1, !PAUSED)], vec![&changed(false, false)])
    );
    // Nothing new to wish.
    switch(&mut scene, !PAUSED, PauseScope::Network);
    let commands = scene.take();
    assert!(wishes(&commands).is_empty() && notices(&commands).is_empty());
}

#[test]
fn resuming_with_the_network_ends_the_local_pause_too() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    switch(&mut scene, PAUSED, PauseScope::Local);
    let status = scene.guardian.status().pauses;
    let local = status.local.unwrap();
    assert_eq!((local.since, local.by.name.as_str(), local.note.as_str()), (DUE_SLOT, "ann", "why"));
    switch(&mut scene, PAUSED, PauseScope::Network);
    switch(&mut scene, !PAUSED, PauseScope::Network);
    assert_eq!((scene.guardian.paused(), scene.guardian.status().pauses.local), (None, None));
}

#[test]
fn our_own_wish_counts_among_the_t() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    switch(&mut scene, PAUSED, PauseScope::Network);
    scene.take();
    hear_wish(&mut scene, BOB, 0, PAUSED);
    hear_wish(&mut scene, CAROL, 0, PAUSED);
    assert!(scene.guardian.status().pauses.network);
    assert_eq!(notices(&scene.take()), [&changed(true, true)]);
    assert_eq!(scene.guardian.paused(), Some(Hold::Paused), "ours first");
}

#[test]
fn two_wishes_with_one_revision_are_a_fault_with_both_as_evidence() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    hear_wish(&mut scene, BOB, 2, PAUSED);
    scene.take();
    let message = Message::Wish(wish(2, !PAUSED));
    scene.feed(Event::MessageReceived { from: BOB, message, envelope: envelope(BOB, 77) });
    let commands = scene.take();
    assert_eq!(faults(&commands), [(BOB, "equivocation")]);
    let evidence = written(&commands).into_iter().find_map(|record| match record {
        Record::Faulted { evidence, .. } => Some(evidence.clone()),
        _ => None,
    });
    assert_eq!(evidence, Some(vec![envelope(BOB, 200), envelope(BOB, 77)]));
    // The first one stands, and older ones are old news.
    hear_wish(&mut scene, BOB, 1, !PAUSED);
    assert_eq!(scene.guardian.status().pauses.wished_by, [BOB]);
    assert!(faults(&scene.take()).is_empty());
}

#[test]
fn changes_of_mind_are_taken_one_at_a_time() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    for revision in 0..50 {
        hear_wish(&mut scene, BOB, revision, revision % 2 == 0);
    }
    hear_wish(&mut scene, CAROL, 0, PAUSED);
    let commands = scene.take();
    let seen = |from| {
        let is_his = |record: &&&Record| matches!(record, Record::WishSeen { from: who, .. } if *who == from);
        written(&commands).iter().filter(is_his).count()
    };
    assert_eq!((seen(BOB), seen(CAROL), faults(&commands)), (1, 1, Vec::new()));
    scene.slot(DUE_SLOT.0 + 3);
    hear_wish(&mut scene, BOB, 49, !PAUSED);
    assert_eq!(scene.guardian.status().pauses.wished_by, [BOB, CAROL]);
    scene.slot(DUE_SLOT.0 + 4);
    hear_wish(&mut scene, BOB, 49, !PAUSED);
    assert_eq!(scene.guardian.status().pauses.wished_by, [CAROL]);
}

#[test]
fn wishes_of_another_guardian_set_or_of_strangers_do_not_count() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    scene.take();
    let foreign = Wish { guardian_set_epoch: GuardianSetEpoch(1), ..wish(0, PAUSED) };
    scene.hear(BOB, Message::Wish(foreign));
    assert_eq!(faults(&scene.take()), [(BOB, "wrong_epoch")]);
    hear_wish(&mut scene, GuardianIndex(5), 0, PAUSED);
    assert!(scene.guardian.status().pauses.wished_by.is_empty());
}

#[test]
fn our_wish_is_said_again_every_epoch_and_to_who_comes_within_reach() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    run(&mut scene, 37..45);
    assert!(wishes(&scene.take()).is_empty(), "nothing to wish");
    switch(&mut scene, PAUSED, PauseScope::Network);
    scene.take();
    let said_at = |scene: &mut Scene, slots: std::ops::Range<u64>| {
        let is_said = |slot: &u64| {
            run(scene, *slot..*slot + 1);
            wishes(&scene.take()) == [wish(0, PAUSED)]
        };
        slots.filter(is_said).collect::<Vec<_>>()
    };
    assert_eq!(said_at(&mut scene, 45..57), [48, 52, 56]);
    // Epochs of the scene are as long as the least distance, so another one is needed to see it.
    scene.guardian.definition.chain.slots_per_epoch = std::num::NonZeroU64::new(32).unwrap();
    scene.slot(57);
    scene.take();
    scene.feed(Event::PeerConnected(BOB));
    scene.slot(58);
    scene.feed(Event::PeerConnected(CAROL));
    scene.take();
    let slots = (59..64).filter(|slot| {
        scene.slot(*slot);
        !wishes(&scene.take()).is_empty()
    });
    assert_eq!(slots.collect::<Vec<_>>(), [60], "four slots after the one at 56, and once for both");
}

#[test]
fn who_was_away_is_told_everybodys_wish() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    switch(&mut scene, PAUSED, PauseScope::Network);
    hear_wish(&mut scene, CAROL, 4, !PAUSED);
    scene.take();
    scene.feed(Event::CatchUpRequested { from: BOB, request: RequestId(1) });
    let commands = scene.take();
    let [Command::Reply { envelopes, .. }] = &commands[..] else { panic!("one answer") };
    assert_eq!(envelopes.len(), 2);
    assert_eq!((envelopes[0].0[0], envelopes[1].clone()), (1, envelope(CAROL, 200)));
}

#[test]
fn a_restart_keeps_all_and_is_no_news() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    switch(&mut scene, PAUSED, PauseScope::Local);
    switch(&mut scene, PAUSED, PauseScope::Network);
    [BOB, CAROL].into_iter().for_each(|from| hear_wish(&mut scene, from, 7, PAUSED));
    let before = scene.guardian.status().pauses;
    assert!(before.network);
    scene.restart(Slot(DUE_SLOT.0 + 1));
    assert_eq!(scene.guardian.status().pauses, before);
    assert!(notices(&scene.take()).is_empty());
    hear_wish(&mut scene, BOB, 6, !PAUSED);
    assert_eq!(scene.guardian.status().pauses, before, "old news is still old");
}

/// A guardian on an old backup hears what it once wished.
#[test]
fn our_own_forgotten_wish_stands_and_closes_the_caps() {
    let (mut scene, id) = Scene::voted();
    scene.take();
    hear_wish(&mut scene, ME, 3, PAUSED);
    let commands = scene.take();
    assert_eq!(notices(&commands), [&Notice::JournalIsOld, &changed(true, false)]);
    assert!(written(&commands).contains(&&Record::Lapsed(DUE_SLOT)));
    assert_eq!(scene.guardian.paused(), Some(Hold::Paused));
    switch(&mut scene, !PAUSED, PauseScope::Network);
    assert_eq!(wishes(&scene.take()), [wish(4, !PAUSED)]);
    scene.hear_vote(BOB, id, 0, Decision::Approve);
    scene.hear_vote(CAROL, id, 0, Decision::Approve);
    assert_eq!(scene.hold(id), Some(Hold::CapsUnknown));
}

/// The same, after our operator wished something else under the number of the forgotten one.
#[test]
fn what_we_wished_since_a_loss_is_said_anew_with_a_higher_number() {
    let mut scene = Scene::due();
    scene.slot(DUE_SLOT.0);
    switch(&mut scene, PAUSED, PauseScope::Network);
    scene.take();
    let message = Message::Wish(wish(0, !PAUSED));
    for _ in 0..2 {
        let envelope = envelope(ME, 250);
        scene.feed(Event::MessageReceived { from: ME, message: message.clone(), envelope });
    }
    let commands = scene.take();
    assert_eq!(wishes(&commands), [wish(1, PAUSED)]);
    assert_eq!((notices(&commands), faults(&commands)), (vec![&Notice::JournalIsOld], Vec::new()));
    assert_eq!(scene.guardian.status().pauses.wished_by, [ME]);
}

#[test]
fn before_the_first_slot_nothing_of_ours_is_old() {
    let mut scene = Scene::new();
    hear_wish(&mut scene, ME, 3, PAUSED);
    assert_eq!(scene.guardian.paused(), None);
    assert!(scene.journal.is_empty());
    scene.slot(DUE_SLOT.0);
    hear_wish(&mut scene, ME, 3, PAUSED);
    assert_eq!(scene.guardian.paused(), Some(Hold::Paused));
}
