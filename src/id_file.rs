//! CSV files that pair ids of two orgs.
//!
//! All faults of a file are found at once. The first line may name the columns.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use orgstream_salesforce::SalesforceId;

/// Faults that are named one by one; more of them are counted.
const NAMED: usize = 20;

/// A line of a file, with its number.
type Line = (u64, StringRecord);

/// Pairs of ids, of org A and of org B, of a file with these two columns; with the number of the line.
///
/// # Errors
/// What is wrong with it, each with the file and the line.
pub(crate) fn read_pairs(path: &Path) -> Result<HashMap<SalesforceId, (SalesforceId, u64)>, Vec<String>> {
    let mut faults = Faults::of(path);
    let mut pairs: HashMap<SalesforceId, (SalesforceId, u64)> = HashMap::new();
    for (number, line) in lines(path, 2, &mut faults) {
        let [source, target] = [0, 1].map(|column| faults.id(number, &line[column]));
        let (Some(source), Some(target)) = (source, target) else { continue };
        match pairs.insert(source, (target, number)) {
            Some((other, first)) if other != target => {
                faults.add(number, &format!("gives {source} another counterpart than line {first}"));
            }
            _ => {}
        }
    }
    faults.or(pairs)
}

/// One link of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Triple {
    /// The object's API name.
    pub(crate) object: String,
    /// The record's id in org A.
    pub(crate) source: SalesforceId,
    /// Its id in org B.
    pub(crate) target: SalesforceId,
}

/// The links of a file with the columns object, id in org A, id in org B. `known` says of an object's name what it is, or
/// why there is none; `mismatch`, why two ids of an object cannot be linked.
///
/// # Errors
/// What is wrong with it, each with the file and the line.
pub(crate) fn read_triples(
    path: &Path,
    known: impl Fn(&str) -> Result<String, String>,
    mismatch: impl Fn(&str, SalesforceId, SalesforceId) -> Option<String>,
) -> Result<Vec<Triple>, Vec<String>> {
    let mut faults = Faults::of(path);
    let mut triples: BTreeMap<(String, SalesforceId), (SalesforceId, u64)> = BTreeMap::new();
    for (number, line) in lines(path, 3, &mut faults) {
        let object = known(&line[0]).map_err(|why| faults.add(number, &why)).ok();
        let [source, target] = [1, 2].map(|column| faults.id(number, &line[column]));
        let (Some(object), Some(source), Some(target)) = (object, source, target) else { continue };
        if let Some(why) = mismatch(&object, source, target) {
            faults.add(number, &why);
            continue;
        }
        match triples.insert((object, source), (target, number)) {
            Some((other, first)) if other != target => {
                faults.add(number, &format!("gives {source} another counterpart than line {first}"));
            }
            _ => {}
        }
    }
    let links = triples.into_iter().map(|((object, source), (target, _))| Triple { object, source, target });
    faults.or(links.collect())
}

/// The lines of a file that have so many cells; without the first where it names the columns.
fn lines(path: &Path, cells: usize, faults: &mut Faults) -> Vec<Line> {
    let file = match File::open(path).and_then(|file| Ok((file.metadata()?.is_file(), file))) {
        Ok((true, file)) => file,
        Ok((false, _)) => {
            faults.whole("is no file");
            return Vec::new();
        }
        Err(error) => {
            faults.whole(&format!("cannot be read: {error}"));
            return Vec::new();
        }
    };
    // Where CR ends lines as well, LF begins the next one and their numbers are one too small. It is trimmed.
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(file);
    let mut lines = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let number = error.position().map_or(0, csv::Position::line);
                faults.add(number, &format!("cannot be read: {error}"));
                continue;
            }
        };
        if record.iter().all(str::is_empty) {
            continue;
        }
        let number = record.position().map_or(0, csv::Position::line);
        let is_head = index == 0 && !record.iter().any(|cell| SalesforceId::parse(cell).is_ok());
        if record.len() == cells && !is_head {
            lines.push((number, record));
        } else if record.len() != cells {
            faults.add(number, &format!("has {} cells in place of {cells}", record.len()));
        }
    }
    if lines.is_empty() && faults.is_empty() {
        faults.whole("has no ids in it");
    }
    lines
}

/// What is wrong with a file.
struct Faults {
    file: String,
    named: Vec<String>,
    more: usize,
}

impl Faults {
    fn of(path: &Path) -> Self {
        Self { file: path.display().to_string(), named: Vec::new(), more: 0 }
    }

    fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    fn whole(&mut self, what: &str) {
        self.named.push(format!("`{}` {what}", self.file));
    }

    fn add(&mut self, line: u64, what: &str) {
        if self.named.len() < NAMED {
            self.named.push(format!("`{}` line {line} {what}", self.file));
        } else {
            self.more += 1;
        }
    }

    /// The id in a cell, in its 18-character form.
    fn id(&mut self, line: u64, cell: &str) -> Option<SalesforceId> {
        SalesforceId::parse(cell).map_err(|error| self.add(line, &format!("has no id: {error}"))).ok()
    }

    fn or<T>(mut self, value: T) -> Result<T, Vec<String>> {
        if self.is_empty() {
            return Ok(value);
        }
        if self.more > 0 {
            let what = format!("has {} more faults", self.more);
            self.whole(&what);
        }
        Err(self.named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "001A00000000001";
    const B: &str = "001B00000000001";

    fn id(text: &str) -> SalesforceId {
        SalesforceId::parse(text).unwrap()
    }

    fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ids.csv");
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    #[test]
    fn a_first_line_may_name_the_columns_and_ids_have_15_or_18_characters() {
        for head in ["", "source_id,target_id\n", "\"A\", \"B\"\r\n"] {
            let (_dir, path) = file(&format!("{head}{} , {}\n\n", id(A), &id(B).as_str()[..15]));
            let line = u64::from(!head.is_empty()) + 1;
            assert_eq!(read_pairs(&path).unwrap(), HashMap::from([(id(A), (id(B), line))]), "{head}");
        }
    }

    #[test]
    fn all_faults_are_named_with_their_lines() {
        let (_dir, path) = file(&format!("{A},{B}\n{A}\n{A},x\n{A},{A}\n"));
        let faults = read_pairs(&path).unwrap_err();
        let expected = ["line 2 has 1 cells", "line 3 has no id: `x`", "line 4 gives"];
        assert_eq!(faults.len(), expected.len(), "{faults:?}");
        for (fault, part) in faults.iter().zip(expected) {
            assert!(fault.contains(part), "{fault}");
        }
    }

    #[test]
    fn a_file_that_is_wrong_all_through_does_not_fill_the_screen() {
        let (_dir, path) = file(&"x,y\n".repeat(1_000));
        let faults = read_pairs(&path).unwrap_err();
        assert_eq!(faults.len(), NAMED + 1);
        assert!(faults[NAMED].contains("more faults"), "{faults:?}");
        let (_dir, path) = file("");
        assert!(read_pairs(&path).unwrap_err()[0].ends_with("has no ids in it"));
        assert!(read_pairs(Path::new("/nowhere/ids.csv")).unwrap_err()[0].contains("cannot be read"));
        assert!(read_pairs(Path::new("/dev/zero")).unwrap_err()[0].contains("is no file"));
    }

    #[test]
    fn links_name_their_object_as_the_pipeline_does() {
        let known = |name: &str| {
            let names_it = name.eq_ignore_ascii_case("Account");
            names_it.then(|| "Account".to_owned()).ok_or(format!("names `{name}`, which is no object of it"))
        };
        let (_dir, path) = file(&format!("object,source_id,target_id\naccount,{A},{B}\n"));
        let triples = read_triples(&path, known, |_, _, _| None).unwrap();
        assert_eq!(triples, [Triple { object: "Account".to_owned(), source: id(A), target: id(B) }]);
        let (_dir, path) = file(&format!("Account,{A},{B}\nLead,{A},{B}\nAccount,{A},{B}x\n"));
        let faults = read_triples(&path, known, |_, _, _| None).unwrap_err();
        assert!(faults.len() == 2 && faults[0].contains("line 2 names `Lead`"), "{faults:?}");
    }
}
