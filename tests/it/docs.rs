//! The documents name files, tests and crates that exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands in backticks, outside blocks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn is_rust(path: impl AsRef<Path>) -> bool {
    path.as_ref().extension().is_some_and(|extension| extension == "rs")
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if is_rust(&path) {
            found.push(path);
        }
    }
}

/// The names of all functions that are tests.
fn tests() -> BTreeSet<String> {
    let mut files = Vec::new();
    for dir in ["src", "connectors", "tests"] {
        rust_files(&root().join(dir), &mut files);
    }
    let mut names = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).expect("the file is there");
        let mut is_test = false;
        for line in text.lines().map(str::trim) {
            // A scenario of one of these has its attribute from the macro.
            let macros = ["on_both_brokers! {", "over_both_transports! {"];
            let scenario = line.starts_with("async fn ") && macros.iter().any(|name| text.contains(name));
            if scenario {
                is_test = true;
            }
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                is_test = true;
            } else if let Some((_, rest)) = line.split_once("fn ")
                && std::mem::take(&mut is_test)
            {
                names.extend(rest.split('(').next().map(str::to_owned));
            }
        }
    }
    names
}

#[test]
fn every_delivery_rule_names_files_and_tests_that_exist() {
    let text = read("docs/DELIVERY.md");
    let tests = tests();
    let mut rules = 0;
    for section in text.split("\n## D").skip(1) {
        rules += 1;
        let section = section.split("\n## ").next().unwrap_or_default();
        let (mut files, mut named) = (0, 0);
        for word in quoted(section) {
            if is_rust(word) {
                assert!(root().join(word).is_file(), "{word} does not exist");
                files += 1;
            } else if word.matches('_').count() > 2 {
                assert!(tests.contains(word), "there is no test {word}");
                named += 1;
            }
        }
        assert!(files > 0 && named > 0, "D{section}");
    }
    assert_eq!(rules, 9);
}

#[test]
fn every_file_and_test_that_a_document_names_exists() {
    let tests = tests();
    for document in ["README.md", "docs/DELIVERY.md"] {
        let text = read(document);
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            assert!(root().join(link).is_file(), "{document}: {link} does not exist");
        }
        for word in quoted(&text).filter(|word| !word.contains(char::is_whitespace)) {
            if word.contains('/') && is_rust(word) {
                assert!(root().join(word).is_file(), "{document}: {word} does not exist");
            } else if word.matches('_').count() > 3 {
                assert!(tests.contains(word), "{document}: there is no test {word}");
            }
        }
    }
}

#[test]
fn every_dependency_has_its_line() {
    let manifest = read("Cargo.toml");
    let section = manifest.split("[workspace.dependencies]").nth(1).and_then(|rest| rest.split("\n[").next());
    let section = section.expect("the section is there");
    let names =
        section.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
    let used: BTreeSet<&str> =
        names.map(|(name, _)| name).filter(|name| !name.starts_with("orgstream")).collect();
    let text = read("docs/DEPENDENCIES.md");
    let listed: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(listed, used);
}
