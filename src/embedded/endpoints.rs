//! Where the brokers, the registry and the orgs of a file are, embedded or not.

use std::collections::BTreeMap;

use orgstream_salesforce::OrgConfig;

use crate::codec::RegistryConfig;

/// Every address that a run uses.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// `host:port` of the brokers, separated by commas.
    pub bootstrap_servers: String,
    /// The schema registry, and how it is asked.
    pub schema_registry: RegistryConfig,
    /// The orgs by name, with their credentials.
    pub orgs: BTreeMap<String, OrgConfig>,
}
