//! How a broker is described before it starts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::broker::{Broker, BrokerError};
use crate::groups::GroupSettings;
use crate::server::Limits;

/// The description of a broker. The defaults suit a test: any free port, nothing kept.
#[derive(Debug, Clone)]
pub struct BrokerBuilder {
    pub(crate) port: u16,
    pub(crate) data: Option<PathBuf>,
    pub(crate) auto_create_partitions: i32,
    pub(crate) groups: GroupSettings,
    pub(crate) limits: Limits,
}

impl Default for BrokerBuilder {
    fn default() -> Self {
        Self {
            port: 0,
            data: None,
            auto_create_partitions: 1,
            groups: GroupSettings::default(),
            limits: Limits::default(),
        }
    }
}

impl BrokerBuilder {
    /// The loopback port; 0, the default, takes any free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Keeps everything in this directory. Without it a temporary one is used and removed at the end.
    #[must_use]
    pub fn data(mut self, dir: impl AsRef<Path>) -> Self {
        self.data = Some(dir.as_ref().to_owned());
        self
    }

    /// Partitions of a topic that a client names before anybody made it; 0 makes none. Default 1.
    #[must_use]
    pub fn auto_create_partitions(mut self, partitions: i32) -> Self {
        self.auto_create_partitions = partitions;
        self
    }

    /// How long an empty group waits for more members before its first rebalance. Default 50 ms.
    #[must_use]
    pub fn group_initial_rebalance_delay(mut self, delay: Duration) -> Self {
        self.groups.initial_rebalance_delay = delay;
        self
    }

    /// Starts the broker; it accepts connections when this returns.
    pub async fn start(self) -> Result<Broker, BrokerError> {
        Broker::start(self).await
    }
}
