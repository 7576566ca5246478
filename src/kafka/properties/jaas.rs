//! The `sasl.jaas.config` line of a Java client: a login module and its options.

use crate::kafka::token;

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Login {
    /// The mechanism, where the module has one only.
    pub(super) mechanism: Option<&'static str>,
    /// A user; where tokens are shown, the client that gets them.
    pub(super) username: String,
    pub(super) password: String,
    /// What a token is asked for.
    pub(super) scope: Option<String>,
}

impl Login {
    /// What librdkafka is told.
    pub(super) fn told(self) -> Vec<(String, String)> {
        let by_token = self.mechanism == Some(token::MECHANISM);
        let names = if by_token {
            (token::CLIENT_ID, token::CLIENT_SECRET)
        } else {
            ("sasl.username", "sasl.password")
        };
        let pairs = [
            self.mechanism.map(|mechanism| ("sasl.mechanism", mechanism.to_owned())),
            Some((names.0, self.username)),
            Some((names.1, self.password)),
            self.scope.map(|scope| (token::SCOPE, scope)),
        ];
        pairs.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Reads `MODULE required username="…" password="…";`. No error shows anything of the options.
pub(super) fn read(line: &str) -> Result<Login, String> {
    let line = line.trim();
    let (module, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let mechanism = match module.trim_end_matches(';').rsplit('.').next() {
        Some("PlainLoginModule") => Some("PLAIN"),
        // `sasl.mechanism` says which of the two.
        Some("ScramLoginModule") => None,
        Some("OAuthBearerLoginModule") => Some(token::MECHANISM),
        Some(other @ "Krb5LoginModule") => {
            return Err(format!(
                "the login module {other} has no counterpart; there are PlainLoginModule, ScramLoginModule and OAuthBearerLoginModule"
            ));
        }
        _ => {
            return Err(
                "does not begin with a login module that is known: PlainLoginModule, ScramLoginModule or OAuthBearerLoginModule"
                    .to_owned(),
            );
        }
    };
    let (mut username, mut password, mut scope) = (None, None, None);
    let by_token = mechanism == Some(token::MECHANISM);
    let (user, secret) = if by_token { ("clientId", "clientSecret") } else { ("username", "password") };
    for (name, value) in options(rest)? {
        match name.as_str() {
            name if name == user => username = Some(value),
            name if name == secret => password = Some(value),
            "scope" if by_token => scope = Some(value),
            name if by_token && name.starts_with("extension_") => {
                return Err(format!("has `{name}`, and extensions of the login cannot be sent"));
            }
            // Others are for brokers, or for logins that are delegated.
            _ => {}
        }
    }
    match (username, password) {
        (Some(username), Some(password)) => Ok(Login { mechanism, username, password, scope }),
        (None, Some(_)) => Err(format!("has a {secret} and no {user}")),
        (Some(_), None) => Err(format!("has a {user} and no {secret}")),
        (None, None) => Err(format!("has neither {user} nor {secret}")),
    }
}

/// The options behind the control flag, as Java's tokenizer reads them: in quotes of either kind with `\` before a
/// character that stands for itself, or bare up to a space or the `;`.
fn options(text: &str) -> Result<Vec<(String, String)>, String> {
    let text = text.trim_start();
    let flags = ["required", "requisite", "sufficient", "optional"];
    let flag = flags.into_iter().find(|flag| text.to_lowercase().starts_with(flag));
    let flag = flag.ok_or("has no `required` behind the login module")?;
    let mut rest = text.get(flag.len()..).unwrap_or_default().chars().peekable();
    let mut options = Vec::new();
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        let mut name = String::new();
        while let Some(c) = rest.next_if(|c| !matches!(c, '=' | ';') && !c.is_whitespace()) {
            name.push(c);
        }
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if name.is_empty() {
            return Ok(options);
        }
        if rest.next() != Some('=') {
            return Err("has an option without a value; write `name=\"value\"`".to_owned());
        }
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        let mut value = String::new();
        if let Some(quote) = rest.next_if(|c| matches!(c, '"' | '\'')) {
            loop {
                match rest.next() {
                    None => return Err("has a value whose quotes do not end".to_owned()),
                    Some(c) if c == quote => break,
                    Some('\\') => value.extend(rest.next()),
                    Some(c) => value.push(c),
                }
            }
        } else {
            while let Some(c) = rest.next_if(|c| *c != ';' && !c.is_whitespace()) {
                value.push(c);
            }
        }
        options.push((name, value));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_of_kafkas_documentation_is_read() {
        let line = "org.apache.kafka.common.security.plain.PlainLoginModule required \\\n username=\"alice\" \\\n password=\"alice-secret\";";
        let line = line.replace("\\\n", "");
        let login = read(&line).unwrap();
        assert_eq!(
            (login.mechanism, &*login.username, &*login.password),
            (Some("PLAIN"), "alice", "alice-secret")
        );
        let scram = "org.apache.kafka.common.security.scram.ScramLoginModule required username=bob password='b c' tokenauth=true;";
        let login = read(scram).unwrap();
        assert_eq!((login.mechanism, &*login.username, &*login.password), (None, "bob", "b c"));
    }

    #[test]
    fn what_is_wrong_is_said_without_what_stands_there() {
        let module = "org.apache.kafka.common.security.plain.PlainLoginModule";
        for (line, part) in [
            ("hunter2", "login module"),
            (&*format!("{module} username=\"hunter2\";"), "`required`"),
            (&*format!("{module} required username=\"hunter2\";"), "no password"),
            (&*format!("{module} required password=\"hunter2\";"), "no username"),
            (&*format!("{module} required password=\"hunter2"), "do not end"),
            (&*format!("{module} required hunter2;"), "without a value"),
            ("com.sun.security.auth.module.Krb5LoginModule required;", "Krb5LoginModule"),
        ] {
            let message = read(line).unwrap_err();
            assert!(message.contains(part) && !message.contains("hunter2"), "{line}: {message}");
        }
    }

    #[test]
    fn a_client_that_gets_tokens_is_read() {
        let line = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId='app' clientSecret=\"s\" scope=\"kafka\";";
        let told = read(line).unwrap().told();
        let told: Vec<_> = told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            told,
            [
                ("sasl.mechanism", "OAUTHBEARER"),
                (token::CLIENT_ID, "app"),
                (token::CLIENT_SECRET, "s"),
                (token::SCOPE, "kafka")
            ]
        );
        let extended = line.replace(" scope=", " extension_logicalCluster=");
        assert!(read(&extended).unwrap_err().contains("extension_logicalCluster"));
    }

    proptest! {
        #[test]
        fn any_password_in_quotes_is_read_as_it_was(username in ".+", password in ".*") {
            let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
            let line = format!(
                "x.PlainLoginModule required username=\"{}\" password=\"{}\";",
                quoted(&username),
                quoted(&password)
            );
            let login = read(&line).unwrap();
            prop_assert_eq!((login.username, login.password), (username, password));
        }
    }
}
