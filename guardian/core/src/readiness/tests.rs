use super::*;
use crate::event::Event;
use crate::message::Envelope;
use crate::scene::{BOB, CAROL, Scene, pubkey};

fn part(day: u64, keys: usize) -> Readiness {
    Readiness { day, part: 0, parts: 1, keys: vec![[1; 8]; keys], proof: vec![1] }
}

fn hear(scene: &mut Scene, from: GuardianIndex, readiness: Readiness) -> bool {
    scene.take();
    let message = Message::Readiness(readiness);
    scene.feed(Event::MessageReceived { from, message, envelope: Envelope(Vec::new()) });
    scene.take().iter().any(|command| matches!(command, Command::CheckReadiness { .. }))
}

#[test]
fn a_day_is_proven_once_and_said_every_epoch() {
    let mut scene = Scene::new();
    scene.start();
    scene.slot(5);
    let asks = |commands: &[Command]| {
        commands.iter().any(|command| matches!(command, Command::ProveReadiness { day: 0 }))
    };
    assert!(asks(&scene.take()));
    let held = scene.guardian.view.held().count();
    scene.feed(Event::ReadinessProven { parts: vec![part(0, held)] });
    let says = |commands: &[Command]| {
        commands.iter().filter(|command| matches!(command, Command::Broadcast(Message::Readiness(_)))).count()
    };
    assert_eq!(says(&scene.take()), 1);
    scene.slot(6);
    let commands = scene.take();
    assert!(!asks(&commands) && says(&commands) == 0);
    scene.slot(8);
    assert_eq!(says(&scene.take()), 1, "with the epoch");
    scene.slot(4 * DAY_EPOCHS);
    let commands = scene.take();
    let next = commands.iter().any(|command| matches!(command, Command::ProveReadiness { day: 1 }));
    assert!(next, "a new day");
}

#[test]
fn the_matrix_counts_verified_proofs_of_today_and_yesterday_only() {
    let mut scene = Scene::new();
    scene.start();
    scene.slot(5);
    assert!(hear(&mut scene, BOB, part(0, 1)));
    assert!(!hear(&mut scene, BOB, part(2, 1)), "of the day after tomorrow");
    let checked = |from, day, valid| Event::ReadinessChecked {
        from,
        day,
        part: 0,
        validators: Some(vec![pubkey(0)]),
        valid,
    };
    scene.feed(checked(BOB, 0, true));
    scene.feed(checked(CAROL, 0, false));
    assert_eq!(scene.guardian.ready_for(&pubkey(0)), [BOB]);
    assert!(!hear(&mut scene, BOB, part(0, 1)), "not verified twice");
    let status = scene.guardian.status();
    assert!(
        status
            .faults
            .iter()
            .any(|fault| fault.guardian == CAROL && fault.kind == FaultKind::InvalidReadiness)
    );
    assert_eq!(status.readiness.iter().find(|each| each.guardian == BOB).unwrap().proven, 1);
    scene.slot(4 * DAY_EPOCHS);
    assert_eq!(scene.guardian.ready_for(&pubkey(0)), [BOB], "yesterday's still counts");
    scene.slot(8 * DAY_EPOCHS);
    assert!(scene.guardian.ready_for(&pubkey(0)).is_empty());
}
