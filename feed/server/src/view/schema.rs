//! How the types of other crates look in the OpenAPI document: text with a pattern, or one of some codes.

use crypto::registration::Verdict as RegistrationVerdict;
use guardian_core::ceremony::Blame;
use guardian_core::fault::FaultKind as Kind;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! text {
    ($name:ident, $description:literal, $pattern:literal, $example:expr) => {
        #[doc = $description]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(SchemaType::new(Type::String))
                    .description(Some($description))
                    .pattern(Some($pattern))
                    .examples([$example])
                    .into()
            }
        }

        impl ToSchema for $name {}
    };
}

macro_rules! codes {
    ($name:ident, $description:literal, $codes:expr) => {
        #[doc = $description]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(SchemaType::new(Type::String))
                    .description(Some($description))
                    .enum_values(Some($codes))
                    .into()
            }
        }

        impl ToSchema for $name {}
    };
}

text!(
    Pubkey,
    "A validator's BLS public key, 48 bytes.",
    "^0x[0-9a-f]{96}$",
    format!("0x{}", "a1".repeat(48))
);
text!(Account, "An account or a contract, 20 bytes.", "^0x[0-9a-f]{40}$", format!("0x{}", "b2".repeat(20)));
text!(Hash, "A root, hash or id, 32 bytes.", "^0x[0-9a-f]{64}$", format!("0x{}", "c3".repeat(32)));
text!(
    GroupKey,
    "The network's own key, compressed, 33 bytes.",
    "^(0x)?[0-9a-f]{66}$",
    format!("02{}", "d4".repeat(32))
);

text!(
    Search,
    "A validator index, or the beginning of a key or an operator's address in hex; nothing is no search.",
    "^((0x)?[0-9a-fA-F]{1,96})?$",
    "0xa1a1"
);

text!(ValidatorName, "A validator's key, or its index.", "^(0x[0-9a-f]{96}|[0-9]{1,18})$", "1000077");
text!(
    TilePath,
    "`<level>/<number>` or `entries/<number>`, and `.p/<width>` after one that is not full.",
    "^([0-5]|entries)/[0-9]{3}(\\.p/[1-9][0-9]?)?$",
    "entries/000"
);

codes!(Direction, "Smallest first, or largest first.", ["asc", "desc"]);
codes!(
    ValidatorState,
    "Where a validator stands, by the Beacon API's names.",
    [
        "pending_initialized",
        "pending_queued",
        "active_ongoing",
        "active_exiting",
        "active_slashed",
        "exited_unslashed",
        "exited_slashed",
        "withdrawal_possible",
        "withdrawal_done"
    ]
);
codes!(
    Standing,
    "Where an operator stands with the `tickets` rule.",
    ["idle", "ok", "warning", "short", "due", "unknown"]
);
codes!(Rule, "Which rule.", ["offline", "tickets", "balance", "emergency"]);
codes!(Enforcement, "How far a rule goes.", ["observe", "warn", "enforce"]);
codes!(
    ProposalState,
    "Where a proposal stands.",
    ["open", "certified", "signed", "submitted", "included", "finalized", "rejected", "expired", "moot"]
);
codes!(
    EmergencyStateCode,
    "Where an emergency stands.",
    ["open", "certified", "done", "rejected", "expired", "cancelled"]
);
codes!(Severity, "How much time there is.", ["normal", "urgent"]);
codes!(
    StepCode,
    "A step on the way out, in their order.",
    [
        "due",
        "proposed",
        "certified",
        "released",
        "combined",
        "accepted",
        "gossiped",
        "included",
        "finalized",
        "withdrawable",
        "withdrawn",
        "settled"
    ]
);
codes!(Life, "Where a registration stands in its life.", ["pending", "active", "skipped", "settled"]);
codes!(Verdict, "What a registration is worth.", RegistrationVerdict::ALL.map(RegistrationVerdict::code));
codes!(
    RejectCode,
    "Why a guardian refuses.",
    [
        "attested_while_accused",
        "attesting",
        "not_due",
        "not_exitable",
        "mismatch",
        "superseded",
        "funded",
        "restored",
        "operator"
    ]
);
codes!(
    HoldCode,
    "Why an exit that is certified is not released.",
    [
        "not_finalizing",
        "no_healthy_node",
        "nodes_disagree",
        "epoch_cap",
        "day_cap",
        "correlated_failure",
        "other_form_released",
        "not_enforced",
        "acquitted",
        "unconfirmed",
        "no_share",
        "contracts_mismatch",
        "contracts_unknown",
        "contracts_diverged",
        "paused",
        "network_paused",
        "nodes_behind",
        "operator_cap",
        "module_cap",
        "share_cap",
        "caps_unknown",
        "operator_undecided"
    ]
);
codes!(
    FaultCode,
    "What a guardian did wrong.",
    [
        Kind::Equivocation.code(),
        Kind::InvalidPartial.code(),
        Kind::ForeignShare.code(),
        Kind::InvalidCertificate.code(),
        Kind::MalformedProposal.code(),
        Kind::Garbage.code(),
        Kind::Flooding.code(),
        Kind::WrongEpoch.code(),
        Kind::ForgedAuthority.code(),
        Kind::InvalidGroupShare.code(),
        Kind::InvalidReadiness.code(),
        Blame::Equivocation.fault_code(),
        Blame::InvalidDealing.fault_code(),
        Blame::FalseAccusation.fault_code(),
        Blame::InvalidProof.fault_code(),
        Blame::OutOfPlace.fault_code()
    ]
);
codes!(CeremonyPhase, "How far a ceremony has come.", ["open", "dealing", "proving", "done", "aborted"]);
