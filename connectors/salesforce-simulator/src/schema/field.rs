//! One field: its type and everything that describe, validation and queries need to know of it.

use serde::Deserialize;

/// A field as its YAML line says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Field {
    /// API name.
    pub(crate) name: String,
    /// Data type.
    #[serde(rename = "type")]
    pub(crate) kind: FieldType,
    /// Label for people.
    pub(crate) label: String,
    /// Characters, for text.
    #[serde(default)]
    pub(crate) length: usize,
    /// Digits in all, for decimal numbers.
    #[serde(default)]
    pub(crate) precision: u32,
    /// Digits after the point, for decimal numbers.
    #[serde(default)]
    pub(crate) scale: u32,
    /// Digits, for integers.
    #[serde(default)]
    pub(crate) digits: u32,
    /// Compound field that this one is part of.
    #[serde(default)]
    pub(crate) compound: Option<String>,
    /// `extraTypeInfo` of the describe.
    #[serde(default)]
    pub(crate) extra: Option<String>,
    /// Values, for picklists.
    #[serde(default)]
    pub(crate) picklist: Vec<String>,
    /// Value of a new record that does not set the field.
    #[serde(default)]
    pub(crate) default: Option<serde_json::Value>,
    /// Objects that a reference may point at.
    #[serde(default)]
    pub(crate) reference_to: Vec<String>,
    /// Name of the parent in queries.
    #[serde(default)]
    pub(crate) relationship: Option<String>,
    /// Deleting the parent deletes the record.
    #[serde(default)]
    pub(crate) cascade: bool,
    /// Everything that is either so or not.
    #[serde(default)]
    flags: Vec<Flag>,
}

/// A yes-or-no property of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Flag {
    /// May be set on create.
    Create,
    /// May be changed.
    Update,
    /// May be empty.
    Nillable,
    /// Gets a value on create if none is given.
    Defaulted,
    /// May name a record in an upsert.
    ExternalId,
    /// May be matched by look-ups.
    IdLookup,
    /// No two records have the same value.
    Unique,
    /// Unique values differ by letter case.
    CaseSensitive,
    /// The object's name.
    NameField,
    /// Only listed picklist values are allowed.
    Restricted,
    /// Not in WHERE.
    NoFilter,
    /// Not in ORDER BY.
    NoSort,
    /// Not in GROUP BY.
    NoGroup,
}

/// Data types, with Salesforce's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FieldType {
    Id,
    Reference,
    String,
    Textarea,
    Picklist,
    Email,
    Phone,
    Url,
    Boolean,
    Int,
    Double,
    Currency,
    Percent,
    Date,
    Datetime,
    Address,
}

impl Field {
    /// Whether the flag stands in its line.
    pub(crate) fn is(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// A custom field, by its name.
    pub(crate) fn custom(&self) -> bool {
        self.name.ends_with("__c")
    }

    /// Must have a value: not nillable, not given by the org.
    pub(crate) fn required(&self) -> bool {
        self.is(Flag::Create) && !self.is(Flag::Nillable) && !self.is(Flag::Defaulted)
    }

    /// Whether an upsert may match by this field.
    pub(crate) fn upsertable(&self) -> bool {
        self.is(Flag::ExternalId)
            || (self.is(Flag::IdLookup) && self.kind != FieldType::Id && self.is(Flag::Create))
    }

    /// Set by the org on every write; alone it is no change that anybody is told of.
    pub(crate) fn system(&self) -> bool {
        matches!(
            self.name.as_str(),
            "CreatedDate"
                | "CreatedById"
                | "LastModifiedDate"
                | "LastModifiedById"
                | "SystemModstamp"
                | "IsDeleted"
        )
    }
}

impl FieldType {
    /// Text of some kind, with a length.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::String | Self::Textarea | Self::Picklist | Self::Email | Self::Phone | Self::Url)
    }

    /// An id of a record.
    pub(crate) fn is_id(self) -> bool {
        matches!(self, Self::Id | Self::Reference)
    }

    /// A number with a decimal point.
    pub(crate) fn is_decimal(self) -> bool {
        matches!(self, Self::Double | Self::Currency | Self::Percent)
    }

    /// The `type` of the describe.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Reference => "reference",
            Self::String => "string",
            Self::Textarea => "textarea",
            Self::Picklist => "picklist",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Url => "url",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Double => "double",
            Self::Currency => "currency",
            Self::Percent => "percent",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Address => "address",
        }
    }

    /// The `soapType` of the describe.
    pub(crate) fn soap_type(self) -> &'static str {
        match self {
            Self::Id | Self::Reference => "tns:ID",
            Self::Boolean => "xsd:boolean",
            Self::Int => "xsd:int",
            Self::Double | Self::Currency | Self::Percent => "xsd:double",
            Self::Date => "xsd:date",
            Self::Datetime => "xsd:dateTime",
            Self::Address => "urn:address",
            _ => "xsd:string",
        }
    }
}
