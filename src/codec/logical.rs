//! Names by which producers say what a number means: Kafka Connect's logical types, and Debezium's.

use super::shape::Shape;

/// Connect's `Date`.
pub(super) const DATE: &str = "org.apache.kafka.connect.data.Date";
/// Connect's `Time`.
pub(super) const TIME: &str = "org.apache.kafka.connect.data.Time";
/// Connect's `Timestamp`.
pub(super) const TIMESTAMP: &str = "org.apache.kafka.connect.data.Timestamp";
/// Connect's `Decimal`: bytes, with the scale in a parameter.
pub(super) const DECIMAL: &str = "org.apache.kafka.connect.data.Decimal";

/// The meaning of an integer type of this name; `None` for a name that says nothing of integers.
pub(super) fn of_integer(name: &str) -> Option<Shape> {
    Some(match name {
        DATE | "io.debezium.time.Date" => Shape::Date,
        TIME | "io.debezium.time.Time" => Shape::Time(1),
        "io.debezium.time.MicroTime" => Shape::Time(1_000),
        "io.debezium.time.NanoTime" => Shape::Time(1_000_000),
        TIMESTAMP | "io.debezium.time.Timestamp" => Shape::Timestamp(1),
        "io.debezium.time.MicroTimestamp" => Shape::Timestamp(1_000),
        "io.debezium.time.NanoTimestamp" => Shape::Timestamp(1_000_000),
        _ => return None,
    })
}
