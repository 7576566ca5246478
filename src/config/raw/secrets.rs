//! Where `{{secrets.NAME}}` is looked for.

use schemars::JsonSchema;
use serde::Deserialize;

/// Where `{{secrets.NAME}}` is looked for: in the environment, then in a directory.
#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "read before everything else, as it stands in the tree")]
pub(in crate::config) struct Secrets {
    /// What stands before a secret's name in the name of its environment variable. Where there shall be nothing, write `${env:NAME}`.
    #[schemars(extend("default" = "SECRET_"))]
    pub(in crate::config) prefix: Option<String>,
    /// A directory, relative to this file, with one file for each secret, as Kubernetes mounts them. A last line feed is no part of it.
    pub(in crate::config) directory: Option<String>,
}
