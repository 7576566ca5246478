//! CSV as a job describes it: one of six delimiters, one of two line endings.
//!
//! A row that breaks the rules of quotes, or has another number of cells than the header, is a row that fails; it
//! spoils no other. Cells are never trimmed.

use std::io::Cursor;

use bytes::Bytes;
use csv::{ByteRecord, ReaderBuilder, Terminator};
use serde::{Deserialize, Serialize};

/// The longest header, in characters.
const MAX_HEADER: usize = 32_000;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// How the file of a job is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dialect {
    pub(super) delimiter: Delimiter,
    pub(super) ending: LineEnding,
}

/// What stands between two cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Delimiter {
    Backquote,
    Caret,
    Comma,
    Pipe,
    Semicolon,
    Tab,
}

/// What stands between two rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum LineEnding {
    Lf,
    CrLf,
}

/// The rows of a file, one after the other.
#[derive(Debug)]
pub(super) struct Rows {
    data: Bytes,
    reader: csv::Reader<Cursor<Bytes>>,
    dialect: Dialect,
    record: ByteRecord,
    cells: usize,
    /// Where the reader began.
    base: usize,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// What it holds, as far as that can be read.
    pub(super) cells: Vec<String>,
    /// What is wrong with it.
    pub(super) broken: Option<&'static str>,
}

impl Delimiter {
    const ALL: [(Self, &'static str, u8); 6] = [
        (Self::Backquote, "BACKQUOTE", b'`'),
        (Self::Caret, "CARET", b'^'),
        (Self::Comma, "COMMA", b','),
        (Self::Pipe, "PIPE", b'|'),
        (Self::Semicolon, "SEMICOLON", b';'),
        (Self::Tab, "TAB", b'\t'),
    ];

    /// The delimiter with this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(delimiter, ..)| *delimiter)
    }

    /// Its name in a job.
    pub(super) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(known, ..)| *known == self).map_or("COMMA", |(_, name, _)| name)
    }

    fn byte(self) -> u8 {
        Self::ALL.iter().find(|(known, ..)| *known == self).map_or(b',', |(.., byte)| *byte)
    }
}

impl LineEnding {
    /// The line ending with this name.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "LF" => Some(Self::Lf),
            "CRLF" => Some(Self::CrLf),
            _ => None,
        }
    }

    /// Its name in a job.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Lf => "LF",
            Self::CrLf => "CRLF",
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
        }
    }
}

impl Dialect {
    /// A row with every cell in quotes.
    pub(super) fn write<'a>(self, into: &mut Vec<u8>, cells: impl IntoIterator<Item = &'a str>) {
        for (nth, cell) in cells.into_iter().enumerate() {
            if nth > 0 {
                into.push(self.delimiter.byte());
            }
            into.push(b'"');
            into.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            into.push(b'"');
        }
        into.extend_from_slice(self.ending.text().as_bytes());
    }

    /// The header of a result: its own columns in quotes, those of the file as they were.
    pub(super) fn header(self, own: &[&str], columns: &[String]) -> Vec<u8> {
        let own = own.iter().map(|name| format!("\"{name}\""));
        let cells: Vec<String> = own.chain(columns.iter().cloned()).collect();
        let delimiter = char::from(self.delimiter.byte()).to_string();
        format!("{}{}", cells.join(&delimiter), self.ending.text()).into_bytes()
    }
}

impl Rows {
    /// Reads the header; answers it with the rows below. The error is what the job says of it.
    pub(super) fn open(data: &Bytes, dialect: Dialect) -> Result<(Vec<String>, Self), String> {
        let data = data.strip_prefix(BOM).map_or_else(|| data.clone(), |rest| data.slice_ref(rest));
        let mut rows = Self::at(data, dialect, 0);
        let (header, raw) = rows.row().ok_or("InvalidBatch : Field name not found : Id")?;
        if raw.len() > MAX_HEADER {
            return Err("InvalidBatch : The header row is longer than 32000 characters".to_owned());
        }
        let crlf = raw.ends_with(b"\r\n");
        let ended = raw.ends_with(b"\n");
        if (dialect.ending == LineEnding::Lf && crlf)
            || (dialect.ending == LineEnding::CrLf && ended && !crlf)
        {
            let set = dialect.ending.name();
            return Err(format!(
                "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {set}"
            ));
        }
        rows.cells = header.cells.len();
        Ok((header.cells, rows))
    }

    /// The rows from a place that [`Rows::place`] gave on.
    pub(super) fn resume(data: &Bytes, dialect: Dialect, place: usize) -> Result<Self, String> {
        let (header, rows) = Self::open(data, dialect)?;
        let mut resumed = Self::at(rows.data, dialect, place);
        resumed.cells = header.len();
        Ok(resumed)
    }

    /// Where the next row begins.
    pub(super) fn place(&self) -> usize {
        self.base + usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX)
    }

    fn at(data: Bytes, dialect: Dialect, base: usize) -> Self {
        let base = base.min(data.len());
        let terminator = match dialect.ending {
            LineEnding::Lf => Terminator::Any(b'\n'),
            LineEnding::CrLf => Terminator::CRLF,
        };
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(dialect.delimiter.byte())
            .terminator(terminator)
            .from_reader(Cursor::new(data.slice(base..)));
        Self { data, reader, dialect, record: ByteRecord::new(), cells: 0, base }
    }

    /// The next row and its bytes.
    fn row(&mut self) -> Option<(Row, Bytes)> {
        // Reading from memory never fails, and rows of any length are allowed.
        if !self.reader.read_byte_record(&mut self.record).is_ok_and(|more| more) {
            return None;
        }
        let start = self.record.position().map_or(0, csv::Position::byte);
        let start = self.base + usize::try_from(start).unwrap_or(0);
        let raw = self.data.slice(start.min(self.place())..self.place().min(self.data.len()));
        let text = std::str::from_utf8(&raw).is_ok();
        let cells = self.record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        let broken = if !text {
            Some("the row is not UTF-8")
        } else if !well_quoted(&raw, self.dialect.delimiter.byte()) {
            Some("a double quote stands where none may be")
        } else {
            None
        };
        Some((Row { cells, broken }, raw))
    }
}

impl Iterator for Rows {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let (mut row, _) = self.row()?;
        if row.broken.is_none() && row.cells.len() != self.cells {
            row.broken = Some("the number of cells is not that of the header");
        }
        row.cells.resize(self.cells, String::new());
        Some(row)
    }
}

/// Whether quotes only stand around whole cells, or doubled within those.
fn well_quoted(raw: &[u8], delimiter: u8) -> bool {
    let mut at = Quoting::Start;
    for byte in raw.iter().copied() {
        let ends = byte == delimiter || byte == b'\n' || byte == b'\r';
        at = match (at, byte) {
            (Quoting::Start | Quoting::Closed, b'"') => Quoting::Open,
            (Quoting::Open, b'"') => Quoting::Closed,
            (Quoting::Open, _) => Quoting::Open,
            (_, b'"') => return false,
            (_, _) if ends => Quoting::Start,
            (Quoting::Closed, _) => return false,
            (_, _) => Quoting::Bare,
        };
    }
    at != Quoting::Open
}

/// Where in a cell a byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quoting {
    Start,
    Bare,
    Open,
    /// Behind a quote that ends the cell, unless another follows.
    Closed,
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{Just, any, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    const COMMA: Dialect = Dialect { delimiter: Delimiter::Comma, ending: LineEnding::Lf };

    const CRLF: Dialect = Dialect { ending: LineEnding::CrLf, ..COMMA };

    fn rows(text: &str, dialect: Dialect) -> Result<Vec<Row>, String> {
        Ok(Rows::open(&Bytes::copy_from_slice(text.as_bytes()), dialect)?.1.collect())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            table in vec(vec("[ -~\n\r\"é]{0,6}", 2..3), 1..6),
            delimiter in prop_oneof![Just(Delimiter::Comma), Just(Delimiter::Tab), Just(Delimiter::Caret)],
            ending in prop_oneof![Just(LineEnding::Lf), Just(LineEnding::CrLf)],
        ) {
            let dialect = Dialect { delimiter, ending };
            let mut file = dialect.header(&["A"], &["B".to_owned()]);
            for row in &table {
                dialect.write(&mut file, row.iter().map(String::as_str));
            }
            let read = rows(std::str::from_utf8(&file).unwrap(), dialect).unwrap();
            prop_assert_eq!(read.iter().filter_map(|row| row.broken).count(), 0);
            prop_assert_eq!(read.into_iter().map(|row| row.cells).collect::<Vec<_>>(), table);
        }

        #[test]
        fn any_bytes_are_read_to_their_end_and_resumed_behind_every_row(
            bytes in vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'\r'), Just(b'"'), Just(b',')], 0..80),
            dialect in prop_oneof![Just(COMMA), Just(CRLF)],
        ) {
            let data = Bytes::from(bytes);
            if let Ok((_, mut rows)) = Rows::open(&data, dialect) {
                let mut places = vec![rows.place()];
                let mut whole = Vec::new();
                while let Some(row) = rows.next() {
                    whole.push(row);
                    places.push(rows.place());
                }
                for (behind, place) in places.into_iter().enumerate() {
                    let resumed: Vec<Row> = Rows::resume(&data, dialect, place).unwrap().collect();
                    prop_assert_eq!(&resumed[..], &whole[behind..], "{} of {:?}", place, data);
                }
            }
        }
    }

    #[test]
    fn a_row_that_breaks_the_rules_spoils_no_other() {
        let read = rows("A,B\n1,\"x \"\"y\"\"\"\n\"2\", \"z\"\n3\n4,d\n", COMMA).unwrap();
        let broken: Vec<bool> = read.iter().map(|row| row.broken.is_some()).collect();
        assert_eq!(broken, [false, true, true, false]);
        assert_eq!(read[0].cells, ["1", "x \"y\""]);
        assert_eq!(rows("A,B\n1, x ", COMMA).unwrap()[0].cells, ["1", " x "]);
    }

    #[test]
    fn the_line_ending_must_be_the_one_that_was_said() {
        for (text, dialect) in [("A\r\n1\r\n", COMMA), ("A\n1\n", CRLF)] {
            assert!(rows(text, dialect).unwrap_err().contains("LineEnding is invalid on user data"));
        }
        assert_eq!(rows("\u{feff}A\r\n1", CRLF).unwrap()[0].cells, ["1"]);
    }
}
