"""kafka-python, which is Python alone, as test/conformance/client-suite.ts asks it. The argument is the broker's address."""

import logging
import sys
import threading
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError
from lines import answer_all, answering, data, record, text

logging.disable(logging.CRITICAL)

BASE = {"bootstrap_servers": sys.argv[1], "reconnect_backoff_max_ms": 200}
LARGE = 16 << 20
WAIT_SECONDS = 20

admin = KafkaAdminClient(**BASE)


def produce(topic, partition, records, codec="none", acks=-1, idempotent=False):
    settings = {"compression_type": None if codec == "none" else codec, "acks": acks, "enable_idempotence": idempotent}
    producer = KafkaProducer(**BASE, **settings, max_request_size=LARGE, linger_ms=1000, max_block_ms=3000)
    sent = []
    for each in records:
        headers = [(name, data(value)) for name, value in each["headers"]]
        fields = {"key": data(each["key"]), "timestamp_ms": each["timestamp"], "headers": headers}
        sent.append(producer.send(topic, data(each["value"]), partition=partition, **fields))
    producer.flush(WAIT_SECONDS)
    try:
        return [each.get(WAIT_SECONDS).offset for each in sent]
    finally:
        producer.close()


def consumer(*topics, **more):
    return KafkaConsumer(*topics, **BASE, enable_auto_commit=False, fetch_max_wait_ms=50, **more)


def read(topic, partition, **where):
    reader = consumer()
    try:
        return read_to_end(reader, TopicPartition(topic, partition), **where)
    finally:
        reader.close()


def read_to_end(reader, place, **where):
    reader.assign([place])
    ends = offsets_of(reader, place, where["at"])
    start = {"beginning": ends["beginning"], "end": ends["end"], "offset": where["at"], "time": ends["found"]}[where["from"]]
    reader.seek(place, start)
    records = []
    while start + len(records) < ends["end"]:
        for each in reader.poll(WAIT_SECONDS * 1000)[place]:
            records.append(record(each.offset, each.timestamp, each.key, each.value, each.headers))
    return records


def offsets(topic, partition, time):
    reader = consumer()
    try:
        return offsets_of(reader, TopicPartition(topic, partition), time)
    finally:
        reader.close()


def offsets_of(reader, place, at):
    low, high = reader.beginning_offsets([place])[place], reader.end_offsets([place])[place]
    found = reader.offsets_for_times({place: at})[place]
    return {"beginning": low, "end": high, "found": found.offset if found else -1}


def topic_resource(topic, configs):
    return ConfigResource(ConfigResourceType.TOPIC, topic, configs)


def create_topic(topic, partitions, configs=None, validateOnly=False):
    wanted = {topic: {"num_partitions": partitions, "replication_factor": 1, "configs": configs or {}}}
    admin.create_topics(wanted, validate_only=validateOnly)


def config(topic, name):
    return admin.describe_configs([topic_resource(topic, [name])], config_filter="all")["topic"][topic][name]["value"]


def alter_config(topic, name, value):
    told = admin.alter_configs([topic_resource(topic, {name: value})])["topic"][topic]
    if told != "OK":
        raise RuntimeError(told)


def describe_group(group):
    described = admin.describe_groups([group])[group]
    return {"state": described["group_state"], "members": len(described["members"])}


def delete_group(group):
    told = admin.delete_groups([group])[group]
    if told != "OK":
        raise RuntimeError(told)


class Member:
    """Of a group: reads and commits on a thread of its own until it leaves."""

    def __init__(self, group, topic, sessionMs):
        session = {"session_timeout_ms": sessionMs, "heartbeat_interval_ms": sessionMs // 10}
        self.consumer = consumer(topic, group_id=group, auto_offset_reset="earliest", **session)
        self.assigned = []
        self.values = []
        self.is_leaving = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.is_leaving:
            self.read([each for part in self.poll().values() for each in part])
            self.assigned = [each.partition for each in self.consumer.assignment()]
        self.consumer.close()

    def poll(self):
        try:
            # A member that joins as the time of its poll is over stays without partitions: time enough for that.
            return self.consumer.poll(1000)
        except KafkaError:
            # The coordinator is away.
            return {}

    def read(self, messages):
        if not messages:
            return
        try:
            self.consumer.commit()
        except KafkaError:
            # The coordinator is away: the next commit covers this one.
            pass
        self.values += [text(each.value) for each in messages]

    def told(self):
        return {"assigned": self.assigned, "values": self.values}

    def leave(self):
        self.is_leaving = True
        self.thread.join()


class Numbers:
    """To one partition, one in two milliseconds at most, until it is told to end."""

    def __init__(self, topic):
        self.topic = topic
        self.acks = []
        self.failure = None
        self.is_ending = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        producer = KafkaProducer(**BASE)
        number = 0
        while not self.is_ending:
            sent = producer.send(self.topic, str(number).encode(), partition=0)
            sent.add_callback(self.acknowledge, number)
            sent.add_errback(self.fail)
            number += 1
            time.sleep(0.002)
        producer.flush(WAIT_SECONDS)
        producer.close()

    def acknowledge(self, number, told):
        self.acks.append([number, told.offset])

    def fail(self, failure):
        self.failure = failure

    def acked(self):
        if self.failure is not None:
            raise self.failure
        return len(self.acks)

    def end(self):
        self.is_ending = True
        self.thread.join()
        self.acked()
        return self.acks


def nothing(_):
    return None


ASKS = {
    "produce": produce,
    "read": read,
    "offsets": offsets,
    "nodes": lambda: len(admin.describe_cluster()["brokers"]),
    "topics": admin.list_topics,
    "createTopic": create_topic,
    "growTopic": lambda topic, partitions: nothing(admin.create_partitions({topic: partitions})),
    "partitions": lambda topic: len(admin.describe_topics([topic])[0]["partitions"]),
    "deleteTopic": lambda topic: nothing(admin.delete_topics([topic])),
    "config": config,
    "alterConfig": alter_config,
    "deleteRecords": lambda topic, partition, before: nothing(admin.delete_records({TopicPartition(topic, partition): before})),
    "groups": lambda: [each["group_id"] for each in admin.list_groups()],
    "describeGroup": describe_group,
    "deleteGroup": delete_group,
    "committed": lambda group, topic, partition: admin.list_group_offsets(group)[group][TopicPartition(topic, partition)].offset,
}

answer_all(answering(ASKS, Member, Numbers))
