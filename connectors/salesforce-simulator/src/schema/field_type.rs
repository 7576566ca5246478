//! The data types of fields, with Salesforce's names and what follows from a type alone.

use serde::{Deserialize, Serialize};

/// A data type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FieldType {
    Id,
    Reference,
    #[default]
    String,
    Textarea,
    Picklist,
    /// Several picklist values, `;` between them.
    Multipicklist,
    /// A picklist that takes any text.
    Combobox,
    Email,
    Phone,
    Url,
    /// Text that is shown masked.
    Encryptedstring,
    Boolean,
    Int,
    Double,
    Currency,
    Percent,
    Date,
    Datetime,
    /// A time of day, `10:20:30.000Z`.
    Time,
    /// Bytes, kept as base64 text.
    Base64,
    /// A compound of street, city and so on, which are fields of their own.
    Address,
    /// A compound of `X__Latitude__s` and `X__Longitude__s`.
    Location,
    /// Any of the other types.
    Anytype,
}

impl FieldType {
    /// Text of some kind, with a length.
    pub(crate) fn is_text(self) -> bool {
        matches!(
            self,
            Self::String
                | Self::Textarea
                | Self::Picklist
                | Self::Multipicklist
                | Self::Combobox
                | Self::Email
                | Self::Phone
                | Self::Url
                | Self::Encryptedstring
        )
    }

    /// Has a list of values.
    pub(crate) fn is_picklist(self) -> bool {
        matches!(self, Self::Picklist | Self::Multipicklist | Self::Combobox)
    }

    /// An id of a record.
    pub(crate) fn is_id(self) -> bool {
        matches!(self, Self::Id | Self::Reference)
    }

    /// A number with a decimal point.
    pub(crate) fn is_decimal(self) -> bool {
        matches!(self, Self::Double | Self::Currency | Self::Percent)
    }

    /// Has no value of its own: it is put together from other fields.
    pub(crate) fn is_compound(self) -> bool {
        matches!(self, Self::Address | Self::Location)
    }

    /// The `type` of the describe.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Reference => "reference",
            Self::String => "string",
            Self::Textarea => "textarea",
            Self::Picklist => "picklist",
            Self::Multipicklist => "multipicklist",
            Self::Combobox => "combobox",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Url => "url",
            Self::Encryptedstring => "encryptedstring",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Double => "double",
            Self::Currency => "currency",
            Self::Percent => "percent",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Time => "time",
            Self::Base64 => "base64",
            Self::Address => "address",
            Self::Location => "location",
            Self::Anytype => "anyType",
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
            Self::Time => "xsd:time",
            Self::Base64 => "xsd:base64Binary",
            Self::Address => "urn:address",
            Self::Location => "urn:location",
            Self::Anytype => "xsd:anyType",
            _ => "xsd:string",
        }
    }
}
