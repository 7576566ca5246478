//! The one token of an org.
//!
//! A login is done by a task of its own, so that a caller who gives up does not take it away from the others, and
//! all who wait for it share its outcome.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;

use crate::auth::login::Login;
use crate::auth::{LoginCounts, Logins, Token};
use crate::config::OrgConfig;
use crate::error::ApiError;
use crate::id::OrgId;

type Outcome = Option<Result<Token, ApiError>>;

pub(crate) struct Session {
    shared: Arc<Shared>,
}

struct Shared {
    login: Login,
    org: OrgId,
    logins: Logins,
    state: Mutex<State>,
}

struct State {
    token: Token,
    /// The login under way; `None` in it until it ends.
    underway: Option<watch::Receiver<Outcome>>,
}

impl Session {
    /// Logs in for the first time.
    pub(crate) async fn open(
        config: OrgConfig,
        name: Arc<str>,
        http: reqwest::Client,
    ) -> Result<(Self, OrgId), ApiError> {
        let login = Login::new(config, name, http);
        let (token, org) = login.token().await?;
        let state = Mutex::new(State { token, underway: None });
        let shared = Arc::new(Shared { login, org, logins: Logins::first(), state });
        Ok((Self { shared }, org))
    }

    /// The token to use now.
    pub(crate) fn token(&self) -> Token {
        self.shared.lock().token.clone()
    }

    /// What became of the logins.
    pub(crate) fn logins(&self) -> LoginCounts {
        self.shared.logins.read()
    }

    /// A token other than `rejected`.
    pub(crate) async fn refresh(&self, rejected: &Token) -> Result<Token, ApiError> {
        let mut underway = {
            let mut state = self.shared.lock();
            if state.token != *rejected {
                return Ok(state.token.clone());
            }
            let shared = &self.shared;
            state.underway.get_or_insert_with(|| Shared::log_in(Arc::clone(shared))).clone()
        };
        let outcome = underway.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        if let Some(outcome) = outcome {
            return outcome;
        }
        // The task ended without an outcome; the next caller starts another.
        self.shared.lock().underway = None;
        Err(self.shared.login.given_up())
    }
}

impl Shared {
    fn log_in(shared: Arc<Self>) -> watch::Receiver<Outcome> {
        let (sender, receiver) = watch::channel(None);
        tokio::spawn(async move {
            let outcome = shared.login.token().await.and_then(|(token, org)| {
                // A sandbox that was refreshed answers with another id behind the same URL; its records are others.
                if org == shared.org { Ok(token) } else { Err(shared.login.another_org(&shared.org, &org)) }
            });
            shared.logins.note(&outcome);
            {
                let mut state = shared.lock();
                if let Ok(token) = &outcome {
                    state.token = token.clone();
                }
                state.underway = None;
            }
            sender.send_replace(Some(outcome));
        });
        receiver
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}
