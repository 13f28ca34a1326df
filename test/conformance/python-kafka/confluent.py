"""confluent-kafka over librdkafka, as test/conformance/client-suite.ts asks it. The argument is the broker's address."""

import sys
import threading
import time

from confluent_kafka import OFFSET_END, Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
)
from lines import answer_all, answering, data, record, text

BASE = {
    "bootstrap.servers": sys.argv[1],
    "reconnect.backoff.ms": 50,
    "reconnect.backoff.max.ms": 200,
    "log_level": 0,
    "topic.metadata.propagation.max.ms": 0,
    "topic.metadata.refresh.interval.ms": 1000,
}
LARGE = 16 << 20
WAIT_SECONDS = 20

admin = AdminClient(BASE)


class Sent:
    """Acknowledgements as they come, by the number of the record."""

    def __init__(self):
        self.offsets = {}
        self.failure = None

    def take(self, number):
        def acknowledge(error, message):
            if error is not None:
                self.failure = error
            else:
                self.offsets[number] = message.offset()

        return acknowledge

    def check(self):
        if self.failure is not None:
            raise KafkaException(self.failure)


def produce(topic, partition, records, codec="none", acks=-1, idempotent=False):
    settings = {"compression.type": codec, "acks": acks, "enable.idempotence": idempotent}
    producer = Producer({**BASE, **settings, "message.max.bytes": LARGE, "linger.ms": 1000})
    sent = Sent()
    for number, each in enumerate(records):
        producer.produce(
            topic,
            partition=partition,
            timestamp=each["timestamp"],
            key=data(each["key"]),
            value=data(each["value"]),
            headers=[(name, data(value)) for name, value in each["headers"]],
            on_delivery=sent.take(number),
        )
    # All at once: a batch that compression would not make smaller goes as it is.
    producer.flush(WAIT_SECONDS)
    sent.check()
    return [sent.offsets[number] for number in range(len(records))]


def consumer(**more):
    return Consumer({**BASE, "group.id": "none", "enable.auto.commit": False, "fetch.wait.max.ms": 50, **more})


def read(topic, partition, **where):
    reader = consumer()
    try:
        return read_to_end(reader, TopicPartition(topic, partition), **where)
    finally:
        reader.close()


def read_to_end(reader, place, **where):
    low, high = reader.get_watermark_offsets(place, WAIT_SECONDS)
    first, at = where["from"], where["at"]
    start = {"beginning": low, "end": high, "offset": at}.get(first)
    if first == "time":
        start = offset_at(reader, place, at)
    reader.assign([TopicPartition(place.topic, place.partition, start)])
    records = []
    while start + len(records) < high:
        message = reader.poll(WAIT_SECONDS)
        if message is None or message.error():
            raise RuntimeError(f"nothing comes: {message and message.error()}")
        fields = (message.timestamp()[1], message.key(), message.value(), message.headers())
        records.append(record(message.offset(), *fields))
    return records


def offset_at(reader, place, at):
    [found] = reader.offsets_for_times([TopicPartition(place.topic, place.partition, at)], WAIT_SECONDS)
    return found.offset


def offsets(topic, partition, time):
    reader = consumer()
    place = TopicPartition(topic, partition)
    low, high = reader.get_watermark_offsets(place, WAIT_SECONDS)
    found = offset_at(reader, place, time)
    reader.close()
    return {"beginning": low, "end": high, "found": -1 if found == OFFSET_END else found}


def only(futures):
    """The result of the one thing that was asked of an admin."""
    [future] = futures.values() if isinstance(futures, dict) else futures
    return future.result(WAIT_SECONDS)


def create_topic(topic, partitions, configs=None, validateOnly=False):
    only(admin.create_topics([NewTopic(topic, partitions, 1, config=configs or {})], validate_only=validateOnly))


def delete_records(topic, partition, before):
    only(admin.delete_records([TopicPartition(topic, partition, before)]))


def config(topic, name):
    return only(admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]))[name].value


def alter_config(topic, name, value):
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    only(admin.incremental_alter_configs([resource]))


def describe_group(group):
    described = only(admin.describe_consumer_groups([group]))
    return {"state": described.state.name.capitalize(), "members": len(described.members)}


def committed(group, topic, partition):
    asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition)])
    [told] = only(admin.list_consumer_group_offsets([asked])).topic_partitions
    return told.offset


def is_fatal(error):
    return error is not None and error.code() == KafkaError._FATAL


class Member:
    """Of a group, cooperative: reads and commits on a thread of its own until it leaves."""

    def __init__(self, group, topic, sessionMs, instance=None):
        named = {} if instance is None else {"group.instance.id": instance}
        self.consumer = consumer(**named, **{
            "group.id": group,
            "session.timeout.ms": sessionMs,
            "heartbeat.interval.ms": sessionMs // 10,
            "auto.offset.reset": "earliest",
            "partition.assignment.strategy": "cooperative-sticky",
        })
        self.consumer.subscribe([topic], on_revoke=self.count_revocation)
        self.assigned = []
        self.values = []
        self.revocations = 0
        self.failure = None
        self.is_leaving = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def count_revocation(self, _, __):
        self.revocations += 1

    def run(self):
        while not self.is_leaving and self.failure is None:
            polled = self.consumer.consume(100, 0.1)
            self.failure = next((each.error() for each in polled if is_fatal(each.error())), None)
            self.read([each for each in polled if not each.error()])
            self.assigned = [each.partition for each in self.consumer.assignment()]
        self.consumer.close()

    def read(self, messages):
        if not messages:
            return
        try:
            self.consumer.commit(asynchronous=False)
        except KafkaException:
            # The coordinator is away: the next commit covers this one.
            pass
        self.values += [text(each.value()) for each in messages]

    def told(self):
        if self.failure is not None:
            raise KafkaException(self.failure)
        return {"assigned": self.assigned, "values": self.values, "revocations": self.revocations}

    def leave(self):
        self.is_leaving = True
        self.thread.join()


class Numbers:
    """To one partition, one in two milliseconds at most, until it is told to end."""

    def __init__(self, topic):
        self.topic = topic
        self.sent = Sent()
        self.is_ending = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        producer = Producer({**BASE, "enable.idempotence": True})
        number = 0
        while not self.is_ending:
            producer.produce(self.topic, partition=0, value=str(number), on_delivery=self.sent.take(number))
            producer.poll(0)
            number += 1
            time.sleep(0.002)
        producer.flush(WAIT_SECONDS)

    def acked(self):
        self.sent.check()
        return len(self.sent.offsets)

    def end(self):
        self.is_ending = True
        self.thread.join()
        self.sent.check()
        return list(self.sent.offsets.items())


ASKS = {
    "produce": produce,
    "read": read,
    "offsets": offsets,
    "nodes": lambda: len(admin.list_topics(timeout=WAIT_SECONDS).brokers),
    "topics": lambda: list(admin.list_topics(timeout=WAIT_SECONDS).topics),
    "createTopic": create_topic,
    "growTopic": lambda topic, partitions: only(admin.create_partitions([NewPartitions(topic, partitions)])),
    "partitions": lambda topic: len(admin.list_topics(topic, timeout=WAIT_SECONDS).topics[topic].partitions),
    "deleteTopic": lambda topic: only(admin.delete_topics([topic])),
    "config": config,
    "alterConfig": alter_config,
    "deleteRecords": delete_records,
    "groups": lambda: [each.group_id for each in admin.list_consumer_groups().result(WAIT_SECONDS).valid],
    "describeGroup": describe_group,
    "deleteGroup": lambda group: only(admin.delete_consumer_groups([group])),
    "committed": committed,
}

answer_all(answering(ASKS, Member, Numbers))
