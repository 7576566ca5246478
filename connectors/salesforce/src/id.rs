//! Record ids. One form only: 18 characters with a correct checksum, so that equal ids are equal bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const CHECKSUM: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// The id of a record, always in its 18-character form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SalesforceId([u8; 18]);

/// The 18-character id of an org (prefix `00D`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrgId(SalesforceId);

/// The text is not a Salesforce id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}: {reason}")]
pub struct MalformedId {
    text: String,
    expected: &'static str,
    reason: &'static str,
}

impl SalesforceId {
    /// Reads the 15- or the 18-character form. The three last characters of the long form are a checksum of the
    /// letters' case; an id whose case was changed on its way is refused, because it would name another record.
    pub fn parse(text: &str) -> Result<Self, MalformedId> {
        let malformed = |reason| MalformedId {
            text: text.chars().take(40).collect(),
            expected: "a Salesforce id",
            reason,
        };
        let bytes = text.as_bytes();
        if bytes.len() != 15 && bytes.len() != 18 {
            return Err(malformed("it must have 15 or 18 characters"));
        }
        if !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return Err(malformed("only letters and digits are allowed"));
        }
        let mut id = [0; 18];
        id[..15].copy_from_slice(&bytes[..15]);
        for chunk in 0..3 {
            id[15 + chunk] = checksum(&bytes[chunk * 5..chunk * 5 + 5]);
        }
        // Upper and lower case of the checksum mean the same, since it has no case to protect of its own.
        if bytes.len() == 18 && !bytes[15..].eq_ignore_ascii_case(&id[15..]) {
            return Err(malformed("its checksum does not fit the case of its letters"));
        }
        Ok(Self(id))
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII letters and digits are accepted")
    }

    /// The first three characters, which name the object.
    pub fn key_prefix(&self) -> &str {
        &self.as_str()[..3]
    }
}

impl OrgId {
    /// Reads the id of an org.
    pub fn parse(text: &str) -> Result<Self, MalformedId> {
        let id = SalesforceId::parse(text)?;
        if id.key_prefix() == "00D" {
            Ok(Self(id))
        } else {
            Err(MalformedId {
                text: text.to_owned(),
                expected: "the id of an org",
                reason: "it must begin with 00D",
            })
        }
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// One character for five: bit k says whether character k is an upper-case letter.
fn checksum(chunk: &[u8]) -> u8 {
    let index = chunk
        .iter()
        .enumerate()
        .filter(|(_, byte)| byte.is_ascii_uppercase())
        .map(|(bit, _)| 1_usize << bit)
        .sum::<usize>();
    CHECKSUM[index]
}

macro_rules! text_form {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

text_form!(SalesforceId);
text_form!(OrgId);

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn a_short_id_gets_its_checksum() {
        for (short, long) in [
            ("001D000000IqhSL", "001D000000IqhSLIAZ"),
            ("000000000000000", "000000000000000AAA"),
            ("00D5g000004XyzE", "00D5g000004XyzEEAS"),
        ] {
            assert_eq!(SalesforceId::parse(short).unwrap().as_str(), long);
            assert_eq!(SalesforceId::parse(long).unwrap().as_str(), long);
        }
    }

    #[test]
    fn an_id_whose_case_was_changed_is_refused() {
        assert!(SalesforceId::parse("001d000000iqhsliaz").is_err());
        assert!(SalesforceId::parse("001D000000IqhSl").is_ok(), "another record");
    }

    #[test]
    fn text_of_another_shape_is_refused() {
        for text in ["", "001", "001D000000Iqh L", "001D000000IqhSLIA", "ééééééééé"] {
            assert!(SalesforceId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_org_id_begins_with_its_prefix() {
        assert_eq!(OrgId::parse("00D5g000004XyzE").unwrap().as_str(), "00D5g000004XyzEEAS");
        assert!(OrgId::parse("001D000000IqhSL").is_err());
    }

    proptest! {
        #[test]
        fn the_long_form_reads_as_the_short_one(short in "[0-9A-Za-z]{15}") {
            let id = SalesforceId::parse(&short).unwrap();
            prop_assert_eq!(SalesforceId::parse(id.as_str()), Ok(id));
            prop_assert!(id.as_str().starts_with(&short));
        }

        #[test]
        fn a_flipped_case_never_passes(short in "[0-9A-Za-z]{14}[A-Za-z]", at in 0_usize..15) {
            let long = SalesforceId::parse(&short).unwrap().to_string();
            let mut bytes = long.into_bytes();
            let flipped = if bytes[at].is_ascii_uppercase() { bytes[at].to_ascii_lowercase() } else { bytes[at].to_ascii_uppercase() };
            let changed = flipped != bytes[at];
            bytes[at] = flipped;
            let text = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(SalesforceId::parse(&text).is_err(), changed);
        }
    }
}
