"""aiokafka, as test/conformance/client-suite.ts asks it. The argument is the broker's address."""

import asyncio
import logging
import sys
import threading

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code
from lines import answer_all, data, record, text

logging.disable(logging.CRITICAL)

BASE = {"bootstrap_servers": sys.argv[1], "metadata_max_age_ms": 1000, "retry_backoff_ms": 50}
LARGE = 16 << 20

loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
members = {}
numbers = None


async def produce(topic, partition, records, codec="none", acks=-1, idempotent=False):
    settings = {"compression_type": None if codec == "none" else codec, "acks": acks, "enable_idempotence": idempotent}
    if idempotent:
        settings["acks"] = "all"
    producer = AIOKafkaProducer(**BASE, **settings, max_request_size=LARGE, linger_ms=50, request_timeout_ms=5000)
    await producer.start()
    try:
        sent = []
        for each in records:
            headers = [(name, data(value)) for name, value in each["headers"]]
            fields = {"key": data(each["key"]), "timestamp_ms": each["timestamp"], "headers": headers}
            sent.append(await producer.send(topic, data(each["value"]), partition=partition, **fields))
        told = await asyncio.gather(*sent)
        return None if acks == 0 else [each.offset for each in told]
    finally:
        await producer.stop()


async def started(topics=(), **more):
    consumer = AIOKafkaConsumer(*topics, **BASE, fetch_max_wait_ms=50, enable_auto_commit=False, **more)
    await consumer.start()
    return consumer


async def read(topic, partition, **where):
    reader = await started()
    try:
        return await read_to_end(reader, TopicPartition(topic, partition), **where)
    finally:
        await reader.stop()


async def read_to_end(reader, place, **where):
    reader.assign([place])
    low = (await reader.beginning_offsets([place]))[place]
    high = (await reader.end_offsets([place]))[place]
    first, at = where["from"], where["at"]
    start = {"beginning": low, "end": high, "offset": at}.get(first)
    if first == "time":
        start = (await reader.offsets_for_times({place: at}))[place].offset
    reader.seek(place, start)
    records = []
    while start + len(records) < high:
        each = await reader.getone()
        records.append(record(each.offset, each.timestamp, each.key, each.value, each.headers))
    return records


async def offsets(topic, partition, time):
    reader = await started()
    place = TopicPartition(topic, partition)
    low, high = await reader.beginning_offsets([place]), await reader.end_offsets([place])
    found = (await reader.offsets_for_times({place: time}))[place]
    await reader.stop()
    return {"beginning": low[place], "end": high[place], "found": found.offset if found else -1}


def check(code, message=None):
    """Its admin does not look at most codes."""
    if code != 0:
        raise for_code(code)(message)


class Admin:
    def __init__(self):
        self.client = AIOKafkaAdminClient(**BASE)

    async def nodes(self):
        return len((await self.client.describe_cluster())["brokers"])

    async def topics(self):
        return await self.client.list_topics()

    async def createTopic(self, topic, partitions, configs=None, validateOnly=False):
        wanted = NewTopic(topic, partitions, 1, topic_configs=configs or {})
        told = await self.client.create_topics([wanted], validate_only=validateOnly)
        check(*told.topic_errors[0][1:3])

    async def growTopic(self, topic, partitions):
        await self.client.create_partitions({topic: NewPartitions(partitions)})

    async def partitions(self, topic):
        [described] = await self.client.describe_topics([topic])
        return len(described["partitions"])

    async def deleteTopic(self, topic):
        told = await self.client.delete_topics([topic])
        check(told.topic_error_codes[0][1])

    async def config(self, topic, name):
        [told] = await self.client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {name: None})])
        [(code, message, _, _, entries)] = told.resources
        check(code, message)
        return {each[0]: each[1] for each in entries}[name]

    async def alterConfig(self, topic, name, value):
        [told] = await self.client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {name: value})])
        check(*told.resources[0][:2])

    async def deleteRecords(self, topic, partition, before):
        await self.client.delete_records({TopicPartition(topic, partition): RecordsToDelete(before)})

    async def groups(self):
        return [group for group, _ in await self.client.list_consumer_groups()]

    async def describeGroup(self, group):
        [told] = await self.client.describe_consumer_groups([group])
        code, _, state, _, _, described, *_ = told.groups[0]
        check(code)
        return {"state": state, "members": len(described)}

    async def committed(self, group, topic, partition):
        return (await self.client.list_consumer_group_offsets(group))[TopicPartition(topic, partition)].offset


class Member:
    """Of a group: reads and commits until it leaves."""

    def __init__(self, consumer):
        self.consumer = consumer
        self.values = []
        self.task = asyncio.create_task(self.run())

    async def run(self):
        while True:
            polled = await self.consumer.getmany(timeout_ms=100)
            messages = [message for part in polled.values() for message in part]
            if not messages:
                continue
            try:
                await self.consumer.commit()
            except KafkaError:
                # The group moves, or its coordinator is away: the next commit covers this one.
                pass
            self.values += [text(message.value) for message in messages]

    def told(self):
        return {"assigned": [each.partition for each in self.consumer.assignment()], "values": self.values}

    async def leave(self):
        self.task.cancel()
        await self.consumer.stop()


async def join(group, topic, sessionMs):
    session = {"session_timeout_ms": sessionMs, "heartbeat_interval_ms": sessionMs // 10}
    return Member(await started([topic], group_id=group, auto_offset_reset="earliest", **session))


class Numbers:
    """To one partition, one in two milliseconds at most, until it is told to end."""

    def __init__(self, producer, topic):
        self.acks = []
        self.is_ending = False
        self.task = asyncio.create_task(self.run(producer, topic))

    async def run(self, producer, topic):
        waiting = []
        number = 0
        while not self.is_ending:
            sent = await producer.send(topic, str(number).encode(), partition=0)
            waiting.append(asyncio.create_task(self.acknowledge(number, sent)))
            number += 1
            await asyncio.sleep(0.002)
        await asyncio.gather(*waiting)
        await producer.stop()

    async def acknowledge(self, number, sent):
        self.acks.append([number, (await sent).offset])

    async def end(self):
        self.is_ending = True
        await self.task
        return self.acks


async def answer(name, args):
    global numbers
    if name == "join":
        member = args.pop("member")
        members[member] = await join(**args)
    elif name == "member":
        return members[args["member"]].told()
    elif name == "leave":
        await members[args["member"]].leave()
    elif name == "begin":
        producer = AIOKafkaProducer(**BASE, enable_idempotence=True)
        await producer.start()
        numbers = Numbers(producer, **args)
    elif name == "acked":
        return len(numbers.acks)
    elif name == "end":
        return await numbers.end()
    elif name in ASKS:
        return await ASKS[name](**args)
    else:
        admin = Admin()
        await admin.client.start()
        try:
            return await getattr(admin, name)(**args)
        finally:
            await admin.client.close()


ASKS = {"produce": produce, "read": read, "offsets": offsets}

answer_all(lambda name, args: asyncio.run_coroutine_threadsafe(answer(name, args), loop).result())
