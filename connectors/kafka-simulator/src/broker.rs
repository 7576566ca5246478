//! Starting and stopping a broker.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::builder::BrokerBuilder;
use crate::cleaner;
use crate::core::Core;
use crate::fault::Faults;
use crate::groups::GroupCoordinator;
use crate::server;
use crate::topics::Topics;
use crate::transactions::{TransactionCoordinator, TransactionSettings};

/// A broker that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The port is taken or may not be bound.
    #[error("the broker cannot listen on 127.0.0.1:{port}; choose another port")]
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
    #[error("the broker's data directory {} cannot be used; move it away to start with an empty broker", path.display())]
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
    tasks: TaskTracker,
    /// Locked, and removed at the end when nobody asked to keep it.
    _dir: DataDir,
}

/// Where everything lies; locked for as long as this is there.
#[derive(Debug)]
struct DataDir {
    path: PathBuf,
    temporary: bool,
    _lock: File,
}

impl Broker {
    /// Starts the description of a broker.
    pub fn builder() -> BrokerBuilder {
        BrokerBuilder::default()
    }

    pub(crate) async fn start(builder: BrokerBuilder) -> Result<Self, BrokerError> {
        let dir = DataDir::open(builder.data.as_deref())?;
        let failed = |source| BrokerError::Data { path: dir.path.clone(), source };
        let listen = |source| BrokerError::Listen { port: builder.port, source };
        let listener = TcpListener::bind(("127.0.0.1", builder.port)).await.map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let topics = Arc::new(Topics::open(dir.path.join("topics")).map_err(failed)?);
        let groups = Arc::new(GroupCoordinator::open(&dir.path, builder.groups.clone()).map_err(failed)?);
        let settings = TransactionSettings::default();
        let logs = Arc::clone(&topics) as Arc<dyn crate::transactions::Markers>;
        let transactions =
            TransactionCoordinator::open(&dir.path, settings, Arc::clone(&groups), logs).map_err(failed)?;
        let core = Arc::new(Core {
            topics,
            groups,
            transactions,
            faults: Arc::new(Faults::new()),
            grown: Notify::new(),
            port,
            cluster_id: cluster_id(&dir.path).map_err(failed)?,
            auto_create_partitions: builder.auto_create_partitions,
            stop: CancellationToken::new(),
        });
        let tasks = TaskTracker::new();
        tasks.spawn(server::accept(listener, Arc::clone(&core), tasks.clone()));
        tasks.spawn(cleaner::sweep(Arc::clone(&core)));
        tasks.spawn(cleaner::clean(Arc::clone(&core)));
        tracing::info!(
            bootstrap_servers = %format!("127.0.0.1:{port}"), data = %dir.path.display(),
            "A development broker runs: one node, nothing replicated, nothing synced to disk.",
        );
        Ok(Self { core, tasks, _dir: dir })
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
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.core.stop.cancel();
    }
}

impl DataDir {
    fn open(path: Option<&Path>) -> Result<Self, BrokerError> {
        let temporary = || std::env::temp_dir().join(format!("orgstream-broker-{}", Uuid::new_v4()));
        let wanted = path.map_or_else(temporary, Path::to_owned);
        let failed = |source| BrokerError::Data { path: wanted.clone(), source };
        std::fs::create_dir_all(&wanted).map_err(failed)?;
        let options = OpenOptions::new().write(true).create(true).truncate(false).open(wanted.join("lock"));
        let lock = options.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: wanted, temporary: path.is_none(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(BrokerError::InUse { path: wanted }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if self.temporary
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(%error, dir = %self.path.display(), "The broker's temporary directory stays behind.");
        }
    }
}

/// The cluster's id, drawn when the directory was made.
fn cluster_id(dir: &Path) -> io::Result<String> {
    let path = dir.join("cluster-id");
    match std::fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let id = Uuid::new_v4().simple().to_string();
    std::fs::write(path, &id)?;
    Ok(id)
}
