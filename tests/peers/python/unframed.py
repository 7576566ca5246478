"""Records on a topic in Avro without a registry, written and read by fastavro: nothing but values.

  unframed.py --bootstrap-servers SERVERS --topic TOPIC --schema FILE read
      prints one JSON object a record: its key as text and its value
  unframed.py … write LINES
      writes the JSON objects of LINES, one a line
"""

import argparse
import io
import json

import fastavro
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition


def write(options, schema):
    producer = Producer({"bootstrap.servers": options.bootstrap_servers})
    for line in options.lines.splitlines():
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, json.loads(line))
        producer.produce(options.topic, value=out.getvalue(), partition=0)
    assert producer.flush(30) == 0


def read(options, schema):
    consumer = Consumer({
        "bootstrap.servers": options.bootstrap_servers, "group.id": "unframed", "isolation.level": "read_committed",
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
        data = io.BytesIO(message.value())
        value = fastavro.schemaless_reader(data, schema)
        assert data.read() == b"", "bytes behind the value"
        print(json.dumps({"key": message.key().decode(), "value": value}, ensure_ascii=False, default=str))
    consumer.close()


def main():
    parser = argparse.ArgumentParser(description="Records in Avro without framing.")
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--schema", required=True, help="a file with the schema's text")
    parser.add_argument("what", choices=["read", "write"])
    parser.add_argument("lines", nargs="?")
    options = parser.parse_args()
    with open(options.schema, encoding="utf-8") as file:
        schema = fastavro.parse_schema(json.load(file))
    write(options, schema) if options.what == "write" else read(options, schema)


if __name__ == "__main__":
    main()
