//! `Amount`: Gwei or wei as decimal text.

use crypto::execution::Tickets;
use crypto::spec::Gwei;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{RefOr, schema::SchemaType};
use utoipa::{PartialSchema, ToSchema};

/// An amount in the unit that its field names: Gwei, or wei of ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(pub u128);

impl From<Gwei> for Amount {
    fn from(gwei: Gwei) -> Self {
        Self(gwei.0.into())
    }
}

impl From<Tickets> for Amount {
    fn from(tickets: Tickets) -> Self {
        Self(tickets.0)
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| serde::de::Error::custom("an amount is decimal digits in quotes"))
    }
}

impl PartialSchema for Amount {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::String))
            .pattern(Some("^[0-9]+$"))
            .description(Some("A whole number as decimal text, in the unit its field names."))
            .examples(["32000000000"])
            .into()
    }
}

impl ToSchema for Amount {}
