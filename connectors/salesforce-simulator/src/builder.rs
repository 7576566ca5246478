//! How an org is described before it starts.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::auth::LoginPolicy;
use crate::error::SimulatorError;
use crate::org::Org;
use crate::schema::ObjectsFile;
use crate::start;

/// The description of a simulated org. Every setting has a default that behaves like a real org.
#[derive(Clone, Debug)]
pub struct OrgBuilder {
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) seed: Option<u64>,
    pub(crate) data_file: Option<PathBuf>,
    pub(crate) objects: Vec<ObjectsFile>,
    pub(crate) records: usize,
    pub(crate) login_policy: LoginPolicy,
    pub(crate) tls: Certificates,
    pub(crate) first_replay_id: u64,
    pub(crate) change_data_capture: Vec<String>,
    pub(crate) change_event_threshold: usize,
    pub(crate) daily_api_requests: Option<u64>,
    pub(crate) enforce_api_requests: bool,
    pub(crate) daily_events: Option<u64>,
    pub(crate) settings: Settings,
}

/// What an org's behaviour depends on while it runs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) session_lifetime: Duration,
    pub(crate) poll_hold: Duration,
    pub(crate) streaming_session: Duration,
    pub(crate) retention: Retention,
    pub(crate) websocket: bool,
    pub(crate) streaming_clients: usize,
    pub(crate) largest_answer: usize,
}

/// Whether an org has TLS, and where its authority comes from.
#[derive(Clone, Debug)]
pub(crate) enum Certificates {
    /// No TLS.
    None,
    /// A new authority.
    Fresh,
    /// The authority in this directory, made there when there is none.
    KeptIn(PathBuf),
}

/// How long events can be replayed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retention {
    /// Events of PushTopics and generic channels.
    pub(crate) topics: Duration,
    /// Change events and platform events.
    pub(crate) bus: Duration,
}

impl Default for OrgBuilder {
    fn default() -> Self {
        Self {
            name: "sandbox".to_owned(),
            port: 0,
            seed: None,
            data_file: None,
            objects: Vec::new(),
            records: 0,
            login_policy: LoginPolicy::default(),
            tls: Certificates::None,
            first_replay_id: 1,
            change_data_capture: Vec::new(),
            change_event_threshold: 100_000,
            daily_api_requests: None,
            enforce_api_requests: false,
            daily_events: None,
            settings: Settings {
                session_lifetime: Duration::from_hours(2),
                poll_hold: Duration::from_secs(110),
                streaming_session: Duration::from_secs(40),
                retention: Retention { topics: Duration::from_hours(24), bus: Duration::from_hours(72) },
                websocket: false,
                streaming_clients: 2_000,
                largest_answer: 1_000_000,
            },
        }
    }
}

impl OrgBuilder {
    /// The org's name, part of its user name. With a seed it also decides the ids, so two orgs of one test need
    /// two names.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The loopback port; 0, the default, takes any free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Makes ids, replay ids and passwords the same at every start. The key and session tokens stay random.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Keeps the org in this file: identity, rows, events, replay ids, bulk jobs, what was set up and the clock survive
    /// a restart, and an acknowledged write survives `kill -9`.
    #[must_use]
    pub fn data_file(mut self, file: impl AsRef<Path>) -> Self {
        self.data_file = Some(file.as_ref().to_owned());
        self
    }

    /// Custom objects, fields and rules, as YAML text, in place of the default (`OrgA_Id__c` on Account, Contact and
    /// Lead). A second call adds to the first, as the files of a folder do.
    #[must_use]
    pub fn objects(self, yaml: impl Into<String>) -> Self {
        self.objects_file("objects", yaml)
    }

    /// As [`OrgBuilder::objects`]; mistakes are told with this origin, such as the path of a file.
    #[must_use]
    pub fn objects_file(mut self, origin: impl Into<String>, yaml: impl Into<String>) -> Self {
        self.objects.push(ObjectsFile { origin: origin.into(), text: yaml.into() });
        self
    }

    /// So many accounts, contacts and leads in all are in the org when it is new, and half as many campaigns, members,
    /// opportunities, cases and tasks that refer to them; the same every time, but for ids and stamps. Another seed
    /// gives other records. Default 0.
    #[must_use]
    pub fn records(mut self, records: usize) -> Self {
        self.records = records;
        self
    }

    /// Serves `https://` alone, under a certificate of an authority made at the start: [`Org::ca_certificate`].
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = Certificates::Fresh;
        self
    }

    /// As [`OrgBuilder::tls`], with an authority that is kept in this directory as `ca.pem` and `ca_key.pem`.
    #[must_use]
    pub fn tls_kept_in(mut self, directory: impl AsRef<Path>) -> Self {
        self.tls = Certificates::KeptIn(directory.as_ref().to_owned());
        self
    }

    /// An access token ends after so long without a call. Default 2 h.
    #[must_use]
    pub fn session_lifetime(mut self, time: Duration) -> Self {
        self.settings.session_lifetime = time;
        self
    }

    /// What is allowed at a login. Default: everything.
    #[must_use]
    pub fn login_policy(mut self, policy: LoginPolicy) -> Self {
        self.login_policy = policy;
        self
    }

    /// How long a `/meta/connect` without events is held. Default 110 s.
    #[must_use]
    pub fn poll_hold(mut self, time: Duration) -> Self {
        self.settings.poll_hold = time;
        self
    }

    /// A CometD session ends after so long without a message. Default 40 s.
    #[must_use]
    pub fn streaming_session(mut self, time: Duration) -> Self {
        self.settings.streaming_session = time;
        self
    }

    /// How long events of every kind can be replayed. Default 24 h for PushTopics and generic channels, 72 h for change
    /// events and platform events.
    #[must_use]
    pub fn retention(mut self, time: Duration) -> Self {
        self.settings.retention = Retention { topics: time, bus: time };
        self
    }

    /// Changes of these objects are published as change events, as are those of objects that the YAML files select.
    #[must_use]
    pub fn change_data_capture<S: Into<String>>(mut self, objects: impl IntoIterator<Item = S>) -> Self {
        self.change_data_capture.extend(objects.into_iter().map(Into::into));
        self
    }

    /// More changes than this in one transaction are told by overflow events. Default 100,000.
    #[must_use]
    pub fn change_event_threshold(mut self, changes: usize) -> Self {
        self.change_event_threshold = changes;
        self
    }

    /// The first replay id is this one, or a little more. Default 1; ids beyond 2^31 find the clients that keep them in
    /// 32 bits.
    #[must_use]
    pub fn first_replay_id(mut self, id: u64) -> Self {
        self.first_replay_id = id;
        self
    }

    /// The daily allocation that `Sforce-Limit-Info` and `/limits` report. Default 100,000.
    #[must_use]
    pub fn daily_api_requests(mut self, max: u64) -> Self {
        self.daily_api_requests = Some(max);
        self
    }

    /// Whether calls beyond the daily allocation are refused with `REQUEST_LIMIT_EXCEEDED`. Default false: paid orgs
    /// may overrun it for a while.
    #[must_use]
    pub fn enforce_api_requests(mut self, enforced: bool) -> Self {
        self.enforce_api_requests = enforced;
        self
    }

    /// Serves streaming over WebSockets as well, on the same URL. Default off: Salesforce has long polling only.
    #[must_use]
    pub fn websocket(mut self, on: bool) -> Self {
        self.settings.websocket = on;
        self
    }

    /// About the bytes of events in the largest answer to a connect; one event may be larger and then comes alone. Default
    /// 1,000,000: the buffer of CometD's Java client takes 1 MiB, and such an answer holds some thousand events.
    #[must_use]
    pub fn largest_answer(mut self, bytes: usize) -> Self {
        self.settings.largest_answer = bytes;
        self
    }

    /// So many CometD sessions may be open at once. Default 2,000.
    #[must_use]
    pub fn streaming_clients(mut self, max: usize) -> Self {
        self.settings.streaming_clients = max;
        self
    }

    /// So many events of each kind (PushTopics; generic; platform and change events together) are delivered within
    /// 24 hours, counted for each subscriber. Default: no limit. [`Org::limit_daily_events`] changes it.
    #[must_use]
    pub fn daily_events(mut self, max: u64) -> Self {
        self.daily_events = Some(max);
        self
    }

    /// Starts the org; it accepts calls when this returns.
    pub async fn start(self) -> Result<Org, SimulatorError> {
        start::start(self).await
    }
}
