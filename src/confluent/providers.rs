//! Values that stand elsewhere, as Kafka's config providers name them: `${file:PATH:KEY}`, a property of another file, and
//! `${directory:DIR:FILE}`, the text of a file. What is found is never looked at again.

use std::path::Path;

use super::finding::Verdict;
use super::given::Given;
use super::properties::Properties;

impl Given {
    /// Puts the values in that stand elsewhere. `read` reads a file. What cannot be had is a finding.
    pub fn resolve(&mut self, read: impl Fn(&Path) -> Result<Vec<u8>, String>) {
        let mut resolved = Vec::new();
        for (name, value) in &self.properties {
            match put_in(value, &read) {
                Ok(None) => {}
                Ok(Some(new)) => resolved.push((name.clone(), Ok(new))),
                Err(wrong) => resolved.push((name.clone(), Err(wrong))),
            }
        }
        for (name, new) in resolved {
            match new {
                Ok(new) => {
                    self.properties.insert(name.clone(), new);
                    self.hidden.insert(name);
                }
                Err(wrong) => self.find(&name, Verdict::Refused, wrong),
            }
        }
    }
}

/// `value` with what stands elsewhere; `None` where nothing does.
fn put_in(value: &str, read: &impl Fn(&Path) -> Result<Vec<u8>, String>) -> Result<Option<String>, String> {
    let mut out = String::new();
    let mut rest = value;
    let mut any = false;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        let name = &rest[start + 2..start + length];
        out.push_str(&rest[..start]);
        match name.split_once(':') {
            Some(("file", place)) => out.push_str(&of_file(place, read)?),
            Some(("directory" | "dir", place)) => out.push_str(&of_directory(place, read)?),
            _ => {
                out.push_str(&rest[start..=start + length]);
                rest = &rest[start + length + 1..];
                continue;
            }
        }
        any = true;
        rest = &rest[start + length + 1..];
    }
    out.push_str(rest);
    Ok(any.then_some(out))
}

fn of_file(place: &str, read: &impl Fn(&Path) -> Result<Vec<u8>, String>) -> Result<String, String> {
    let (path, key) = place
        .rsplit_once(':')
        .ok_or_else(|| format!("`${{file:{place}}}` is not of the form `${{file:PATH:KEY}}`"))?;
    let properties = Properties::parse(&read(Path::new(path))?)
        .map_err(|error| format!("`{path}`, line {}: {error}", error.line))?;
    let found = properties.properties.into_iter().rev().find(|property| property.name == key);
    found.map(|property| property.value).ok_or_else(|| format!("`{path}` has no property `{key}`"))
}

fn of_directory(place: &str, read: &impl Fn(&Path) -> Result<Vec<u8>, String>) -> Result<String, String> {
    let (directory, file) = place
        .rsplit_once(':')
        .ok_or_else(|| format!("`${{directory:{place}}}` is not of the form `${{directory:DIR:FILE}}`"))?;
    let path = Path::new(directory).join(file);
    String::from_utf8(read(&path)?).map_err(|_| format!("`{}` is no text", path.display()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn values_of_other_files_are_put_in_once_and_are_secrets_from_then_on() {
        let read = |path: &Path| match path.to_str().expect("a path") {
            "/etc/s.properties" => Ok(b"password=a\\u00e9${file:/x:y}\n".to_vec()),
            "/run/secrets/key" => Ok(b"k".to_vec()),
            other => Err(format!("`{other}` cannot be read")),
        };
        let properties = [
            ("password", "${file:/etc/s.properties:password}!"),
            ("key", "${directory:/run/secrets:key}"),
            ("topic", "a.${_ObjectType}${env:X}"),
            ("none", "${file:/etc/s.properties:none}"),
            ("lost", "${file:/nowhere:x}"),
            ("form", "${file:x}"),
        ];
        let properties = properties.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut given = Given::of_map("c", BTreeMap::from(properties));
        given.resolve(read);
        assert_eq!(given.get("password"), Some("aé${file:/x:y}!"));
        assert_eq!(given.get("key"), Some("k"));
        assert_eq!(given.get("topic"), Some("a.${_ObjectType}${env:X}"));
        assert_eq!(given.hidden.iter().collect::<Vec<_>>(), ["key", "password"]);
        let said: Vec<_> = given.findings.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "c: refused: form: `${file:x}` is not of the form `${file:PATH:KEY}`",
                "c: refused: lost: `/nowhere` cannot be read",
                "c: refused: none: `/etc/s.properties` has no property `none`",
            ]
        );
    }
}
