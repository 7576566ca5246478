"""Contacts on a topic in Avro, JSON Schema and Protobuf, through confluent-kafka's serializers and deserializers.

  formats.py --bootstrap-servers SERVERS --registry URL --topic TOPIC read
      prints one JSON object a record: format, key, value, event; Protobuf by a class made of the registered schema
  formats.py … write IDS
      writes one contact for each of three ids, separated by commas: the first in Avro, the second in JSON Schema, the third
      in Protobuf; each schema refers to another one and has optional fields, a date and a nested record
"""

import argparse
import base64
import datetime
import json

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory, timestamp_pb2, wrappers_pb2
from google.type import date_pb2, timeofday_pb2

BORN = datetime.date(1890, 1, 9)
DATE = "org.apache.kafka.connect.data.Date"
KNOWN = [timestamp_pb2, wrappers_pb2, date_pb2, timeofday_pb2]

AVRO_ADDRESS = {"type": "record", "name": "Address", "namespace": "crm",
                "fields": [{"name": "city", "type": ["null", "string"], "default": None}]}
AVRO = {"type": "record", "name": "Contact", "namespace": "crm", "fields": [
    {"name": "Id", "type": "string"}, {"name": "LastName", "type": "string"},
    {"name": "_EventType", "type": {"type": "enum", "name": "Event", "symbols": ["updated", "created"]}},
    {"name": "Birthdate", "type": ["null", {"type": "int", "logicalType": "date"}], "default": None},
    {"name": "Department", "type": ["null", "string"], "default": None},
    {"name": "Home", "type": ["null", "crm.Address"], "default": None}]}

JSON_ADDRESS = {"title": "Address", "type": "object", "properties": {"city": {"type": "string"}}}
JSON = {"title": "Contact", "type": "object", "required": ["Id", "LastName"], "properties": {
    "Id": {"type": "string"}, "LastName": {"type": "string"}, "_EventType": {"enum": ["created", "updated"]},
    "Birthdate": {"oneOf": [{"type": "null"}, {"type": "integer", "title": DATE, "connect.type": "int32"}]},
    "Department": {"type": ["string", "null"]}, "Home": {"$ref": "contact-address.json"}}}


def contact_type():
    """The class of `crm.Contact`, whose file imports one of its own and three of Google's."""
    field = descriptor_pb2.FieldDescriptorProto
    one = field.LABEL_OPTIONAL
    address = descriptor_pb2.FileDescriptorProto(name="crm_address.proto", package="crm", syntax="proto3")
    address.message_type.add(name="Address").field.add(name="city", number=1, type=field.TYPE_STRING, label=one)
    file = descriptor_pb2.FileDescriptorProto(
        name="crm_contact.proto", package="crm", syntax="proto3",
        dependency=["crm_address.proto", "google/type/date.proto", "google/protobuf/wrappers.proto"])
    file.message_type.add(name="Other").field.add(name="number", number=1, type=field.TYPE_INT32, label=one)
    message = file.message_type.add(name="Contact")
    for number, name in enumerate(["Id", "LastName", "_EventType"], start=1):
        message.field.add(name=name, number=number, type=field.TYPE_STRING, label=one)
    parts = [("Birthdate", "google.type.Date"), ("Department", "google.protobuf.StringValue"), ("Home", "crm.Address")]
    for number, (name, kind) in enumerate(parts, start=4):
        message.field.add(name=name, number=number, type=field.TYPE_MESSAGE, label=one, type_name=f".{kind}")
    message.oneof_decl.add(name="_Phone")
    message.field.add(name="Phone", number=7, type=field.TYPE_STRING, label=one, proto3_optional=True, oneof_index=0)
    return message_class([address, file], "crm.Contact")


def message_class(files, name):
    """The class of a message of these files and of those that every client knows."""
    pool = descriptor_pool.DescriptorPool()
    for known in KNOWN:
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    for file in files:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def write(options, registry):
    avro_id, json_id, proto_id = options.ids.split(",")
    context = SerializationContext(options.topic, MessageField.VALUE)
    subjects = {kind: f"{options.topic}-{kind}" for kind in ("AVRO", "JSON")}
    registry.register_schema(subjects["AVRO"], Schema(json.dumps(AVRO_ADDRESS), "AVRO"))
    registry.register_schema(subjects["JSON"], Schema(json.dumps(JSON_ADDRESS), "JSON"))
    avro = Schema(json.dumps(AVRO), "AVRO", [SchemaReference("crm.Address", subjects["AVRO"], 1)])
    schema = Schema(json.dumps(JSON), "JSON", [SchemaReference("contact-address.json", subjects["JSON"], 1)])
    named = lambda kind: {"subject.name.strategy": lambda context, _: f"{context.topic}-{kind}-value"}
    kind = contact_type()
    common = {"_EventType": "created", "Department": "R.U.R.", "Home": {"city": "Praha"}}
    values = [
        AvroSerializer(registry, avro, conf=named("avro"))(
            {**common, "Id": avro_id, "LastName": "Avro", "Birthdate": BORN}, context),
        JSONSerializer(schema, registry, conf=named("json"))(
            {**common, "Id": json_id, "LastName": "Json", "Birthdate": (BORN - datetime.date(1970, 1, 1)).days}, context),
        ProtobufSerializer(kind, registry, conf=named("protobuf"))(json_format.ParseDict({
            **common, "Id": proto_id, "LastName": "Proto", "Phone": "",
            "Birthdate": {"year": 1890, "month": 1, "day": 9}}, kind()), context),
    ]
    producer = Producer({"bootstrap.servers": options.bootstrap_servers})
    for value in values:
        producer.produce(options.topic, value=value, partition=0)
    assert producer.flush(30) == 0
    print(len(values))


def registered_class(registry, compiler, schema_id):
    """The class of the first message of a registered file, compiled by a registry that can."""
    compiled = SchemaRegistryClient({"url": compiler})
    schema_id = compiled.register_schema(f"compiled-{schema_id}", registry.get_schema(schema_id))
    # A client remembers a schema by its id, whatever its form.
    text = SchemaRegistryClient({"url": compiler}).get_schema(schema_id, fmt="serialized").schema_str
    file = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(text))
    file.name = f"registered_{schema_id}.proto"
    package = f"{file.package}." if file.package else ""
    return message_class([file], package + file.message_type[0].name)


def decoded(registry, url, compiler, data, context):
    schema_id = int.from_bytes(data[1:5], "big")
    kind = registry.get_schema(schema_id).schema_type
    if kind == "PROTOBUF":
        own = registered_class(registry, compiler, schema_id)
        # With a client it asks for the writer's schema compiled, which not every registry answers.
        client = registry if compiler == url else None
        message = ProtobufDeserializer(own, {"use.deprecated.format": False}, client)(data, context)
        return kind, json_format.MessageToDict(message, preserving_proto_field_name=True)
    if kind == "JSON":
        return kind, JSONDeserializer(None, schema_registry_client=registry)(data, context)
    return kind, AvroDeserializer(registry)(data, context)


def read(options, registry):
    consumer = Consumer({
        "bootstrap.servers": options.bootstrap_servers, "group.id": "formats", "isolation.level": "read_committed",
        "enable.auto.commit": False, "enable.partition.eof": True, "auto.offset.reset": "earliest"})
    partitions = consumer.list_topics(options.topic, timeout=30).topics[options.topic].partitions
    consumer.assign([TopicPartition(options.topic, partition, 0) for partition in partitions])
    left = set(partitions)
    while left:
        message = consumer.poll(30)
        assert message is not None, "no answer of the broker"
        if message.error() is not None:
            if message.error().code() != KafkaError._PARTITION_EOF:
                raise KafkaException(message.error())
            left.discard(message.partition())
            continue
        line = {}
        for name, data, field in [("key", message.key(), MessageField.KEY), ("value", message.value(), MessageField.VALUE)]:
            line["format"], line[name] = decoded(
                registry, options.registry, options.compiler or options.registry, data, SerializationContext(options.topic, field))
        print(json.dumps(line, ensure_ascii=False, default=str))
    consumer.close()


def main():
    parser = argparse.ArgumentParser(description="Contacts in every format of a registry.")
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--registry", required=True, help="base URL of the schema registry")
    parser.add_argument("--compiler", help="URL of a registry that answers compiled Protobuf, where that one does not")
    parser.add_argument("--topic", required=True)
    parser.add_argument("what", choices=["read", "write"])
    parser.add_argument("ids", nargs="?")
    options = parser.parse_args()
    registry = SchemaRegistryClient({"url": options.registry})
    write(options, registry) if options.what == "write" else read(options, registry)


if __name__ == "__main__":
    main()
