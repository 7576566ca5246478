use crate::config::Access;

use super::*;

/// A file that is right but for its HTTP server.
fn with_http(http: &str) -> String {
    file("  p: { source: { org: a, topic: t }, objects: { Account: {} } }\n") + "http: " + http + "\n"
}

#[test]
fn an_http_server_is_asked_for_and_listens_on_this_machine() {
    assert!(
        load_text(&file("  p: { source: { org: a, topic: t }, objects: { Account: {} } }\n"))
            .unwrap()
            .http
            .is_none()
    );
    let http = load_text(&with_http("{}")).unwrap().http.unwrap();
    assert_eq!(http.listen.to_string(), "127.0.0.1:8083");
    assert_eq!((http.access, http.unhealthy_after), (Access::Local, Duration::from_mins(15)));
    assert!(http.tls.is_none());
    let open =
        with_http("{ listen: '0.0.0.0:0', auth: { basic: { ann: '${env:SECRET}' }, bearer: { p: t0ken } } }");
    let http = load_text(&open).unwrap().http.unwrap();
    let Access::Known(known) = &http.access else { panic!("{http:?}") };
    assert_eq!((known.users["ann"].reveal(), known.tokens["p"].reveal()), ("s3cret", "t0ken"));
    let shown = format!("{http:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("t0ken"), "{shown}");
    let local = load_text(&with_http("{ listen: 'localhost:1' }")).unwrap().http.unwrap();
    assert_eq!(local.listen.to_string(), "127.0.0.1:1");
}

#[test]
fn what_is_wrong_with_an_http_server_is_said_at_its_key() {
    for (http, key, said) in [
        ("{ listen: '0.0.0.0:8083' }", "http.listen", "is reached from other machines, and without `auth`"),
        ("{ listen: '10.1.2.3:80' }", "http.listen", "listen on 127.0.0.1"),
        ("{ listen: '8083' }", "http.listen", "`8083` is not an address with a port"),
        ("{ listen: 'a.example:80' }", "http.listen", "is not an address with a port"),
        ("{ auth: {} }", "http.auth", "nobody could ask"),
        ("{ auth: { basic: {}, bearer: {} } }", "http.auth", "nobody could ask"),
        ("{ auth: { basic: { 'a:b': x } } }", "http.auth.basic.a:b", "no colon"),
        ("{ auth: { basic: { a: '' } } }", "http.auth.basic.a", "has no value"),
        ("{ auth: { bearer: { a: 'x y' } } }", "http.auth.bearer.a", "without spaces"),
        ("{ tls: { certificate: none.pem } }", "http.tls.key", "this key is missing"),
        ("{ unhealthy_after: 0s }", "http.unhealthy_after", "no time at all"),
        ("{ port: 1 }", "http.port", "unknown key"),
    ] {
        let faults = faults(&with_http(http));
        assert!(faults[0].contains(&format!(" {key}: ")) && faults[0].contains(said), "{http}: {faults:#?}");
    }
}

#[test]
fn a_certificate_and_its_key_are_read_and_must_belong_together() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    for name in ["one", "other"] {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(path(&format!("{name}.pem")), made.cert.pem()).unwrap();
        std::fs::write(path(&format!("{name}.key")), made.signing_key.serialize_pem()).unwrap();
    }
    let of = |certificate: &str, key: &str| {
        with_http(&format!("{{ tls: {{ certificate: '{}', key: '{}' }} }}", path(certificate), path(key)))
    };
    assert!(load_text(&of("one.pem", "one.key")).unwrap().http.unwrap().tls.is_some());
    for (certificate, key, at, said) in [
        ("one.pem", "other.key", "http.tls.key", "cannot be used with the certificate"),
        ("one.key", "one.key", "http.tls.certificate", "holds no certificate in PEM form"),
        ("one.pem", "one.pem", "http.tls.key", "holds no private key in PEM form"),
        ("none.pem", "one.key", "http.tls.certificate", "cannot be read"),
    ] {
        let faults = faults(&of(certificate, key));
        assert_eq!(faults.len(), 1, "{faults:#?}");
        assert!(faults[0].contains(&format!(" {at}: ")) && faults[0].contains(said), "{faults:#?}");
    }
}

#[test]
fn a_pipeline_is_kept_as_it_stands_in_the_file_without_what_is_put_in() {
    let text = file(
        "  crm:
    source: { org: a, topic: 'a.${object}', filter: \"value.A == '${env:SECRET}'\" }
    sink: { org: b, tasks: 2 }
    objects:
      Lead: { external_id: X__c, ignore_fields: [A, B], source: { hydrate: false } }
",
    );
    let written = load_text(&text).unwrap().written;
    let shown: Vec<_> = written["crm"].iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(
        shown,
        [
            "objects.Lead.external_id=X__c",
            "objects.Lead.ignore_fields=A,B",
            "objects.Lead.source.hydrate=false",
            "sink.org=b",
            "sink.tasks=2",
            "source.filter=value.A == '${env:SECRET}'",
            "source.org=a",
            "source.topic=a.${object}",
        ]
    );
}

#[test]
fn a_file_says_how_it_logs() {
    use crate::telemetry::{Format, LogOptions};
    let of = |log: &str| {
        load_text(
            &file("  p: { source: { org: a, topic: t }, objects: { Account: {} } }\n")
                .replace("pipelines:", &format!("log: {log}\npipelines:")),
        )
        .unwrap()
        .log
    };
    assert_eq!(of("{}"), LogOptions::default());
    let expected = LogOptions { format: Some(Format::Logfmt), level: Some("debug") };
    assert_eq!(of("{ format: logfmt, level: debug }"), expected);
}

#[test]
fn credentials_are_marked_so_that_no_output_shows_them() {
    let auth = &json_schema()["properties"]["http"]["properties"]["auth"]["properties"];
    for way in ["basic", "bearer"] {
        assert_eq!(auth[way]["additionalProperties"]["x-secret"], true, "{way}: {auth}");
    }
}
