//! `{{secrets.NAME}}` in a file.

use super::*;

fn with_secret(secrets: &str, value: &str) -> String {
    let text = file("  crm: { source: { org: a, topic: t }, objects: { Account: {} } }\n");
    format!("{secrets}{}", text.replacen("client_secret: y", &format!("client_secret: {value}"), 1))
}

#[test]
fn a_secret_is_put_in_and_never_shown() {
    let config =
        load_text(&with_secret("secrets: { prefix: SEC }\n", "'{{secrets.RET}}'")).expect("the file is good");
    let Org::Salesforce(org) = &config.orgs["a"] else { panic!("not an org") };
    let Auth::ClientCredentials { client_secret, .. } = &org.auth else { panic!("another flow") };
    assert_eq!(client_secret.reveal(), "s3cret");
    let topic = with_secret("secrets: { prefix: SEC }\n", "y")
        .replace("topic: t", "topic: '_orgstream.{{secrets.RET}}'");
    assert!(!faults(&topic).concat().contains("s3cret"), "{:?}", faults(&topic));
}

#[test]
fn where_secrets_are_may_itself_come_from_outside() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("KEY"), "of a file\n").expect("it can be written");
    let variable = |name: &str| match name {
        "SECDIR" => dir.path().to_str().map(str::to_owned),
        _ => None,
    };
    let from = Surroundings { directory: Path::new("/conf"), variable: &variable };
    let text = with_secret("secrets: { directory: '${env:SECDIR}' }\n", "'{{secrets.KEY}}'");
    let config = parse(&text, Path::new("f.yaml"), &from).expect("the file is good");
    let Org::Salesforce(org) = &config.orgs["a"] else { panic!("not an org") };
    let Auth::ClientCredentials { client_secret, .. } = &org.auth else { panic!("another flow") };
    assert_eq!(client_secret.reveal(), "of a file");
    let missing = parse(&text.replace("KEY", "NONE"), Path::new("f.yaml"), &from).expect_err("there is none");
    assert!(missing.to_string().contains("there is no file `${env:SECDIR}/NONE`"), "{missing}");
}

#[test]
fn a_missing_secret_is_a_fault_with_its_place_that_says_where_it_was_looked_for() {
    let text = with_secret("secrets: { directory: none }\n", "'{{secrets.SECRET}}'");
    assert_fault(
        &text,
        "3:97: orgs.a.auth.client_secret: ",
        "`SECRET_SECRET` is not set; there is `SECRET`, without the prefix",
    );
    assert_fault(&text, "3:97: ", "there is no file `/conf/none/SECRET`");
    let unquoted = with_secret("", "{{secrets.SECRET}}");
    assert!(faults(&unquoted)[0].contains("needs quotes"), "{:?}", faults(&unquoted));
}
