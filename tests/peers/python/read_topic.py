"""Reads a topic as its users do: confluent-kafka, read_committed, Avro through the registry.

Prints one JSON object a line and record, in the order of each partition:

  topic, partition, offset, timestamp (ms), headers ([[name, text or null], …])
  key, value            decoded by AvroDeserializer; dates and times as ISO 8601 in UTC
  key_raw, value_raw    the same bytes decoded without logical types: the numbers on the wire
  key_schema, value_schema, key_schema_id, value_schema_id
                        the writer's schema: its text as the registry answers it, and its id
  key_error, value_error
                        in place of these where the bytes are not what they should be

Exit codes: 0 done, 1 the records asked for did not come within --timeout, 2 usage.
"""

import argparse
import datetime
import decimal
import io
import json
import sys
import time
import uuid

import fastavro
from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext


class Decoder:
    """Turns the bytes of one field into the members of the output object."""

    def __init__(self, registry, field):
        self.registry = registry
        self.field = field
        self.deserialize = AvroDeserializer(registry)
        self.plain = {}

    def members(self, topic, data, schemas):
        name = str(self.field)
        if data is None:
            return {name: None}
        try:
            decoded = self.deserialize(data, SerializationContext(topic, self.field))
            schema_id = int.from_bytes(data[1:5], "big")
            text = self.registry.get_schema(schema_id).schema_str
            raw = fastavro.schemaless_reader(io.BytesIO(data[5:]), self.without_logical_types(schema_id, text))
        except Exception as error:  # whatever a client may raise for bytes that are no record
            return {name: None, f"{name}_error": f"{type(error).__name__}: {error}", f"{name}_bytes": data.hex()}
        found = {name: decoded, f"{name}_raw": raw, f"{name}_schema_id": schema_id}
        return {**found, f"{name}_schema": text} if schemas else found

    def without_logical_types(self, schema_id, text):
        if schema_id not in self.plain:
            self.plain[schema_id] = fastavro.parse_schema(strip(json.loads(text)))
        return self.plain[schema_id]


def strip(schema):
    if isinstance(schema, dict):
        return {k: strip(v) if k in ("type", "items", "values", "fields") else v
                for k, v in schema.items() if k != "logicalType"}
    return [strip(part) for part in schema] if isinstance(schema, list) else schema


def as_json(value):
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, (decimal.Decimal, uuid.UUID)):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def headers_of(message):
    return [[name, None if value is None else value.decode("utf-8", "backslashreplace")]
            for name, value in message.headers() or []]


def offsets(admin, topic, partitions, spec):
    """Past every record and every commit marker, of open transactions too."""
    asked = {TopicPartition(topic, partition): spec for partition in partitions}
    answers = admin.list_offsets(asked, isolation_level=IsolationLevel.READ_UNCOMMITTED)
    return {asked.partition: answer.result().offset for asked, answer in answers.items()}


def arguments():
    parser = argparse.ArgumentParser(description="Reads a topic as its users do, one JSON object a record.")
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--registry", required=True, help="base URL of the schema registry")
    parser.add_argument("--topic", required=True)
    parser.add_argument("--count", type=int, help="stop after so many records")
    parser.add_argument("--until-end", action="store_true",
                        help="stop at the high watermark found at the start; the default without --count")
    parser.add_argument("--group", help="read on where this consumer group stands, and commit")
    parser.add_argument("--no-schemas", action="store_true", help="leave the schema texts out")
    parser.add_argument("--timeout", type=float, default=60, help="seconds for the whole of it")
    return parser.parse_args()


def read(options, consumer, partitions, ends):
    """The records, until as many as asked for came or every partition reported its end past `ends`."""
    left, open_partitions = options.count, {p for p in partitions if ends is None or ends[p] > 0}
    deadline = time.monotonic() + options.timeout
    while left != 0 and open_partitions:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{options.topic}: partitions {sorted(open_partitions)} not read to the end, "
                               f"{left if left is not None else 'no'} more records expected")
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error() is None:
            yield message
            left = None if left is None else left - 1
        elif message.error().code() != KafkaError._PARTITION_EOF:
            raise KafkaException(message.error())
        elif ends is not None and message.offset() >= ends[message.partition()]:
            open_partitions.discard(message.partition())


def main():
    options = arguments()
    admin = AdminClient({"bootstrap.servers": options.bootstrap_servers})
    known = admin.list_topics(options.topic, timeout=options.timeout).topics[options.topic]
    if known.error is not None:
        sys.exit(f"{options.topic}: {known.error}")
    partitions = sorted(known.partitions)
    whole = options.until_end or options.count is None
    ends = offsets(admin, options.topic, partitions, OffsetSpec.latest()) if whole else None

    consumer = Consumer({
        "bootstrap.servers": options.bootstrap_servers,
        "group.id": options.group or f"read-topic-{uuid.uuid4()}",
        "isolation.level": "read_committed",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
    })
    if options.group:
        consumer.subscribe([options.topic])
    else:
        starts = offsets(admin, options.topic, partitions, OffsetSpec.earliest())
        consumer.assign([TopicPartition(options.topic, p, starts[p]) for p in partitions])

    registry = SchemaRegistryClient({"url": options.registry})
    key, value = Decoder(registry, MessageField.KEY), Decoder(registry, MessageField.VALUE)
    try:
        for message in read(options, consumer, partitions, ends):
            line = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset(),
                    "timestamp": message.timestamp()[1], "headers": headers_of(message),
                    **key.members(message.topic(), message.key(), not options.no_schemas),
                    **value.members(message.topic(), message.value(), not options.no_schemas)}
            print(json.dumps(line, default=as_json, ensure_ascii=False))
            if options.group:
                consumer.commit(message, asynchronous=False)
    except TimeoutError as error:
        sys.exit(str(error))
    finally:
        consumer.close()


if __name__ == "__main__":
    main()
