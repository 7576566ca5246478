//! The PushTopic of an object, as far as the user says what it is to be.

/// A PushTopic. What is not said follows from the object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushTopicConfig {
    /// Its name, at most 25 characters; a generated one when `None`.
    pub name: Option<String>,
    /// Its query; a generated one when `None`.
    pub query: Option<String>,
    /// Changes of which fields raise an event.
    pub notify_for_fields: NotifyForFields,
    /// Which operations raise an event.
    pub notify: Notify,
    /// Who makes it and keeps it as it is said here. `None`: [`Manage::Update`] under a generated name,
    /// [`Manage::Create`] under one of the user's.
    pub manage: Option<Manage>,
    /// The version of the API that its query is written for; the org's when `None`.
    pub api_version: Option<String>,
}

/// Changes of which fields raise an event: `NotifyForFields`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NotifyForFields {
    /// Of all fields.
    #[default]
    All,
    /// Of those that the query selects or compares.
    Referenced,
    /// Of those that the query selects.
    Select,
    /// Of those that the query compares.
    Where,
}

/// Which operations raise an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of Salesforce's own, independent of the others"
)]
pub struct Notify {
    /// `NotifyForOperationCreate`.
    pub create: bool,
    /// `NotifyForOperationUpdate`.
    pub update: bool,
    /// `NotifyForOperationDelete`.
    pub delete: bool,
    /// `NotifyForOperationUndelete`.
    pub undelete: bool,
}

/// Who makes a PushTopic and keeps it as the file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manage {
    /// orgstream makes it when it is not there; one that is there is used as it is, and differences are reported.
    Create,
    /// orgstream makes it when it is not there, and sets what differs.
    Update,
    /// Somebody else.
    Never,
}

impl Default for Notify {
    fn default() -> Self {
        Self { create: true, update: true, delete: true, undelete: true }
    }
}

impl NotifyForFields {
    /// Salesforce's own word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Referenced => "Referenced",
            Self::Select => "Select",
            Self::Where => "Where",
        }
    }
}
