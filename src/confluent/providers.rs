//! Values that stand elsewhere, as Kafka's config providers name them: `${file:PATH:KEY}`, a property of another file,
//! `${directory:DIR:FILE}`, the text of a file, and `${env:NAME}`, an environment variable. A worker's file may give them other names.
//! What is found is never looked at again.

use std::collections::BTreeMap;
use std::path::Path;

use super::finding::Verdict;
use super::given::Given;
use super::properties::Properties;

/// Properties that become names which everybody sees: of pipelines, topics, objects and fields, or of classes. A value that is hidden
/// cannot be one. Those that end with a dot stand for all that begin so.
const SHOWN: [&str; 15] = [
    "name",
    "connector.class",
    "topics",
    "kafka.topic",
    "salesforce.object",
    "salesforce.cdc.",
    "salesforce.channel.",
    "salesforce.platform.",
    "key.converter",
    "value.converter",
    "transforms",
    "transforms.",
    "predicates",
    "predicates.",
    "listeners",
];

/// Where a provider looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a property file.
    File,
    /// In a directory with a file for each value.
    Directory,
    /// In the environment.
    Environment,
}

/// Config providers by their names.
#[derive(Debug, Clone)]
pub struct Providers {
    /// Nothing for those whose class is not known.
    by_name: BTreeMap<String, Option<Place>>,
}

impl Providers {
    /// Those alone that `worker` names, for values that come from outside this machine.
    pub fn named_by(worker: Option<&Given>) -> Self {
        let all = Self::of(worker);
        let named = worker.and_then(|worker| worker.get("config.providers")).unwrap_or_default();
        let named: Vec<&str> = named.split(',').map(str::trim).collect();
        let by_name = all.by_name.into_iter().filter(|(name, _)| named.contains(&name.as_str())).collect();
        Self { by_name }
    }

    /// Those that `worker` names; Kafka's own have the names that its documentation gives them besides.
    pub fn of(worker: Option<&Given>) -> Self {
        let usual = [
            ("file", Place::File),
            ("directory", Place::Directory),
            ("dir", Place::Directory),
            ("env", Place::Environment),
        ];
        let mut by_name: BTreeMap<_, _> =
            usual.into_iter().map(|(name, place)| (name.to_owned(), Some(place))).collect();
        let named = worker.and_then(|worker| worker.get("config.providers")).unwrap_or_default();
        for name in named.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let class = worker.and_then(|worker| worker.get(&format!("config.providers.{name}.class")));
            let place = match class.unwrap_or_default().rsplit('.').next().unwrap_or_default() {
                "FileConfigProvider" => Some(Place::File),
                "DirectoryConfigProvider" => Some(Place::Directory),
                "EnvVarConfigProvider" => Some(Place::Environment),
                _ => None,
            };
            by_name.insert(name.to_owned(), place);
        }
        Self { by_name }
    }
}

impl Given {
    /// Puts the values in that stand elsewhere. `read` reads a file. What cannot be had is a finding.
    pub fn resolve(&mut self, providers: &Providers, read: impl Fn(&Path) -> Result<Vec<u8>, String>) {
        self.written.clone_from(&self.properties);
        let mut resolved = Vec::new();
        for (name, value) in &self.properties {
            match put_in(value, providers, &read) {
                Ok(None) => {}
                Ok(Some(_)) if is_shown(name) => resolved.push((name.clone(), Err(SHOWN_TO_ALL.to_owned()))),
                Ok(Some(new)) => resolved.push((name.clone(), Ok(new))),
                Err(wrong) => resolved.push((name.clone(), Err(wrong))),
            }
        }
        for (name, new) in resolved {
            match new {
                Ok(new) => {
                    let is_found = new.found;
                    self.properties.insert(name.clone(), new.text);
                    if is_found {
                        self.hidden.insert(name);
                    }
                }
                Err(wrong) => self.find(&name, Verdict::Refused, wrong),
            }
        }
    }
}

/// What is said of a name that stands elsewhere.
const SHOWN_TO_ALL: &str = "what a config provider finds is shown nowhere, and this becomes a name that everybody sees; write it here";

fn is_shown(name: &str) -> bool {
    SHOWN.iter().any(|shown| if shown.ends_with('.') { name.starts_with(shown) } else { name == *shown })
}

/// A value with what was put in.
struct PutIn {
    text: String,
    /// Whether anything of it stood elsewhere; a variable is still to be looked up.
    found: bool,
}

/// `value` with what stands elsewhere; `None` where nothing does.
fn put_in(
    value: &str,
    providers: &Providers,
    read: &impl Fn(&Path) -> Result<Vec<u8>, String>,
) -> Result<Option<PutIn>, String> {
    let mut text = String::new();
    let mut rest = value;
    let mut found = false;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        let placeholder = &rest[start..=start + length];
        text.push_str(&rest[..start]);
        rest = &rest[start + length + 1..];
        // Without a colon it belongs to a topic's name.
        let Some((provider, place)) = placeholder[2..length].split_once(':') else {
            text.push_str(placeholder);
            continue;
        };
        match providers.by_name.get(provider) {
            Some(Some(Place::File)) => text.push_str(&of_file(place, placeholder, read)?),
            Some(Some(Place::Directory)) => text.push_str(&of_directory(place, placeholder, read)?),
            Some(Some(Place::Environment)) => return of_environment(value, placeholder, place).map(Some),
            Some(None) => {
                return Err(format!(
                    "`config.providers` names `{provider}`, whose class is not known here; there are FileConfigProvider, \
                     DirectoryConfigProvider and EnvVarConfigProvider"
                ));
            }
            // The rest may be a password, so it is not quoted.
            None => {
                return Err("holds `${…:…}` of a config provider that `config.providers` of the worker does not name; known without it \
                            in files, and not over REST, are `${file:PATH:KEY}`, `${directory:DIR:FILE}` and `${env:NAME}`"
                    .to_owned());
            }
        }
        found = true;
    }
    text.push_str(rest);
    Ok(found.then_some(PutIn { text, found }))
}

/// A variable stays one, which is looked up when the file is read.
fn of_environment(value: &str, placeholder: &str, place: &str) -> Result<PutIn, String> {
    let name = place.rsplit(':').next().unwrap_or_default();
    if value.trim() != placeholder || name.is_empty() {
        return Err(format!(
            "`{placeholder}` has to be the whole value; put the whole of it into the variable"
        ));
    }
    Ok(PutIn { text: format!("${{env:{name}}}"), found: false })
}

fn of_file(
    place: &str,
    placeholder: &str,
    read: &impl Fn(&Path) -> Result<Vec<u8>, String>,
) -> Result<String, String> {
    let (path, key) = place
        .split_once(':')
        .ok_or_else(|| format!("`{placeholder}` is not of the form `${{file:PATH:KEY}}`"))?;
    let properties = Properties::parse(&read(Path::new(path))?)
        .map_err(|error| format!("`{path}`, line {}: {error}", error.line))?;
    let found = properties.properties.into_iter().rev().find(|property| property.name == key);
    found.map(|property| property.value).ok_or_else(|| format!("`{path}` has no property `{key}`"))
}

fn of_directory(
    place: &str,
    placeholder: &str,
    read: &impl Fn(&Path) -> Result<Vec<u8>, String>,
) -> Result<String, String> {
    let (directory, file) = place
        .split_once(':')
        .ok_or_else(|| format!("`{placeholder}` is not of the form `${{directory:DIR:FILE}}`"))?;
    let path = Path::new(directory).join(file);
    String::from_utf8(read(&path)?).map_err(|_| format!("`{}` is no text", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(worker: &[(&str, &str)], properties: &[(&str, &str)]) -> Given {
        let read = |path: &Path| match path.to_str().expect("a path") {
            "/etc/s.properties" => Ok(b"password=a\\u00e9${file:/x:y}\na\\:b=c\n".to_vec()),
            "/run/secrets/key" => Ok(b"k\n".to_vec()),
            other => Err(format!("`{other}` cannot be read")),
        };
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let worker = Given::of_map("w", map(worker));
        let mut given = Given::of_map("c", map(properties));
        given.resolve(&Providers::of(Some(&worker)), read);
        given
    }

    fn said(given: &Given) -> Vec<String> {
        given.findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn values_of_other_files_are_put_in_once_and_are_secrets_from_then_on() {
        let given = resolved(
            &[],
            &[
                ("password", "${file:/etc/s.properties:password}!"),
                // The path ends at the first colon.
                ("colon", "${file:/etc/s.properties:a:b}"),
                ("key", "${directory:/run/secrets:key}"),
                ("topic", "a.${_ObjectType}"),
                ("none", "${file:/etc/s.properties:none}"),
                ("lost", "${file:/nowhere:x}"),
                ("form", "${file:x}"),
            ],
        );
        assert_eq!(given.get("password"), Some("aé${file:/x:y}!"));
        assert_eq!(given.get("colon"), Some("c"));
        assert_eq!(given.get("key"), Some("k"));
        assert_eq!(given.get("topic"), Some("a.${_ObjectType}"));
        assert_eq!(given.hidden.iter().collect::<Vec<_>>(), ["colon", "key", "password"]);
        assert_eq!(
            said(&given),
            [
                "c: refused: form: `${file:x}` is not of the form `${file:PATH:KEY}`",
                "c: refused: lost: `/nowhere` cannot be read",
                "c: refused: none: `/etc/s.properties` has no property `none`",
            ]
        );
    }

    #[test]
    fn providers_have_the_names_that_the_worker_gives_them_and_none_is_left_unread() {
        let class = |name: &str| format!("org.apache.kafka.common.config.provider.{name}ConfigProvider");
        let (file, variables) = (class("File"), class("EnvVar"));
        let worker = [
            ("config.providers", "secrets, vars,vault"),
            ("config.providers.secrets.class", &*file),
            ("config.providers.vars.class", &*variables),
            ("config.providers.vault.class", "x.VaultConfigProvider"),
        ];
        let given = resolved(
            &worker,
            &[
                ("a", "${secrets:/etc/s.properties:a:b}"),
                ("b", "${vars:PW}"),
                ("c", "${env:PW}"),
                ("d", "https://${env:HOST}"),
                ("e", "${vault:kv:pw}"),
                ("f", "a${hush:hush}"),
            ],
        );
        assert_eq!(
            (given.get("a"), given.get("b"), given.get("c")),
            (Some("c"), Some("${env:PW}"), Some("${env:PW}"))
        );
        assert_eq!(given.hidden.iter().collect::<Vec<_>>(), ["a"]);
        let said = said(&given);
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said[0].contains("d: `${env:HOST}` has to be the whole value"), "{said:?}");
        assert!(said[1].contains("e: `config.providers` names `vault`"), "{said:?}");
        assert!(said[2].contains("f: holds") && !said[2].contains("hush"), "{said:?}");
    }

    #[test]
    fn what_becomes_a_name_does_not_stand_elsewhere() {
        for name in ["topics", "kafka.topic", "name", "salesforce.cdc.channel", "transforms.t.static.value"] {
            let given = resolved(&[], &[(name, "${file:/etc/s.properties:password}")]);
            assert!(said(&given)[0].contains("this becomes a name"), "{:?}", said(&given));
            assert_eq!(given.get(name), Some("${file:/etc/s.properties:password}"));
        }
    }
}
