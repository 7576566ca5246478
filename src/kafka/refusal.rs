//! Why brokers turn a client away, in words that name the keys of the file.
//!
//! The only place that reads librdkafka's messages: it has one code for all that TLS refuses, and none for a port that
//! speaks something else.

use rdkafka::error::RDKafkaErrorCode;

use super::token::{REFUSES, UNASKED};

/// What is wrong between a client and a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The user or the password.
    Login,
    /// The token, or whoever asks for one.
    Token,
    /// The mechanism.
    Mechanism,
    /// Nobody who is trusted has signed the broker's certificate, or it is for another name; librdkafka does not say which.
    Authority,
    /// The broker refuses the client's certificate, or misses it.
    Certificate,
    /// TLS fails otherwise.
    Tls,
    /// The port speaks TLS, or asks for a login.
    MoreWanted,
    /// The port speaks no TLS.
    LessWanted,
}

impl Refusal {
    /// What librdkafka's words tell of; `None` for trouble with the way to the broker.
    pub(super) fn of(code: Option<RDKafkaErrorCode>, words: &str) -> Option<Self> {
        let says = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
        match code {
            Some(RDKafkaErrorCode::Authentication) if says(&["Broker: Unsupported SASL mechanism"]) => {
                Some(Self::Mechanism)
            }
            Some(RDKafkaErrorCode::Authentication) if says(&[REFUSES, UNASKED]) => Some(Self::Token),
            // Whoever gives the tokens is away, or a token ended on its way.
            Some(RDKafkaErrorCode::Authentication)
                if says(&["Failed to acquire SASL OAUTHBEARER token"])
                    || (says(&["expired"]) && says(&["invalid_token", "OAUTHBEARER"])) =>
            {
                None
            }
            Some(RDKafkaErrorCode::Authentication) if says(&["invalid_token", "OAUTHBEARER"]) => {
                Some(Self::Token)
            }
            // A connection that ends in the middle of the login has the same code as a refusal, and nothing was refused yet.
            Some(RDKafkaErrorCode::Authentication)
                if says(&["Local: ", "Disconnected", "mechanism handshake failed"]) =>
            {
                None
            }
            Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed) => {
                Some(Self::Login)
            }
            Some(RDKafkaErrorCode::UnsupportedSASLMechanism) => Some(Self::Mechanism),
            _ if says(&["certificate verify failed", "could not be verified"]) => Some(Self::Authority),
            _ if says(&[
                "certificate required",
                "bad certificate",
                "alert certificate",
                "alert unknown ca",
                "authentication might be required",
            ]) =>
            {
                Some(Self::Certificate)
            }
            _ if says(&["wrong version number", "packet length too long", "PLAINTEXT broker listener"]) => {
                Some(Self::LessWanted)
            }
            Some(RDKafkaErrorCode::SSL) => Some(Self::Tls),
            // A connection that cannot be made, or a name that cannot be resolved, is told of before this.
            Some(RDKafkaErrorCode::AllBrokersDown) => Some(Self::MoreWanted),
            _ if says(&["SSL listener?", "might require SASL"]) => Some(Self::MoreWanted),
            _ => None,
        }
    }

    /// Whether it stays so. A connection that is only cut may be cut by a proxy whose broker is not up yet.
    pub(super) fn is_final(self) -> bool {
        !matches!(self, Self::MoreWanted | Self::LessWanted)
    }

    /// What to do.
    pub(super) fn advice(self) -> &'static str {
        match self {
            Self::Login => {
                "The broker refuses the user or the password: check `kafka.security.username`, `password` and `mechanism`, and \
                 that the broker knows the user for this mechanism"
            }
            Self::Token => {
                "The brokers, or whoever gives the tokens for them, refuse this client: check `token_url`, `client_id`, `client_secret` \
                 and `scope` of `kafka.security.oauth`, and that the brokers trust tokens from there"
            }
            Self::Mechanism => {
                "The broker knows no such login: set `kafka.security.mechanism` to one that it lists"
            }
            Self::Authority => {
                "The broker's certificate does not hold here. Nobody who is trusted has signed it: put the certificate of its authority \
                 in `kafka.security.ca`. Or it is for other names than the one that the broker was called by: compare them with \
                 `kafka.bootstrap_servers` and the broker's `advertised.listeners`"
            }
            Self::Certificate => {
                "The broker does not accept the client's certificate, or misses one: check `kafka.security.certificate` and `key`, and \
                 that the broker trusts who signed it"
            }
            Self::Tls => "The broker and this client agree on no TLS connection: check `kafka.security`",
            Self::MoreWanted => {
                "The broker cuts the connection, as a port does that speaks TLS or asks for a login: check \
                 `kafka.security.protocol` and the port in `kafka.bootstrap_servers`"
            }
            Self::LessWanted => {
                "The port speaks no TLS: check `kafka.security.protocol` and the port in `kafka.bootstrap_servers`"
            }
        }
    }
}

/// What to do when librdkafka makes no client, where that is known.
pub(super) fn setup_advice(words: &str) -> Option<&'static str> {
    let says = |part: &str| words.contains(part);
    if says("ssl.key") || says("private key") {
        Some(
            "Check `kafka.security.key` and `kafka.security.key_password`, and that the key is the certificate's",
        )
    } else if says("ssl.certificate") {
        Some("Check `kafka.security.certificate`")
    } else if says("ssl.ca") {
        Some("Check `kafka.security.ca`")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_login(words: &str) -> Option<Refusal> {
        Refusal::of(Some(RDKafkaErrorCode::Authentication), words)
    }

    #[test]
    fn a_connection_that_ends_in_the_middle_of_the_login_is_no_refusal() {
        for words in [
            "sasl_ssl://b:9/1: SASL PLAIN mechanism handshake failed: Local: Broker transport failure: broker's supported mechanisms: ",
            "sasl_ssl://b:9/1: SASL PLAIN mechanism handshake failed: Local: Timed out: broker's supported mechanisms: ",
            "sasl_ssl://b:9/1: SASL PLAIN mechanism handshake failed: Broker: Broker not available: broker's supported mechanisms: ",
            "sasl_ssl://b:9/1: SASL authentication error: SaslAuthenticateRequest failed: Local: Timed out",
            "sasl_plaintext://b:9/1: Disconnected: hung up from peer in state AUTH_LEGACY",
        ] {
            assert_eq!(of_login(words), None, "{words}");
        }
    }

    #[test]
    fn a_broker_that_says_no_is_believed() {
        let mechanism = "SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: \
                         SCRAM-SHA-512";
        assert_eq!(of_login(mechanism), Some(Refusal::Mechanism));
        let login = "SASL authentication error: Authentication failed: Invalid username or password";
        assert_eq!(of_login(login), Some(Refusal::Login));
        let token = "SASL authentication error: {\"status\":\"invalid_token\"}";
        assert_eq!(of_login(token), Some(Refusal::Token));
        let client = "Failed to acquire SASL OAUTHBEARER token: the token endpoint https://i/t refuses to give a token (status 401)";
        assert_eq!(of_login(client), Some(Refusal::Token));
        assert!(Refusal::Mechanism.is_final() && Refusal::Login.is_final() && Refusal::Token.is_final());
    }

    #[test]
    fn who_gives_the_tokens_may_be_away_for_a_while() {
        let words = "Failed to acquire SASL OAUTHBEARER token: the token endpoint https://i/t does not answer (status 503)";
        assert_eq!(of_login(words), None);
        let ended = "SASL authentication error: {\"status\":\"invalid_token\"}: the token has expired";
        assert_eq!(of_login(ended), None);
        assert_eq!(of_login("SASL PLAIN: the account has expired"), Some(Refusal::Login));
    }

    #[test]
    fn a_token_that_cannot_be_asked_for_is_not_waited_for() {
        let words = "Failed to acquire SASL OAUTHBEARER token: no token can be asked for: `sasl.oauthbearer.client.id` is missing";
        assert_eq!(of_login(words), Some(Refusal::Token));
    }
}
