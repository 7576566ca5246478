//! Starting an org: from its data file or anew, to a port that answers.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::auth::{ClientKey, Logins};
use crate::bayeux::Streams;
use crate::builder::{Certificates, OrgBuilder};
use crate::bulk::{self, Jobs};
use crate::calls::Calls;
use crate::clock::Clock;
use crate::credentials::Credentials;
use crate::data::{DataFile, Store};
use crate::error::SimulatorError;
use crate::events::{EventLog, Feeds};
use crate::exchanges::Exchanges;
use crate::fault::Faults;
use crate::ids::{self, IdSource};
use crate::org::Org;
use crate::rest::Cursors;
use crate::restore::Kept;
use crate::schema::Schema;
use crate::server::{Connections, Cut, Loopback, Tls, router};
use crate::setup::Setup;
use crate::tenant::{Identity, State, Tenant};
use crate::timestamp::Timestamp;
use crate::tooling::Definitions;
use crate::usage::{Allocation, Usage};
use crate::{sample, seed};

/// Id counters start anywhere below this, so that two orgs with the same pod still differ.
const MAX_ID_BASE: u64 = 62 * 62 * 62 * 62;

/// How long clients may take to be done with their calls when the org stops.
const PATIENCE: Duration = Duration::from_secs(3);

/// Starts the described org.
pub(crate) async fn start(builder: OrgBuilder) -> Result<Org, SimulatorError> {
    let schema = Schema::load(&builder.objects)?;
    let mut rng = builder
        .seed
        .map_or_else(StdRng::from_os_rng, |seed| StdRng::seed_from_u64(name_hash(&builder.name) ^ seed));
    // Locked before it is read: what the org that had it wrote last counts too.
    let mut file = builder.data_file.as_deref().map(DataFile::lock).transpose()?;
    let known = file.as_mut().map_or(Ok(None), DataFile::identity)?;
    let clock = Arc::new(Clock::default());
    let new = known.is_none();
    let mut identity = match known {
        Some(identity) => identity.started_again(),
        None => new_identity(&builder.name, clock.now(), &mut rng)?,
    };
    let ids = IdSource::new(identity.pod.clone(), identity.id_base);
    let mut kept = Kept {
        store: Store::new(Arc::new(schema.changed_at(clock.now())), ids, Arc::clone(&clock)),
        definitions: Definitions::default(),
        log: EventLog::new(
            builder.settings.retention,
            builder.first_replay_id.saturating_sub(1),
            StdRng::seed_from_u64(rng.random()),
        ),
        refresh_tokens: BTreeSet::new(),
        jobs: Jobs::default(),
        setup: Setup::default(),
    };
    if let Some(file) = &mut file {
        kept.restore(file)?;
    }
    let Kept { mut store, mut definitions, log, refresh_tokens, mut jobs, setup } = kept;
    let mut logins = Logins::new(builder.login_policy.clone(), refresh_tokens);
    if identity.credentials.refresh_token.is_empty() {
        identity.credentials.refresh_token = logins.issue_refresh_token();
    }
    let key = ClientKey::from_pem(&identity.credentials.private_key_pem)?;
    jobs.resume(clock.now());
    store.ids.go_on(bulk::JOB_PREFIX, identity.first_unkept());
    definitions.complete(&store.schema, &mut store.ids);
    seed::seed(&mut store, &identity);
    let listen = |source| SimulatorError::Listen { port: builder.port, source };
    let listener = TcpListener::bind(("127.0.0.1", builder.port)).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let tls = match &builder.tls {
        Certificates::None => None,
        Certificates::Fresh => Some(Tls::new(None, clock.real())?),
        Certificates::KeptIn(directory) => Some(Tls::new(Some(directory), clock.real())?),
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    identity.credentials.login_url = format!("{scheme}://{address}");
    let (acceptor, ca_certificate) = tls.map(|tls| (tls.acceptor, tls.ca_certificate)).unzip();
    let connections = Connections::default();
    let listener = Loopback::new(listener, acceptor, connections.clone());
    let stop = CancellationToken::new();
    let usage = usage(&builder);
    let streams = Streams::new(&builder.settings);
    let feeds = Feeds::new(&store, &identity.user_id, builder.change_event_threshold);
    let tenant = Arc::new(Tenant {
        identity,
        key,
        settings: builder.settings,
        clock,
        calls: Calls::default(),
        exchanges: Exchanges::default(),
        usage,
        faults: Faults::new(),
        stop: stop.clone(),
        changed: watch::Sender::new(()),
        bulk_work: Notify::new(),
        state: Mutex::new(State {
            store,
            definitions,
            log,
            logins,
            streams,
            feeds,
            cursors: Cursors::default(),
            jobs,
            journal: None,
            setup,
            spanning: None,
        }),
        turn: Condvar::new(),
    });
    if new {
        sample::fill(&tenant, builder.records, builder.seed.unwrap_or_default())
            .map_err(|refused| SimulatorError::Sample(refused.message))?;
    }
    {
        // What the org is born with is no news.
        let mut state = tenant.state();
        let State { feeds, store, setup, .. } = &mut *state;
        feeds.open(store, &builder.change_data_capture).map_err(SimulatorError::Objects)?;
        for setting in setup.all() {
            let gone = |reason| {
                SimulatorError::Objects(format!("{reason}, though the data file says how it was set up"))
            };
            setting.apply(store, feeds).map_err(gone)?;
        }
    }
    if let Some(file) = file {
        // All sample records come into the file at once: a half-filled org would not be new at the next start.
        let mut state = tenant.state();
        let journal = file.rewrite(tenant.contents(&state))?;
        state.journal = Some(journal);
    }
    let server = tokio::spawn(serve(listener, connections, Arc::clone(&tenant)));
    Ok(Org::new(tenant, ca_certificate, server, stop))
}

/// Serves until the org stops and every connection has ended; the data file is closed then.
async fn serve(listener: Loopback, connections: Connections, tenant: Arc<Tenant>) {
    let stop = tenant.stop.clone();
    // In a task of its own: no call waits for the work on a job, and nothing that goes wrong there closes the port.
    let jobs = tokio::spawn(bulk::work(Arc::clone(&tenant)));
    let app = router(Arc::clone(&tenant)).into_make_service_with_connect_info::<Cut>();
    let server = axum::serve(listener, app).with_graceful_shutdown(stop.clone().cancelled_owned());
    let served = async {
        let (served, worked) = tokio::join!(server.into_future(), jobs);
        if let Err(error) = served {
            tracing::error!(%error, "the sandbox org stopped serving");
        }
        if let Err(error) = worked {
            tracing::error!(%error, "the sandbox org stopped working on bulk jobs");
        }
        connections.ended().await;
    };
    let patience = async {
        stop.cancelled().await;
        tokio::time::sleep(PATIENCE).await;
        connections.end();
    };
    tokio::pin!(served);
    tokio::select! {
        () = &mut served => {}
        () = patience => served.await,
    }
    // Nobody is left who could write.
    tenant.state().journal = None;
}

/// What may be used, before anything was.
fn usage(builder: &OrgBuilder) -> Usage {
    let usage = Usage::new();
    if let Some(max) = builder.daily_api_requests {
        usage.set_max(Allocation::ApiRequests, max);
    }
    usage.enforce(Allocation::ApiRequests, builder.enforce_api_requests);
    usage.limit_deliveries(builder.daily_events);
    usage
}

fn new_identity(name: &str, now: Timestamp, rng: &mut StdRng) -> Result<Identity, SimulatorError> {
    let pod = ids::pod(rng.random_range(0..62 * 62));
    let id_base = rng.random_range(1..MAX_ID_BASE);
    let mut source = IdSource::new(pod.clone(), id_base);
    let mut secret = |length: usize| -> String {
        let sample = rng.sample_iter(rand::distr::Alphanumeric);
        sample.take(length).map(char::from).collect()
    };
    Ok(Identity {
        name: name.to_owned(),
        org_id: source.next("00D"),
        user_id: source.next("005"),
        pod,
        id_base,
        starts: 0,
        created: now.millis(),
        credentials: Credentials {
            login_url: String::new(),
            username: format!("ops@{}.example", name.to_lowercase()),
            password: secret(16),
            security_token: secret(24),
            client_id: format!("3MVG9{}", secret(80)),
            client_secret: secret(64),
            private_key_pem: ClientKey::generate()?,
            refresh_token: String::new(),
        },
    })
}

/// FNV-1a: the same number for a name on every machine.
fn name_hash(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
