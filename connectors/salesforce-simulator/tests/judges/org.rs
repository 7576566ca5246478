//! The org under judgement: one for each run, on a thread of its own, ended with it.

use std::path::PathBuf;
use std::sync::mpsc;

use orgstream_salesforce_simulator::Org;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use super::client::Scheme;

/// An org that serves until it is dropped.
pub(crate) struct Judged {
    /// What a client is told: the credentials of the org and where its CA certificate is.
    pub(crate) announcement: Json,
    /// Keeps the key and the certificate.
    _files: tempfile::TempDir,
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Judged {
    /// Starts an org with the objects that the clients expect.
    pub(crate) fn start(scheme: Scheme) -> Self {
        let files = tempfile::tempdir().expect("a temporary directory");
        let dir = files.path().to_owned();
        let stop = CancellationToken::new();
        let (told, tell) = mpsc::channel();
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(async {
                let mut builder = Org::builder().name("judged").objects(include_str!("objects.yaml"));
                if scheme == Scheme::Tls {
                    builder = builder.tls();
                }
                let org = builder.start().await.expect("the org starts");
                told.send(announcement(&org, &dir)).expect("the test waits");
                stopped.cancelled().await;
                org.stop().await;
            });
        });
        let announcement = tell.recv().expect("the org has started");
        Self { announcement, _files: files, stop, thread: Some(thread) }
    }
}

impl Drop for Judged {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the org stopped");
        }
    }
}

fn announcement(org: &Org, dir: &std::path::Path) -> Json {
    let known = org.credentials();
    let key: PathBuf = dir.join("private_key.pem");
    std::fs::write(&key, &known.private_key_pem).expect("the key is written");
    let certificate = org.ca_certificate().map(|pem| {
        let path = dir.join("ca.pem");
        std::fs::write(&path, pem).expect("the certificate is written");
        path
    });
    json!({
        "login_url": known.login_url,
        "username": known.username,
        "password": known.password,
        "security_token": known.security_token,
        "client_id": known.client_id,
        "client_secret": known.client_secret,
        "private_key_file": key,
        "org_id": org.id(),
        "user_id": org.user_id(),
        "ca_certificate": certificate,
    })
}
