//! The RSA key of the connected app: the client signs assertions with it, the org checks them.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::SimulatorError;

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// The public half, as the org knows it.
#[derive(Debug)]
pub(crate) struct ClientKey {
    public: Vec<u8>,
}

impl ClientKey {
    /// Makes a key; answers the private half as PKCS#8 in PEM.
    pub(crate) fn generate() -> Result<String, SimulatorError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|error| wrong(&error.to_string()))?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|error| wrong(&error.to_string()))?;
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        Ok(format!("{BEGIN}\n{}\n{END}\n", lines.join("\n")))
    }

    /// The public half of a private key.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, SimulatorError> {
        let inner = pem.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
        let text: String = inner.ok_or_else(|| wrong("not a PEM file"))?.split_whitespace().collect();
        let der = STANDARD.decode(text).map_err(|error| wrong(&error.to_string()))?;
        let pair = KeyPair::from_pkcs8(&der).map_err(|error| wrong(&error.to_string()))?;
        Ok(Self { public: pair.public_key().as_ref().to_vec() })
    }

    /// Whether an RS256 signature is right.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.public).verify(message, signature).is_ok()
    }
}

fn wrong(reason: &str) -> SimulatorError {
    SimulatorError::Key(reason.to_owned())
}
