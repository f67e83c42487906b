//! The third story: governance asks for the exits of two validators through the `ExitProposals` contract, a stranger tries
//! the same in vain, and the guardians' operators decide through their own command line. Three approve, one does not.
//! Told over URLs, admin sockets and the chains' own words, so it is the same on anvil and Lodestar.

mod witness;

use super::beacon::Beacon;
use super::exits::Sight;
use super::fact::Fact;
use super::world::World;
use super::{LOOK_EVERY, statuses};
use crate::Error;
use crate::narrator::{CHAIN, GOVERNANCE, Narrator, STRANGER};
use crate::processes::Guardians;
use crate::protocol::{Account, ExitRequest, Protocol};
use crypto::execution::{Address, BlockNumber};
use crypto::spec::{Epoch, Slot, ValidatorIndex};
use guardian_core::emergency::Severity;
use guardian_core::lifecycle::Step;
use guardian_core::proposal::ProposalId;
use guardian_core::request::{Answer, Inspection};
use guardian_core::status::StatusSnapshot;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use witness::EmergencyWitness;

/// Whom governance wants to leave. Their shares came in files.
const TARGETS: [ValidatorIndex; 2] = [ValidatorIndex(1), ValidatorIndex(2)];

/// Who must stay on duty: the last one whose shares came in files and that no story makes leave.
const STAYING: [ValidatorIndex; 1] = [ValidatorIndex(0)];

/// Asks: allowed by the contract, and by the definition.
const PROPOSER: Account = Account::new(3);

/// Asks too: allowed by nobody.
const OUTSIDER: Account = Account::new(4);

/// Most validators the definition lets [`PROPOSER`] ask for at once.
const MOST: u64 = 8;

/// Why, for the operators.
const REASON: &str = "withdrawal keys of this host leaked";

/// How long the emergency lives, seconds: longer than any story.
const LIFE: u64 = 1_800;

/// The guardians' operators in the order in which they decide, by place, and the command each gives. The third approval
/// certifies, so whoever is against says so before.
const DECISIONS: [(usize, &str, &str); 4] = [
    (0, "approve", "called them, it is true"),
    (3, "reject", "cannot reach anybody there"),
    (1, "approve", "seen their report"),
    (2, "approve", "seen their report"),
];

/// How the story of the emergency ended, when it ended well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EmergencyOutcome {
    /// The contract that governance asked through.
    pub contract: Address,
    /// The account it asked with.
    pub proposer: Address,
    /// The account that was refused.
    pub refused: Address,
    /// The contract's number of what was asked.
    pub number: u64,
    /// Its block.
    pub block: BlockNumber,
    /// What the guardians call it.
    pub emergency: ProposalId,
    /// Who left.
    pub validators: Vec<ValidatorIndex>,
    /// Names of the guardians whose operators approved, in their order.
    pub approvals: Vec<String>,
    /// Names of those whose operators rejected.
    pub rejections: Vec<String>,
    /// First epochs the validators are off duty.
    pub exit_epochs: Vec<Epoch>,
    /// The epoch whose finality covers the exits.
    pub finalized: Epoch,
}

/// Flags of `guardian network create` for this story.
pub(super) fn rules() -> Vec<String> {
    vec!["--emergency-proposer".into(), format!("governance={}:{MOST}", PROPOSER.address())]
}

/// The owner allows governance's account to ask.
pub(super) async fn allow(protocol: &Protocol, slot: Slot, narrator: &mut Narrator) -> Result<(), Error> {
    protocol.allow_proposer(PROPOSER.address()).await?;
    let allowed =
        Fact::ProposerAllowed { contract: protocol.addresses().exit_proposals, proposer: PROPOSER.address() };
    narrator.tell(slot, &[GOVERNANCE], &allowed);
    Ok(())
}

/// What is in a block.
struct Asked {
    number: u64,
    block: BlockNumber,
}

/// Asks when everybody is ready, lets the operators decide when everybody has read it, and sees the validators leave.
pub(super) async fn watch(
    world: &mut World,
    guardians: &mut Guardians,
    protocol: &Protocol,
    narrator: &mut Narrator,
    deadline: Duration,
) -> Result<EmergencyOutcome, Error> {
    let beacon = world.beacon().await?;
    let names = (0..guardians.len()).map(|index| guardians.name(index).to_owned()).collect();
    let mut witness = EmergencyWitness::new(names, &TARGETS);
    let mut asked = None;
    let mut decided = false;
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        world.check()?;
        for index in 0..guardians.len() {
            guardians.check(index)?;
        }
        let statuses = statuses(guardians).await;
        let sight = Sight::of(&beacon, &TARGETS, &STAYING).await?;
        let slot = sight.position.slot;
        for (who, fact) in witness.look(&statuses, &sight) {
            let who: Vec<&str> = who.iter().map(String::as_str).collect();
            narrator.tell(slot, &who, &fact);
        }
        if asked.is_none() && witness.is_set(&statuses) {
            let made = ask(guardians, protocol, &beacon, narrator).await?;
            witness.expect(made.number);
            asked = Some(made);
        }
        if let (false, Some(emergency)) = (decided, witness.read_by_all()) {
            decide(guardians, emergency, slot, narrator).await?;
            decided = true;
        }
        if let (Some(asked), Some((emergency, finalized))) = (&asked, witness.ended()) {
            if sight.staying.iter().any(Option::is_some) {
                let problem = format!("a validator that nobody named leaves the chain, of {STAYING:?}");
                return Err(Error::Unexpected { problem });
            }
            for validator in TARGETS {
                let (who, steps) = way(&statuses, guardians, validator)?;
                narrator.tell(slot, &[&who], &Fact::Way { validator, steps });
            }
            narrator.tell(slot, &[CHAIN], &Fact::Spared { validators: STAYING.into() });
            let by = |wanted: &str| {
                let by = DECISIONS.iter().filter(|(_, command, _)| *command == wanted);
                by.map(|(index, ..)| guardians.name(*index).to_owned()).collect()
            };
            return Ok(EmergencyOutcome {
                contract: protocol.addresses().exit_proposals,
                proposer: PROPOSER.address(),
                refused: OUTSIDER.address(),
                number: asked.number,
                block: asked.block,
                emergency,
                validators: TARGETS.into(),
                approvals: by("approve"),
                rejections: by("reject"),
                exit_epochs: sight.leaving.iter().flatten().copied().collect(),
                finalized,
            });
        }
        let waiting_for = witness.waiting_for(asked.is_some(), decided);
        if narrator.elapsed() > deadline {
            return Err(Error::Deadline { seconds: deadline.as_secs(), waiting_for: waiting_for.into() });
        }
        narrator.waiting(format!(
            "{:>5.1} s  slot {:<4} epoch {}, finalized {}: waiting for {waiting_for}",
            narrator.elapsed().as_secs_f64(),
            slot,
            sight.position.epoch,
            sight.position.finalized
        ));
    }
}

/// A stranger asks and is refused; governance asks.
async fn ask(
    guardians: &Guardians,
    protocol: &Protocol,
    beacon: &Beacon,
    narrator: &mut Narrator,
) -> Result<Asked, Error> {
    let path = guardians.definition();
    let definition = guardian::definition::load(&path).map_err(|error| Error::File {
        action: "cannot read",
        path,
        source: std::io::Error::other(error.to_string()),
    })?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let request = ExitRequest {
        network: definition.id().0,
        validators: TARGETS.into(),
        severity: 1,
        expires: now.saturating_add(LIFE),
        reason: REASON.into(),
    };
    match protocol.propose_exits(OUTSIDER, &request).await {
        Err(Error::Refused { reason, .. }) if reason.contains("NotProposer") => {
            let refused = Fact::ProposerRefused { account: OUTSIDER.address(), reason: "NotProposer".into() };
            narrator.tell(beacon.position().await?.slot, &[STRANGER], &refused);
        }
        Err(error) => return Err(error),
        Ok(made) => {
            let problem =
                format!("the contract took proposal {} from an account it does not allow", made.number);
            return Err(Error::Unexpected { problem });
        }
    }
    let made = protocol.propose_exits(PROPOSER, &request).await?;
    let fact = Fact::ExitsAsked {
        number: made.number,
        validators: TARGETS.into(),
        severity: Severity::Urgent,
        reason: REASON.into(),
        block: made.block,
    };
    narrator.tell(beacon.position().await?.slot, &[GOVERNANCE], &fact);
    Ok(Asked { number: made.number, block: made.block })
}

/// Each operator looks, and gives its command.
async fn decide(
    guardians: &Guardians,
    emergency: ProposalId,
    slot: Slot,
    narrator: &mut Narrator,
) -> Result<(), Error> {
    let id = emergency.to_string();
    for (index, command, reason) in DECISIONS {
        let name = format!("operator of {}", guardians.name(index));
        let shown: Vec<Inspection> =
            answer(guardians, index, &["proposals", &id, "--operator", &name, "--json"]).await?;
        let Some(found) = shown.into_iter().next() else {
            let problem = format!("`guardian proposals {id}` shows nothing to the {name}");
            return Err(Error::Unexpected { problem });
        };
        let inspected = Fact::Inspected {
            leaving: found.forecast.leaving,
            stake: found.forecast.stake,
            authority: found.authority,
        };
        narrator.tell(slot, &[&name], &inspected);
        let arguments = [command, &id, "--reason", reason, "--operator", &name, "--json"];
        let Answer::Voted { state, approvals, threshold, .. } = answer(guardians, index, &arguments).await?
        else {
            let problem = format!("`guardian {command}` did not answer the {name} with a vote");
            return Err(Error::Unexpected { problem });
        };
        narrator.tell(slot, &[&name], &Fact::Decided { command, emergency, state, approvals, threshold });
    }
    Ok(())
}

/// What a command answers to programs.
async fn answer<T: DeserializeOwned>(
    guardians: &Guardians,
    index: usize,
    arguments: &[&str],
) -> Result<T, Error> {
    let said = guardians.command(index, arguments).await?;
    serde_json::from_str(&said).map_err(|error| Error::Unexpected {
        problem: format!("`guardian {}` answers what cannot be read: {error}", arguments.join(" ")),
    })
}

/// The way a validator went as the first guardian's lifecycle has it.
fn way(
    statuses: &[Option<StatusSnapshot>],
    guardians: &Guardians,
    validator: ValidatorIndex,
) -> Result<(String, Vec<(Step, Slot)>), Error> {
    let missing = || Error::Unexpected {
        problem: format!("no guardian tells the way of validator {validator} off the chain"),
    };
    let steps = |status: &StatusSnapshot| {
        let pubkey = status.validators.iter().find(|found| found.index == Some(validator))?.pubkey;
        let way = status.lifecycles.iter().find(|way| way.pubkey == pubkey)?;
        Some(way.steps.clone())
    };
    let found =
        statuses.iter().enumerate().find_map(|(index, status)| Some((index, steps(status.as_ref()?)?)));
    let (index, steps) = found.ok_or_else(missing)?;
    Ok((guardians.name(index).to_owned(), steps))
}
