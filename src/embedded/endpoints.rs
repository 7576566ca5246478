//! Where the brokers, the registry and the orgs of a file are, embedded or not.

use std::collections::BTreeMap;

use orgstream_salesforce::OrgConfig;
use url::Url;

/// Every address that a run uses.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// `host:port` of the brokers, separated by commas.
    pub bootstrap_servers: String,
    /// Where the schema registry's REST interface starts.
    pub schema_registry: Url,
    /// The orgs by name, with their credentials.
    pub orgs: BTreeMap<String, OrgConfig>,
}
