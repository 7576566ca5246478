//! The files that come with orgstream: they have no faults, and no key is missing in the one that shows all keys.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use orgstream::config::json_schema;
use serde_json::Value as Json;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The variables that a file puts in, each with a value that passes for a URL as well as for a broker.
fn variables(text: &str) -> BTreeSet<(String, String)> {
    let names = text.split("${env:").skip(1).filter_map(|rest| rest.split('}').next());
    let value = |name: &str| {
        if name == "APAC_KEYSTORE_PASSWORD" {
            return "changeit";
        }
        let web = name.ends_with("_URL") || name.ends_with("REGISTRY");
        if web { "https://example.com" } else { "example.com:9092" }
    };
    names.filter(|name| *name != "NAME").map(|name| (name.to_owned(), value(name).to_owned())).collect()
}

fn check(file: &Path) {
    let text = std::fs::read_to_string(file).expect("the file is there");
    // In a directory of its own, where the key that it names is a file too.
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(dir.path().join("keys")).expect("a directory");
    std::fs::write(dir.path().join("keys/emea.pem"), "-----BEGIN PRIVATE KEY-----\n").expect("a file");
    std::fs::copy(root().join("tests/fixtures/keystores/openssl.p12"), dir.path().join("keys/apac.p12"))
        .expect("a file");
    let server = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    std::fs::write(dir.path().join("keys/server.pem"), server.cert.pem()).expect("a file");
    std::fs::write(dir.path().join("keys/server.key"), server.signing_key.serialize_pem()).expect("a file");
    std::fs::write(dir.path().join("playground.yaml"), "").expect("a file");
    std::fs::write(dir.path().join("owners.csv"), "005000000000001,005000000000002\n").expect("a file");
    for (name, head) in [
        ("kafka-ca.pem", "CERTIFICATE"),
        ("kafka-client.pem", "CERTIFICATE"),
        ("kafka-client.key", "ENCRYPTED PRIVATE KEY"),
        ("registry-client.key", "PRIVATE KEY"),
    ] {
        std::fs::write(dir.path().join("keys").join(name), format!("-----BEGIN {head}-----\n"))
            .expect("a file");
    }
    let copy = dir.path().join("orgstream.yaml");
    std::fs::write(&copy, &text).expect("a file");
    let ended = Command::new(env!("CARGO_BIN_EXE_orgstream"))
        .arg("check")
        .arg(&copy)
        .envs(variables(&text))
        .output()
        .expect("the program starts");
    assert!(ended.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn the_shipped_files_have_no_faults() {
    let mut files: Vec<PathBuf> =
        ["config/orgstream.yaml", "config/dev.yaml"].map(|file| root().join(file)).into();
    let examples = std::fs::read_dir(root().join("examples")).expect("the folder is there");
    let examples = examples.map(|entry| entry.expect("an entry").path());
    files.extend(examples.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")));
    assert!(files.len() > 3, "{files:?}");
    for file in files {
        check(&file);
    }
}

/// The paths of all keys, the names that users choose left out.
fn keys(schema: &Json, path: &str, found: &mut BTreeSet<String>) {
    for (name, child) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}/{name}");
        keys(child, &path, found);
        found.insert(path);
    }
    if schema["additionalProperties"].is_object() {
        keys(&schema["additionalProperties"], path, found);
    }
    for choice in schema["oneOf"].as_array().into_iter().flatten() {
        keys(choice, path, found);
    }
}

/// The paths of a YAML file's keys: names that users choose are those that the schema leaves open.
fn written(schema: &Json, value: &Json, path: &str, found: &mut BTreeSet<String>) {
    let Json::Object(entries) = value else { return };
    for (name, value) in entries {
        let is_own = schema["properties"].get(name).is_some();
        if schema["additionalProperties"].is_object() && !is_own {
            written(&schema["additionalProperties"], value, path, found);
            continue;
        }
        let own = std::iter::once(schema);
        let choices = schema["oneOf"].as_array().into_iter().flatten();
        let child = own.chain(choices).find_map(|schema| schema["properties"].get(name));
        let path = format!("{path}/{name}");
        written(child.unwrap_or(&Json::Null), value, &path, found);
        found.insert(path);
    }
}

#[test]
fn the_file_that_shows_all_keys_shows_all_keys() {
    let text = std::fs::read_to_string(root().join("config/orgstream.yaml")).expect("the file is there");
    let value: Json = serde_saphyr::from_str(&text).expect("YAML");
    let schema = json_schema();
    let (mut known, mut shown) = (BTreeSet::new(), BTreeSet::new());
    keys(&schema, "", &mut known);
    written(&schema, &value, "", &mut shown);
    // What stands in place of something else stands in a comment.
    for key in known.difference(&shown) {
        let line = format!("# {}: ", key.rsplit('/').next().unwrap_or(key));
        assert!(text.lines().any(|written| written.trim_start().starts_with(&line)), "{key} is not shown");
    }
    assert!(shown.is_subset(&known), "{:?}", shown.difference(&known));
    assert!(text.starts_with("# yaml-language-server: $schema=orgstream.schema.json\n"));
}
