//! How often an org was logged in to, and what became of it.

use std::sync::Mutex;
use std::time::SystemTime;

use crate::clock::now;
use crate::error::ApiError;
use crate::org::Org;

/// The logins of an org since it was connected, which is by the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginCounts {
    /// Those that gave a token.
    pub granted: u64,
    /// Those that the org refused, or that led to another org.
    pub refused: u64,
    /// Those without a usable answer.
    pub failed: u64,
    /// When the token that calls use now was given.
    pub last: SystemTime,
}

/// Counts them.
#[derive(Debug)]
pub(crate) struct Logins(Mutex<LoginCounts>);

impl Logins {
    /// Those of an org that has just been logged in to for the first time.
    pub(crate) fn first() -> Self {
        Self(Mutex::new(LoginCounts { granted: 1, refused: 0, failed: 0, last: now() }))
    }

    /// Takes note of what became of a login.
    pub(crate) fn note<T>(&self, ended: &Result<T, ApiError>) {
        let mut counts = self.0.lock().expect("no holder of this lock panics");
        match ended {
            Ok(_) => {
                counts.granted += 1;
                counts.last = now();
            }
            Err(ApiError::Refused { .. } | ApiError::Answer { .. }) => counts.refused += 1,
            Err(_) => counts.failed += 1,
        }
    }

    pub(crate) fn read(&self) -> LoginCounts {
        *self.0.lock().expect("no holder of this lock panics")
    }
}

impl Org {
    /// The logins since the org was connected.
    pub fn logins(&self) -> LoginCounts {
        self.inner.session.logins()
    }
}
