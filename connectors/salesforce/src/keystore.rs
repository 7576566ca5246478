//! The private key of a PKCS#12 file, as `keytool` and `openssl pkcs12` write it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use orgstream_api::Secret;
use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy, PrivateKeyChain};

/// How a Java keystore of the old kind begins.
const JKS: [u8; 4] = [0xFE, 0xED, 0xFE, 0xED];

/// Characters in a line of PEM.
const LINE: usize = 64;

/// No key could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeystoreError {
    /// It is a keystore of Java's own form.
    #[error(
        "is a JKS keystore, not PKCS#12; convert it: keytool -importkeystore -srckeystore OLD.jks -destkeystore NEW.p12 \
         -deststoretype PKCS12"
    )]
    Jks,
    /// The password is wrong, or it is no keystore.
    #[error("cannot be opened: the password is another one, or it is no PKCS#12 file ({0})")]
    Closed(String),
    /// It has no key under the alias that was asked for.
    #[error("has no private key `{0}`; there are {1}")]
    NoSuchAlias(String, String),
    /// It has no key at all.
    #[error("holds no private key")]
    NoKey,
    /// It has several keys, and which one is meant is not said.
    #[error("holds several private keys, {0}; say which by `alias`")]
    Several(String),
}

/// The private key in `file` as PEM text: the one named `alias`, which Java writes in lower case, or the only one.
pub fn private_key(file: &[u8], password: &Secret, alias: Option<&str>) -> Result<Secret, KeystoreError> {
    if file.starts_with(&JKS) {
        return Err(KeystoreError::Jks);
    }
    let store = KeyStore::from_pkcs12(file, password.reveal(), Pkcs12ImportPolicy::Relaxed)
        .map_err(|error| KeystoreError::Closed(error.to_string()))?;
    let mut chains: Vec<(&str, &PrivateKeyChain)> = store
        .entries()
        .filter_map(|(alias, entry)| match entry {
            KeyStoreEntry::PrivateKeyChain(chain) => Some((alias.as_str(), chain)),
            _ => None,
        })
        .collect();
    chains.sort_unstable_by_key(|(alias, _)| *alias);
    let names = || chains.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let chain = match (alias, chains.as_slice()) {
        (_, []) => return Err(KeystoreError::NoKey),
        (Some(alias), _) => {
            let named = chains.iter().find(|(name, _)| name.eq_ignore_ascii_case(alias));
            named.ok_or_else(|| KeystoreError::NoSuchAlias(alias.to_owned(), names()))?.1
        }
        (None, [(_, only)]) => only,
        (None, _) => return Err(KeystoreError::Several(names())),
    };
    Ok(Secret::new(pem(chain.key().as_der())))
}

/// A PKCS#8 key as PEM text.
fn pem(der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut text = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in encoded.as_bytes().chunks(LINE) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str("-----END PRIVATE KEY-----\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENSSL: &[u8] = include_bytes!("../../../tests/fixtures/keystores/openssl.p12");
    /// The same key, and another one under `second`.
    const KEYTOOL: &[u8] = include_bytes!("../../../tests/fixtures/keystores/keytool.p12");
    const JKS: &[u8] = include_bytes!("../../../tests/fixtures/keystores/old.jks");
    const PEM: &str = include_str!("../../../tests/fixtures/keystores/openssl.pem");

    fn read(file: &[u8], password: &str, alias: Option<&str>) -> Result<String, KeystoreError> {
        private_key(file, &Secret::new(password), alias).map(|key| key.reveal().to_owned())
    }

    #[test]
    fn the_key_is_the_one_that_openssl_and_keytool_put_in() {
        assert_eq!(read(OPENSSL, "changeit", None).unwrap(), PEM);
        assert_eq!(read(KEYTOOL, "changeit", Some("Salesforce-Confluent")).unwrap(), PEM);
        assert_ne!(read(KEYTOOL, "changeit", Some("second")).unwrap(), PEM);
    }

    #[test]
    fn what_is_no_key_says_what_to_do() {
        let wrong = read(OPENSSL, "guess", None).unwrap_err();
        assert!(matches!(wrong, KeystoreError::Closed(_)), "{wrong}");
        assert!(matches!(read(b"nothing", "changeit", None).unwrap_err(), KeystoreError::Closed(_)));
        assert!(read(JKS, "changeit", None).unwrap_err().to_string().contains("keytool -importkeystore"));
        let several = read(KEYTOOL, "changeit", None).unwrap_err();
        assert_eq!(several, KeystoreError::Several("`salesforce-confluent`, `second`".to_owned()));
        let other = read(OPENSSL, "changeit", Some("mine")).unwrap_err().to_string();
        assert!(other.contains("`mine`; there are `salesforce-confluent`"), "{other}");
    }
}
