//! Starting and stopping a broker.

use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::builder::BrokerBuilder;
use crate::cleaner;
use crate::core::Core;
use crate::data_dir::DataDir;
use crate::fault::Faults;
use crate::groups::GroupCoordinator;
use crate::reconcile::reconcile;
use crate::server;
use crate::topics::Topics;
use crate::transactions::{Markers, TransactionCoordinator, TransactionSettings};

/// A broker that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The port is taken or may not be bound.
    #[error("the broker cannot listen on 127.0.0.1:{port}; free the port or ask for another")]
    Listen {
        /// The port asked for; 0 means any.
        port: u16,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// Another broker uses the directory.
    #[error("the broker's data directory {} is in use by another broker; stop that one or choose another directory", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// The directory cannot be read or written, or holds what is damaged.
    #[error("the broker's data directory {} cannot be used; mend it, or begin with an empty broker in another directory", path.display())]
    Data {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A broker that listens on the loopback interface. Dropping it stops it too, but does not wait for the end.
#[derive(Debug)]
pub struct Broker {
    core: Arc<Core>,
}

impl Broker {
    /// Starts the description of a broker.
    pub fn builder() -> BrokerBuilder {
        BrokerBuilder::default()
    }

    pub(crate) async fn start(builder: BrokerBuilder) -> Result<Self, BrokerError> {
        let listen = |source| BrokerError::Listen { port: builder.port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, builder.port)).await.map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let limits = builder.limits.clone();
        // Reads every log. Clients that connect meanwhile wait to be accepted.
        let opened = tokio::task::spawn_blocking(move || open(&builder, port)).await;
        let core = opened.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        let core = Arc::new(core);
        core.tasks.spawn(server::accept(listener, Arc::clone(&core), limits));
        core.tasks.spawn(cleaner::sweep(Arc::clone(&core)));
        core.tasks.spawn(cleaner::clean(Arc::clone(&core)));
        core.tasks.spawn(cleaner::expire(Arc::clone(&core)));
        Ok(Self { core })
    }

    /// `127.0.0.1:PORT`.
    pub fn bootstrap_servers(&self) -> String {
        format!("127.0.0.1:{}", self.core.port)
    }

    /// Faults to be played from now on.
    pub fn faults(&self) -> &Faults {
        &self.core.faults
    }

    /// Closes all connections and waits until nothing of the broker runs any more.
    pub async fn stop(self) {
        self.core.stop.cancel();
        self.core.tasks.close();
        self.core.tasks.wait().await;
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.core.stop.cancel();
    }
}

/// Reads what the directory holds and makes its parts agree.
fn open(builder: &BrokerBuilder, port: u16) -> Result<Core, BrokerError> {
    let dir = DataDir::open(builder.data.as_deref())?;
    let path = dir.path().to_owned();
    let failed = |source| BrokerError::Data { path: path.clone(), source };
    let topics = Arc::new(Topics::open(path.join("topics")).map_err(failed)?);
    let groups = Arc::new(GroupCoordinator::open(&path, builder.groups.clone()).map_err(failed)?);
    let logs = Arc::clone(&topics) as Arc<dyn Markers>;
    let settings = TransactionSettings::default();
    let transactions =
        TransactionCoordinator::open(&path, settings, Arc::clone(&groups), logs).map_err(failed)?;
    reconcile(&topics, &groups, &transactions).map_err(failed)?;
    tracing::info!(
        bootstrap_servers = %format!("127.0.0.1:{port}"), data = %path.display(),
        "A development broker runs: one node, nothing replicated, nothing synced to disk.",
    );
    Ok(Core {
        topics,
        groups,
        transactions,
        faults: Faults::new(),
        port,
        cluster_id: dir.cluster_id().map_err(failed)?,
        auto_create_partitions: builder.auto_create_partitions,
        stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
        _dir: dir,
    })
}
