//! A simulated org as a process of its own: `orgstream sandbox`.
//!
//! The caller prints the [`Announcement`] as its first line; from then on the org serves until it is cancelled.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::error::SimulatorError;
use crate::org::Org;
use crate::server::tls;

/// What `orgstream sandbox` was asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Port on the loopback interface; 0 takes any free one.
    pub port: u16,
    /// Keeps the org in this file over restarts. Without it the org is new at every start.
    pub data: Option<PathBuf>,
    /// YAML file with custom objects, fields and rules, in place of the default ones, or a folder of such files.
    pub objects: Option<PathBuf>,
    /// Sample records that are in the org when it is new.
    pub records: usize,
    /// Makes ids, passwords and sample records the same at every start.
    pub seed: Option<u64>,
    /// Serves `https://` alone. The authority's certificate is written beside the private key; with a data file it is
    /// kept over restarts.
    pub tls: bool,
    /// Offers CometD clients a WebSocket beside long polling.
    pub websocket: bool,
    /// Directory for the private key, made with mode 0700. Default: `FILE.keys` beside the data file, or
    /// `orgstream-sandbox-PID` under the system's temporary directory, which is removed at the end.
    pub key_dir: Option<PathBuf>,
}

/// Where the org is and how to log in. Serialises to the one line that clients of the sandbox read.
#[derive(Clone, Serialize)]
pub struct Announcement {
    /// Login and instance URL.
    pub login_url: String,
    /// User name.
    pub username: String,
    /// Password, without the security token.
    pub password: String,
    /// Security token.
    pub security_token: String,
    /// Consumer key.
    pub client_id: String,
    /// Consumer secret.
    pub client_secret: String,
    /// Path of the private key for the JWT bearer flow, mode 0600.
    pub private_key_file: PathBuf,
    /// A refresh token for the refresh flow.
    pub refresh_token: String,
    /// Path of the certificate that clients must trust, PEM. Only under TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_certificate_file: Option<PathBuf>,
}

/// An org that runs as `orgstream sandbox` does.
#[derive(Debug)]
pub struct Sandbox {
    org: Org,
    private_key: PathBuf,
    keys: KeyDir,
}

/// The directory of key and certificate. A temporary one is removed at the end.
#[derive(Debug)]
struct KeyDir {
    path: PathBuf,
    temporary: bool,
}

impl Sandbox {
    /// Starts the org and writes its private key.
    pub async fn start(options: Options) -> Result<Self, SimulatorError> {
        let mut builder =
            Org::builder().port(options.port).records(options.records).websocket(options.websocket);
        if let Some(objects) = &options.objects {
            for file in objects_files(objects)? {
                let text = std::fs::read_to_string(&file).map_err(|error| unreadable(&file, &error))?;
                builder = builder.objects_file(file.display().to_string(), text);
            }
        }
        if let Some(data) = &options.data {
            let holds_an_org = data.metadata().is_ok_and(|file| file.len() > 0);
            if holds_an_org && (options.records > 0 || options.seed.is_some()) {
                let message =
                    "the data file holds an org already; records and seed are for a new one, and left out";
                tracing::warn!(file = %data.display(), "{message}");
            }
            builder = builder.data_file(data);
        }
        if let Some(seed) = options.seed {
            builder = builder.seed(seed);
        }
        let keys = KeyDir::of(&options);
        if options.tls {
            builder = builder.tls_kept_in(&keys.path);
        }
        let org = builder.start().await?;
        let private_key = keys.path.join("private_key.pem");
        write_private(&private_key, &org.credentials().private_key_pem)
            .map_err(|error| SimulatorError::Key(format!("{}: {error}", private_key.display())))?;
        Ok(Self { org, private_key, keys })
    }

    /// What the process prints first.
    pub fn announcement(&self) -> Announcement {
        let credentials = self.org.credentials().clone();
        Announcement {
            login_url: credentials.login_url,
            username: credentials.username,
            password: credentials.password,
            security_token: credentials.security_token,
            client_id: credentials.client_id,
            client_secret: credentials.client_secret,
            private_key_file: self.private_key.clone(),
            refresh_token: credentials.refresh_token,
            ca_certificate_file: self
                .org
                .ca_certificate()
                .map(|_| self.keys.path.join(tls::CERTIFICATE_FILE)),
        }
    }

    /// The org itself.
    pub fn org(&self) -> &Org {
        &self.org
    }

    /// Serves until cancelled.
    pub async fn run(self, cancelled: CancellationToken) {
        cancelled.cancelled().await;
        self.org.stop().await;
    }
}

/// Starts an org, hands its announcement to `announce`, and serves until cancelled.
pub async fn run(
    options: Options,
    announce: impl FnOnce(&Announcement),
    cancelled: CancellationToken,
) -> Result<(), SimulatorError> {
    let sandbox = Sandbox::start(options).await?;
    announce(&sandbox.announcement());
    sandbox.run(cancelled).await;
    Ok(())
}

impl Announcement {
    /// The same for a person: where the org is, how to log in, and a first call to try.
    pub fn screen(&self) -> String {
        let Self { login_url, username, password, security_token, client_id, client_secret, .. } = self;
        let trust = self.ca_certificate_file.as_ref().map(|file| format!("--cacert {} ", file.display()));
        let trust = trust.unwrap_or_default();
        let mut lines = vec![
            ("URL", login_url.clone()),
            ("user", username.clone()),
            ("password", format!("{password}{security_token} (password and security token)")),
            ("client id", client_id.clone()),
            ("client secret", client_secret.clone()),
            ("private key", self.private_key_file.display().to_string()),
        ];
        if let Some(file) = &self.ca_certificate_file {
            lines.push(("CA certificate", file.display().to_string()));
        }
        let lines: Vec<String> = lines.iter().map(|(name, value)| format!("  {name:<15} {value}")).collect();
        let lines = lines.join("\n");
        format!(
            "A Salesforce org for development is running. Ctrl-C ends it.\n\n{lines}\n\nLog in:\n  \
             curl -s {trust}{login_url}/services/oauth2/token -d grant_type=client_credentials -d client_id={client_id} \
             -d client_secret={client_secret}\nInject faults, move its clock:\n  curl -s {trust}{login_url}/simulator\n"
        )
    }
}

impl KeyDir {
    fn of(options: &Options) -> Self {
        let (path, temporary) = match (&options.key_dir, &options.data) {
            (Some(dir), _) => (dir.clone(), false),
            (None, Some(data)) => (beside(data), false),
            (None, None) => {
                let name = format!("orgstream-sandbox-{}", std::process::id());
                (std::env::temp_dir().join(name), true)
            }
        };
        // Clients in any directory are told of it.
        Self { path: std::path::absolute(&path).unwrap_or(path), temporary }
    }
}

impl Drop for KeyDir {
    fn drop(&mut self) {
        let dir = &self.path;
        if self.temporary
            && dir.is_dir()
            && let Err(error) = std::fs::remove_dir_all(dir)
        {
            tracing::warn!(dir = %dir.display(), %error, "the sandbox's key directory stays behind");
        }
    }
}

/// The file, or the YAML files of the folder in the order of their names.
fn objects_files(path: &Path) -> Result<Vec<PathBuf>, SimulatorError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let yaml = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    let entries = std::fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        files.push(entry.map_err(|error| unreadable(path, &error))?.path());
    }
    files.retain(yaml);
    files.sort();
    if files.is_empty() {
        return Err(SimulatorError::Objects(format!("{}: there is no YAML file in it", path.display())));
    }
    Ok(files)
}

fn unreadable(path: &Path, error: &std::io::Error) -> SimulatorError {
    SimulatorError::Objects(format!("{}: {error}", path.display()))
}

fn beside(data: &Path) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(".keys");
    PathBuf::from(name)
}

/// Writes a file only its owner can read, in a directory only its owner can enter.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(dir) = path.parent().filter(|dir| !dir.is_dir()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    }
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    file?.write_all(text.as_bytes())
}
