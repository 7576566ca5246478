//! The certificates of an org under TLS: an authority of its own, and a server certificate for every name that
//! clients call an org by.
//!
//! A kept authority keeps its key, so a client that trusts the written certificate trusts the org after a restart.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::SimulatorError;
use crate::timestamp::Timestamp;

/// What clients call an org by. The names of Salesforce are for clients that have them written in, and reach the
/// org through a proxy or a hosts entry.
const NAMES: [&str; 6] =
    ["localhost", "127.0.0.1", "::1", "login.salesforce.com", "test.salesforce.com", "*.my.salesforce.com"];
/// The authority's certificate within its directory.
pub(crate) const CERTIFICATE_FILE: &str = "ca.pem";
const KEY_FILE: &str = "ca_key.pem";

/// TLS of one org.
pub(crate) struct Tls {
    /// Does the handshakes.
    pub(crate) acceptor: TlsAcceptor,
    /// The certificate of the authority, PEM: what a client must trust.
    pub(crate) ca_certificate: String,
}

impl Tls {
    /// Makes the certificates, or with a directory takes the authority that is there.
    pub(crate) fn new(kept_in: Option<&Path>, now: Timestamp) -> Result<Self, SimulatorError> {
        let authority = Authority::take(kept_in, now)?;
        let mut server = CertificateParams::new(NAMES.map(str::to_owned)).map_err(wrong)?;
        server.distinguished_name.push(DnType::CommonName, "localhost");
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.use_authority_key_identifier_extension = true;
        // Browsers refuse certificates that hold longer.
        (server.not_before, server.not_after) = validity(now, 397);
        let key = KeyPair::generate().map_err(wrong)?;
        let certificate = server.signed_by(&key, &authority.issuer).map_err(wrong)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key)
            })
            .map_err(wrong)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), ca_certificate: authority.certificate })
    }
}

/// Who signs the server's certificate.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    fn take(kept_in: Option<&Path>, now: Timestamp) -> Result<Self, SimulatorError> {
        let files = kept_in.map(|dir| (dir.join(CERTIFICATE_FILE), dir.join(KEY_FILE)));
        let Some((certificate_file, key_file)) = files else { return Self::make(now).map(|(made, _)| made) };
        if certificate_file.exists() && key_file.exists() {
            let certificate =
                std::fs::read_to_string(&certificate_file).map_err(unusable(&certificate_file))?;
            let key = std::fs::read_to_string(&key_file).map_err(unusable(&key_file))?;
            let key = KeyPair::from_pem(&key)
                .map_err(|error| SimulatorError::Tls(format!("{}: {error}", key_file.display())))?;
            let issuer = Issuer::new(authority(&key, now)?, key);
            return Ok(Self { issuer, certificate });
        }
        let (made, key) = Self::make(now)?;
        for (path, text) in [(&key_file, &key), (&certificate_file, &made.certificate)] {
            crate::sandbox::write_private(path, text).map_err(unusable(path))?;
        }
        Ok(made)
    }

    fn make(now: Timestamp) -> Result<(Self, String), SimulatorError> {
        let key = KeyPair::generate().map_err(wrong)?;
        let params = authority(&key, now)?;
        let certificate = params.self_signed(&key).map_err(wrong)?.pem();
        let text = key.serialize_pem();
        Ok((Self { issuer: Issuer::new(params, key), certificate }, text))
    }
}

/// The authority that has this key. The name holds a part of the key, so that two of them in one trust store are
/// never taken for each other.
fn authority(key: &KeyPair, now: Timestamp) -> Result<CertificateParams, SimulatorError> {
    let mut params = CertificateParams::new(Vec::new()).map_err(wrong)?;
    let tail =
        key.public_key_raw().iter().rev().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    params.distinguished_name.push(DnType::CommonName, format!("orgstream sandbox {tail:016x}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = validity(now, 3650);
    Ok(params)
}

/// From yesterday, for clients whose clock is behind, for so many days.
fn validity(now: Timestamp, days: i64) -> (OffsetDateTime, OffsetDateTime) {
    let now = OffsetDateTime::from_unix_timestamp(now.millis() / 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    (now - Duration::days(1), now + Duration::days(days - 1))
}

fn wrong(error: impl std::fmt::Display) -> SimulatorError {
    SimulatorError::Tls(error.to_string())
}

fn unusable(path: &Path) -> impl Fn(std::io::Error) -> SimulatorError {
    let path = path.to_owned();
    move |source| SimulatorError::Certificate { path: PathBuf::clone(&path), source }
}
