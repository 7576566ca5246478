"""One Kafka client produces, consumes in a group, commits, comes back, and runs a transaction.

    join_in.py CLIENT BOOTSTRAP_SERVERS

CLIENT is confluent-kafka, kafka-python or aiokafka. The broker must make topics that are named. Prints one line of
JSON with what the client saw; whoever started this judges it.
"""

import asyncio
import json
import sys
import uuid

COUNT = 200


def main(client, servers):
    name = uuid.uuid4().hex
    topic, group, transactional_id = f"topic-{name}", f"group-{name}", f"tx-{name}"
    run = {"confluent-kafka": confluent, "kafka-python": kafka_python, "aiokafka": aio}[client]
    first, second, committed = run(servers, topic, group, transactional_id)
    print(json.dumps({"client": client, "first": first, "second": second, "committed": committed}))


def confluent(servers, topic, group, transactional_id):
    from confluent_kafka import Consumer, Producer, TopicPartition

    producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True, "compression.type": "lz4"})
    for n in range(COUNT):
        producer.produce(topic, key=str(n), value=str(n))
    assert producer.flush(30) == 0

    def consume(count):
        consumer = Consumer({
            "bootstrap.servers": servers, "group.id": group, "auto.offset.reset": "earliest",
            "enable.auto.commit": False, "isolation.level": "read_committed", "session.timeout.ms": 6000,
        })
        consumer.subscribe([topic])
        values = []
        while len(values) < count:
            message = consumer.poll(30)
            assert message is not None and message.error() is None, message and message.error()
            values.append(int(message.value()))
        consumer.commit(offsets=[TopicPartition(topic, 0, values[-1] + 1)], asynchronous=False)
        committed = consumer.committed([TopicPartition(topic, 0)], timeout=30)[0].offset
        consumer.close()
        return values, committed

    first, _ = consume(COUNT // 2)
    second, committed = consume(COUNT - COUNT // 2)
    transactions = Producer({"bootstrap.servers": servers, "transactional.id": transactional_id})
    transactions.init_transactions(30)
    for number, commit in [(-1, False), (COUNT, True)]:
        transactions.begin_transaction()
        transactions.produce(topic, value=str(number))
        transactions.commit_transaction(30) if commit else transactions.abort_transaction(30)
    more, _ = consume(1)
    return first, second + more, committed


def kafka_python(servers, topic, group, transactional_id):
    from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition

    producer = KafkaProducer(bootstrap_servers=servers, acks="all", compression_type="gzip")
    futures = [producer.send(topic, key=str(n).encode(), value=str(n).encode()) for n in range(COUNT)]
    for future in futures:
        future.get(timeout=30)
    producer.close()

    def consume(count):
        consumer = KafkaConsumer(
            topic, bootstrap_servers=servers, group_id=group, auto_offset_reset="earliest",
            enable_auto_commit=False, consumer_timeout_ms=30000, isolation_level="read_committed",
        )
        values = []
        for message in consumer:
            values.append(int(message.value))
            if len(values) == count:
                break
        at = TopicPartition(topic, 0)
        consumer.commit({at: OffsetAndMetadata(values[-1] + 1, "", -1)})
        committed = consumer.committed(at)
        consumer.close(autocommit=False)
        return values, committed

    first, _ = consume(COUNT // 2)
    second, committed = consume(COUNT - COUNT // 2)
    transactions = KafkaProducer(bootstrap_servers=servers, transactional_id=transactional_id)
    transactions.init_transactions()
    for number, commit in [(-1, False), (COUNT, True)]:
        transactions.begin_transaction()
        transactions.send(topic, value=str(number).encode()).get(timeout=30)
        transactions.commit_transaction() if commit else transactions.abort_transaction()
    transactions.close()
    more, _ = consume(1)
    return first, second + more, committed


def aio(servers, topic, group, transactional_id):
    return asyncio.run(aio_run(servers, topic, group, transactional_id))


async def aio_run(servers, topic, group, transactional_id):
    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

    async with AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True) as producer:
        for n in range(COUNT):
            await producer.send(topic, key=str(n).encode(), value=str(n).encode())
        await producer.flush()

    async def consume(count):
        consumer = AIOKafkaConsumer(
            topic, bootstrap_servers=servers, group_id=group, auto_offset_reset="earliest",
            enable_auto_commit=False, isolation_level="read_committed",
        )
        async with consumer:
            values = []
            while len(values) < count:
                message = await asyncio.wait_for(consumer.getone(), 30)
                values.append(int(message.value))
            at = TopicPartition(topic, 0)
            await consumer.commit({at: values[-1] + 1})
            return values, await consumer.committed(at)

    first, _ = await consume(COUNT // 2)
    second, committed = await consume(COUNT - COUNT // 2)
    async with AIOKafkaProducer(bootstrap_servers=servers, transactional_id=transactional_id) as transactions:
        for number, commit in [(-1, False), (COUNT, True)]:
            await transactions.begin_transaction()
            await transactions.send_and_wait(topic, value=str(number).encode())
            await (transactions.commit_transaction() if commit else transactions.abort_transaction())
    more, _ = await consume(1)
    return first, second + more, committed


if __name__ == "__main__":
    main(*sys.argv[1:])
