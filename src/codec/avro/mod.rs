//! Avro: schema texts, encoding, decoding.
