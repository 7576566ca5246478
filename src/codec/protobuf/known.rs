//! Files that schemas import and no registry keeps: every client of Confluent's registry has them built in, as the compiler
//! has Google's own types.

/// Each by the name it is imported under.
const FILES: [(&str, &str); 6] = [
    ("confluent/meta.proto", META),
    ("confluent/type/decimal.proto", DECIMAL),
    ("google/type/date.proto", DATE),
    ("google/type/timeofday.proto", TIME_OF_DAY),
    ("google/type/decimal.proto", GOOGLE_DECIMAL),
    ("google/type/latlng.proto", LAT_LNG),
];

/// Options in which Confluent's converter keeps what Protobuf cannot say.
const META: &str = r#"
syntax = "proto3";
package confluent;
import "google/protobuf/descriptor.proto";
message Meta {
    string doc = 1;
    map<string, string> params = 2;
    repeated string tags = 3;
}
extend google.protobuf.FileOptions { Meta file_meta = 1088; }
extend google.protobuf.MessageOptions { Meta message_meta = 1088; }
extend google.protobuf.FieldOptions { Meta field_meta = 1088; }
extend google.protobuf.EnumOptions { Meta enum_meta = 1088; }
extend google.protobuf.EnumValueOptions { Meta enum_value_meta = 1088; }
"#;

const DECIMAL: &str = r#"
syntax = "proto3";
package confluent.type;
message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }
"#;

const DATE: &str = r#"
syntax = "proto3";
package google.type;
message Date { int32 year = 1; int32 month = 2; int32 day = 3; }
"#;

const TIME_OF_DAY: &str = r#"
syntax = "proto3";
package google.type;
message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }
"#;

const GOOGLE_DECIMAL: &str = r#"
syntax = "proto3";
package google.type;
message Decimal { string value = 1; }
"#;

const LAT_LNG: &str = r#"
syntax = "proto3";
package google.type;
message LatLng { double latitude = 1; double longitude = 2; }
"#;

/// The text of a file.
pub(super) fn text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
