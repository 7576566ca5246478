//! Rows of a bulk job's results, from the bytes of their cells straight to typed values.
//!
//! A row read here is the row that REST shows, value by value; a test compares the two. CSV knows no compound values, so
//! addresses and locations are put together from their components. An empty cell is null: Salesforce has no empty text.

use std::io::Cursor;
use std::sync::Arc;

use bytes::Bytes;
use csv::{ByteRecord, ReaderBuilder};
use orgstream_api::{Schema, Struct, Type, Value};

use crate::datetime::{parse_date, parse_datetime, parse_time};
use crate::describe::{DATES, Describe, DescribeField, FieldKind};
use crate::id::SalesforceId;
use crate::schema::type_of;
use crate::value::{ValueError, canonical_decimal};

/// The text is not the CSV that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// It is no CSV, or a line has another number of cells than the first.
    #[error("the result of a bulk job is no CSV: {0}")]
    Malformed(#[from] csv::Error),
    /// Its columns are not those that were selected.
    #[error("the result of a bulk job has the columns {found}, not {wanted}")]
    Columns {
        /// What it has.
        found: String,
        /// What was selected.
        wanted: String,
    },
}

/// Which columns to select of an object, and how a row of them becomes a record's value.
#[derive(Debug, Clone)]
pub struct Columns {
    schema: Arc<Schema>,
    /// In the order of the selection. The schema has the described fields first, so a place is one in both.
    columns: Vec<Column>,
    compounds: Vec<Compound>,
    /// The fields that a row has, by place; those that CSV cannot carry are missing.
    carried: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Column {
    name: String,
    kind: FieldKind,
    place: usize,
}

/// A compound value, and where its members come from.
#[derive(Debug, Clone)]
struct Compound {
    place: usize,
    schema: Arc<Schema>,
    /// The member's place in the compound, and the component's in the row.
    members: Vec<(usize, usize)>,
}

/// The rows of one page.
///
/// Every line of the org ends with a line feed. What stands behind the last one is a part of a line: the answer ended
/// before its end, and no row is made of it, whatever it looks like.
pub struct CsvRows {
    columns: Arc<Columns>,
    reader: csv::Reader<Cursor<Bytes>>,
    record: ByteRecord,
    csv: Bytes,
    is_cut: bool,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct CsvRow {
    /// Its id; `None` where the cell holds none.
    pub id: Option<SalesforceId>,
    /// Whether it is in the recycle bin, whatever its other cells hold.
    pub is_deleted: bool,
    /// When it got there, by the best date that its object has; `None` for one that lives.
    pub deleted: Option<i64>,
    /// Its value, with every field that CSV carries.
    pub value: Result<Struct, ValueError>,
}

impl Columns {
    /// All columns of an object that CSV can carry: no compound value and no bytes.
    pub fn of(describe: &Describe) -> Self {
        let mut columns = Vec::new();
        let mut compounds = Vec::new();
        for (place, field) in describe.fields.iter().enumerate() {
            match (field.kind, type_of(field.kind)) {
                (FieldKind::Base64, _) => {}
                (_, Type::Struct(schema)) => {
                    let members = members(describe, field, &schema);
                    if !members.is_empty() {
                        compounds.push(Compound { place, schema, members });
                    }
                }
                (kind, _) => columns.push(Column { name: field.name.clone(), kind, place }),
            }
        }
        let plain = columns.iter().map(|column| column.place);
        let mut carried: Vec<usize> = plain.chain(compounds.iter().map(|compound| compound.place)).collect();
        carried.sort_unstable();
        Self { schema: describe.schema(), columns, compounds, carried }
    }

    /// The names to select, joined by commas.
    pub fn selection(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        names.join(", ")
    }

    /// The places of the fields that a row has, in the description's order.
    pub fn carried(&self) -> &[usize] {
        &self.carried
    }

    fn place(&self, is: impl Fn(&Column) -> bool) -> Option<usize> {
        self.columns.iter().position(is)
    }

    fn value(&self, record: &ByteRecord) -> Result<Struct, ValueError> {
        let mut values = vec![Value::Null; self.schema.fields().len()];
        for (column, cell) in self.columns.iter().zip(record) {
            if !cell.is_empty() {
                values[column.place] = column.value(cell)?;
            }
        }
        for compound in &self.compounds {
            values[compound.place] = compound.value(&values);
        }
        Ok(Struct::of(Arc::clone(&self.schema), values).expect("there is one value for each field"))
    }
}

impl Column {
    fn value(&self, cell: &[u8]) -> Result<Value, ValueError> {
        let malformed = |what: String| ValueError { field: self.name.clone(), what };
        let Ok(text) = std::str::from_utf8(cell) else {
            return Err(malformed("its text is not UTF-8".to_owned()));
        };
        let wrong = || {
            let shown: String = text.chars().take(60).collect();
            malformed(format!("`{shown}` is no {:?}", self.kind))
        };
        let whole = || text.strip_suffix(".0").unwrap_or(text);
        Ok(match self.kind {
            FieldKind::Boolean => match text {
                "true" => Value::Boolean(true),
                "false" => Value::Boolean(false),
                _ => return Err(wrong()),
            },
            FieldKind::Int => Value::Int32(whole().parse().map_err(|_| wrong())?),
            FieldKind::Long => Value::Int64(whole().parse().map_err(|_| wrong())?),
            FieldKind::Double => {
                Value::Float64(text.parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(wrong)?)
            }
            FieldKind::Currency => Value::String(canonical_decimal(text).ok_or_else(wrong)?),
            FieldKind::Date => Value::Date(parse_date(text).map_err(|error| malformed(error.to_string()))?),
            FieldKind::Datetime => {
                Value::Timestamp(parse_datetime(text).map_err(|error| malformed(error.to_string()))?)
            }
            FieldKind::Time => Value::Time(parse_time(text).map_err(|error| malformed(error.to_string()))?),
            FieldKind::Id | FieldKind::Reference => Value::String(
                // As in JSON: what is no id is passed on as it is.
                SalesforceId::parse(text).map_or_else(|_| text.to_owned(), |id| id.to_string()),
            ),
            FieldKind::Textarea
            | FieldKind::Text
            | FieldKind::Picklist
            | FieldKind::Multipicklist
            | FieldKind::Exact
            | FieldKind::Base64
            | FieldKind::Address
            | FieldKind::Location => Value::String(text.to_owned()),
        })
    }
}

impl Compound {
    /// Null where all members are, as REST shows it.
    fn value(&self, row: &[Value]) -> Value {
        if self.members.iter().all(|(_, component)| row[*component].is_null()) {
            return Value::Null;
        }
        let mut values = vec![Value::Null; self.schema.fields().len()];
        for (member, component) in &self.members {
            values[*member] = row[*component].clone();
        }
        let value = Struct::of(Arc::clone(&self.schema), values);
        Value::Struct(value.expect("there is one value for each member"))
    }
}

impl CsvRows {
    /// The rows of `csv`, whose first line names the selected columns.
    pub fn read(columns: Arc<Columns>, csv: Bytes) -> Result<Self, CsvError> {
        let reader = ReaderBuilder::new().has_headers(false).from_reader(Cursor::new(csv.clone()));
        let mut rows = Self { columns, reader, record: ByteRecord::new(), csv, is_cut: false };
        // A job without rows may have no line at all.
        if rows.read_line()? {
            let header = &rows.record;
            let names = rows.columns.columns.iter().map(|column| column.name.as_bytes());
            if !header.iter().eq(names) {
                let found: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
                return Err(CsvError::Columns { found: found.join(", "), wanted: rows.columns.selection() });
            }
        }
        Ok(rows)
    }

    /// Whether the page ended within a line. Known once all whole lines were read.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Passes over up to `rows` rows and says how many there were.
    pub fn skip(&mut self, rows: u64) -> Result<u64, CsvError> {
        let mut skipped = 0;
        while skipped < rows && self.read_line()? {
            skipped += 1;
        }
        Ok(skipped)
    }

    /// The next rows, at most `most`; fewer only at the end.
    pub fn take(&mut self, most: usize) -> Result<Vec<CsvRow>, CsvError> {
        let mut rows = Vec::with_capacity(most);
        let id = self.columns.place(|column| column.kind == FieldKind::Id);
        let named = |name: &str| self.columns.place(|column| column.name.eq_ignore_ascii_case(name));
        let (mark, date) = (named("IsDeleted"), DATES.into_iter().find_map(named));
        while rows.len() < most && self.read_line()? {
            let cell = |place: Option<usize>| std::str::from_utf8(self.record.get(place?)?).ok();
            let id = cell(id).and_then(|id| SalesforceId::parse(id).ok());
            let is_deleted = cell(mark) == Some("true");
            let deleted = cell(date).filter(|_| is_deleted).and_then(|date| parse_datetime(date).ok());
            rows.push(CsvRow { id, is_deleted, deleted, value: self.columns.value(&self.record) });
        }
        Ok(rows)
    }

    /// Reads the next whole line; false behind the last.
    fn read_line(&mut self) -> Result<bool, CsvError> {
        if self.is_cut {
            return Ok(false);
        }
        let place = |reader: &csv::Reader<_>| usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let start = place(&self.reader);
        let read = self.reader.read_byte_record(&mut self.record);
        let end = place(&self.reader);
        // Before an error, which half a line may well be.
        if end >= self.csv.len() && !is_whole(self.csv.get(start..).unwrap_or_default()) {
            self.is_cut = true;
            return Ok(false);
        }
        Ok(read?)
    }
}

/// Whether the end of a page is the end of a line, and not of one within a quoted cell. Quotes within quotes are doubled.
fn is_whole(end: &[u8]) -> bool {
    let is_outside = end.split(|byte| *byte == b'"').count() % 2 == 1;
    end.is_empty() || (end.ends_with(b"\n") && is_outside)
}

/// Which component is which member of a compound: `BillingStateCode` is the `StateCode` of `BillingAddress`.
fn members(describe: &Describe, compound: &DescribeField, schema: &Schema) -> Vec<(usize, usize)> {
    let components = describe.fields.iter().enumerate().filter(|(_, field)| {
        let of = field.compound_field_name.as_deref();
        of == Some(compound.name.as_str()) && field.name != compound.name
    });
    let member = |name: &str| {
        // Components of custom fields: `Place__Latitude__s`.
        let name = name.strip_suffix("__s").unwrap_or(name).to_ascii_lowercase();
        let fits = |member: &str| name.ends_with(&member.to_ascii_lowercase());
        let fitting = schema.fields().iter().enumerate().filter(|(_, field)| fits(&field.name));
        // The longest: a state's code ends like a code, not like a state.
        fitting.max_by_key(|(_, field)| field.name.len()).map(|(place, _)| place)
    };
    components.filter_map(|(place, field)| Some((member(&field.name)?, place))).collect()
}

#[cfg(test)]
mod tests;
