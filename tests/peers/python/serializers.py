"""Serializes and deserializes with confluent-kafka, without a broker: what a registry has to be good for.

  serializers.py --registry URL write
      prints {"avro": HEX, "json": HEX, "protobuf": HEX, …}: one person each, in Confluent's framing; their schemas are
      registered for the topic `people.FORMAT`, the Protobuf one with an import of its own; `avro_referring` and
      `json_referring` take the address from a subject of its own, `nested` is a message within a message
  serializers.py --registry URL read FORMAT=HEX…
      prints {FORMAT: value, …}, each deserialized by a client that has seen no schema yet
"""

import argparse
import json

from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, timestamp_pb2

PERSON = {"name": "Čapek", "address": {"city": "Praha"}, "since": "1920-01-02T00:00:00Z"}

AVRO = json.dumps({
    "type": "record", "name": "Person", "namespace": "people", "connect.name": "people.Person", "fields": [
        {"name": "name", "type": "string"},
        {"name": "address", "type": {"type": "record", "name": "Address",
                                     "fields": [{"name": "city", "type": ["null", "string"], "default": None}]}},
        {"name": "since", "type": "string"},
    ]})

JSON = json.dumps({
    "$schema": "http://json-schema.org/draft-07/schema#", "title": "Person", "type": "object", "properties": {
        "name": {"type": "string"},
        "address": {"type": "object", "properties": {"city": {"type": "string"}}},
        "since": {"type": "string"},
    }, "required": ["name"]})


AVRO_ADDRESS = json.dumps({"type": "record", "name": "Address", "namespace": "people",
                           "fields": [{"name": "city", "type": ["null", "string"], "default": None}]})

AVRO_REFERRING = json.dumps({
    "type": "record", "name": "Person", "namespace": "people", "fields": [
        {"name": "name", "type": "string"}, {"name": "address", "type": "people.Address"},
        {"name": "since", "type": {"type": "long", "logicalType": "timestamp-millis"}}]})

JSON_ADDRESS = json.dumps({"title": "Address", "type": "object", "properties": {"city": {"type": "string"}}})

JSON_REFERRING = json.dumps({
    "title": "Person", "type": "object", "properties": {
        "name": {"type": "string"}, "address": {"$ref": "address.json"},
        "since": {"type": "integer", "title": "org.apache.kafka.connect.data.Timestamp", "connect.type": "int64"},
    }, "required": ["name"]})


def nested_type():
    """The class of `people.Outer.Inner`, the first message within the second of its file."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="nested.proto", package="people", syntax="proto3")
    file.message_type.add(name="First").field.add(
        name="number", number=1, type=field.TYPE_INT32, label=field.LABEL_OPTIONAL)
    inner = file.message_type.add(name="Outer").nested_type.add(name="Inner")
    inner.field.add(name="name", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("people.Outer.Inner"))


def referring(registry, subject, kind, address, name, text):
    """The schema `text`, which calls `address` by `name`."""
    registry.register_schema(subject, Schema(address, kind))
    return Schema(text, kind, [SchemaReference(name, subject, 1)])


def protobuf_type():
    """The class of `people.Person`, made here so that no compiler is needed."""
    field = descriptor_pb2.FieldDescriptorProto
    address = descriptor_pb2.FileDescriptorProto(name="address.proto", package="people", syntax="proto3")
    address.message_type.add(name="Address").field.add(
        name="city", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    person = descriptor_pb2.FileDescriptorProto(
        name="person.proto", package="people", syntax="proto3",
        dependency=["address.proto", "google/protobuf/timestamp.proto"])
    message = person.message_type.add(name="Person")
    message.field.add(name="name", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    message.field.add(name="address", number=2, type=field.TYPE_MESSAGE, label=field.LABEL_OPTIONAL,
                      type_name=".people.Address")
    message.field.add(name="since", number=3, type=field.TYPE_MESSAGE, label=field.LABEL_OPTIONAL,
                      type_name=".google.protobuf.Timestamp")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(timestamp_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(address)
    pool.Add(person)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("people.Person"))


def write(registry):
    kind, nested = protobuf_type(), nested_type()
    made = {
        "avro": AvroSerializer(registry, AVRO)(PERSON, context("avro")),
        "json": JSONSerializer(JSON, registry)(PERSON, context("json")),
        "protobuf": ProtobufSerializer(kind, registry)(json_format.ParseDict(PERSON, kind()), context("protobuf")),
        "nested": ProtobufSerializer(nested, registry)(nested(name="Čapek"), context("nested")),
    }
    moment = {**PERSON, "since": -1577836800000}
    avro = referring(registry, "people.Address", "AVRO", AVRO_ADDRESS, "people.Address", AVRO_REFERRING)
    made["avro_referring"] = AvroSerializer(registry, avro)(moment, context("avro_referring"))
    schema = referring(registry, "address.json", "JSON", JSON_ADDRESS, "address.json", JSON_REFERRING)
    made["json_referring"] = JSONSerializer(schema, registry)(moment, context("json_referring"))
    return {name: data.hex() for name, data in made.items()}


def read(registry, records):
    kind = protobuf_type()
    deserializers = {
        "avro": AvroDeserializer(registry),
        "json": JSONDeserializer(None, schema_registry_client=registry),
        "protobuf": ProtobufDeserializer(kind, {"use.deprecated.format": False}, registry),
    }
    values = {}
    for record in records:
        name, _, data = record.partition("=")
        value = deserializers[name](bytes.fromhex(data), context(name))
        values[name] = json_format.MessageToDict(value) if name == "protobuf" else value
    return values


def context(name):
    return SerializationContext(f"people.{name}", MessageField.VALUE)


def main():
    parser = argparse.ArgumentParser(description="Serializes and deserializes with confluent-kafka.")
    parser.add_argument("--registry", required=True, help="base URL of the schema registry")
    parser.add_argument("what", choices=["write", "read"])
    parser.add_argument("records", nargs="*", metavar="FORMAT=HEX")
    options = parser.parse_args()
    registry = SchemaRegistryClient({"url": options.registry})
    done = write(registry) if options.what == "write" else read(registry, options.records)
    print(json.dumps(done, ensure_ascii=False))


if __name__ == "__main__":
    main()
