//! Some columns of a CSV text that comes in parts, so that the rest of it is never in memory as a whole.

use csv::{ByteRecord, ReaderBuilder, Writer};

/// Bytes that are looked through at once.
const PART: usize = 64 * 1024;

/// The columns kept so far.
pub(crate) struct KeptColumns {
    wanted: Vec<String>,
    /// Their places, once the line that names them was there.
    places: Option<Vec<usize>>,
    /// What came and was not looked through.
    pending: Vec<u8>,
    /// The bytes of it up to the end of its last whole row.
    whole: usize,
    /// The bytes of it that were looked at for ends of rows.
    seen: usize,
    is_quoted: bool,
    kept: Writer<Vec<u8>>,
}

impl KeptColumns {
    /// Nothing came yet. Names of columns have no case.
    pub(crate) fn of(wanted: &[String]) -> Self {
        Self {
            wanted: wanted.to_vec(),
            places: None,
            pending: Vec::new(),
            whole: 0,
            seen: 0,
            is_quoted: false,
            kept: csv::WriterBuilder::new().flexible(true).from_writer(Vec::new()),
        }
    }

    /// The next part of the text.
    pub(crate) fn add(&mut self, part: &[u8]) {
        self.pending.extend_from_slice(part);
        if self.pending.len() >= PART {
            self.look();
        }
    }

    /// What was kept, as CSV. A row that the text ends in the middle of, before one of its wanted cells, is not.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.look();
        self.take(self.pending.len());
        self.kept.into_inner().unwrap_or_default()
    }

    /// Takes whole rows.
    fn look(&mut self) {
        for (at, byte) in self.pending.iter().enumerate().skip(self.seen) {
            match byte {
                b'"' => self.is_quoted = !self.is_quoted,
                b'\n' if !self.is_quoted => self.whole = at + 1,
                _ => {}
            }
        }
        self.seen = self.pending.len();
        self.take(self.whole);
    }

    fn take(&mut self, bytes: usize) {
        let rest = self.pending.split_off(bytes);
        let text = std::mem::replace(&mut self.pending, rest);
        (self.whole, self.seen) = (0, self.pending.len());
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_slice());
        let mut row = ByteRecord::new();
        // What is in memory can be read, and rows may have any number of cells.
        while reader.read_byte_record(&mut row).unwrap_or(false) {
            let places = self.places.get_or_insert_with(|| places(&row, &self.wanted));
            let cells: Option<Vec<&[u8]>> = places.iter().map(|place| row.get(*place)).collect();
            if let Some(cells) = cells {
                // A buffer in memory takes all.
                self.kept.write_record(cells).ok();
            }
        }
    }
}

/// Where the wanted columns are, as far as there are such.
fn places(names: &ByteRecord, wanted: &[String]) -> Vec<usize> {
    let place = |name: &String| names.iter().position(|cell| cell.eq_ignore_ascii_case(name.as_bytes()));
    wanted.iter().filter_map(place).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(text: &[u8], parts: usize, wanted: &[&str]) -> String {
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        let mut kept = KeptColumns::of(&wanted);
        for part in text.chunks(parts) {
            kept.add(part);
            kept.look();
        }
        String::from_utf8(kept.finish()).unwrap()
    }

    proptest! {
        #[test]
        fn wanted_columns_are_kept_wherever_the_text_is_cut_into_parts(
            cells in proptest::collection::vec(proptest::collection::vec("[a\",\\né ]{0,6}", 3..4), 0..9), parts in 1..40_usize
        ) {
            let csv = |rows: &[Vec<&str>]| {
                let mut writer = Writer::from_writer(Vec::new());
                for row in rows {
                    writer.write_record(row).unwrap();
                }
                writer.into_inner().unwrap()
            };
            let mut all = vec![vec!["sf__Id", "Name", "Key__c"]];
            all.extend(cells.iter().map(|row| row.iter().map(String::as_str).collect()));
            let wanted: Vec<Vec<&str>> = all.iter().map(|row| vec![row[2], row[0]]).collect();
            prop_assert_eq!(kept(&csv(&all), parts, &["key__c", "SF__ID"]).into_bytes(), csv(&wanted));
        }
    }

    #[test]
    fn rows_that_are_cut_and_columns_that_are_not_there_are_left_out() {
        assert_eq!(kept(b"Id,Name,Key\n1,a,k\n2,b", 3, &["Key", "Id"]), "Key,Id\nk,1\n");
        assert_eq!(kept(b"Id,Name\n1,a\n", 2, &["Id", "Key"]), "Id\n1\n");
        assert_eq!(kept(b"", 2, &["Id"]), "");
    }
}
