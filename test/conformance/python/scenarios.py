"""python scenarios.py ADDRESS SCENARIO [JSON]: lives one scenario against a node and prints what it saw as one JSON object.

It judges nothing: what has to come out is in python.test.ts.
"""

import json
import sys
from typing import Any, Callable, Dict, List

from batches import Record, encode
from client import Closed, Connection, Producer, Refused, Subscription
from millrace.v1 import admin_pb2, consume_pb2, error_pb2, produce_pb2, session_pb2

Report = Dict[str, Any]
BEGINNING = consume_pb2.StartAt(beginning=consume_pb2.Beginning())
END = consume_pb2.StartAt(end=consume_pb2.End())


def create(connection: Connection, name: str, partitions: int = 1, **configs: str) -> admin_pb2.TopicDescription:
    request = admin_pb2.CreateTopicRequest(name=name, partitions=partitions, configs=configs)
    return connection.ask(create_topic=request).topic


def one(value: str, timestamp: int = 1000) -> bytes:
    return encode([Record(value.encode(), timestamp=timestamp)])


def values(read: List[Any]) -> List[str]:
    return [record.value.decode() for _, record in read]


def attempt(action: Callable[[], Any]) -> Report:
    try:
        return {"result": str(action())}
    except Refused as refused:
        return {"error": named(refused.error), "retry": error_pb2.Retry.Name(refused.error.retry)}


def named(error: error_pb2.Error) -> str:
    return error_pb2.ErrorCode.Name(error.code).replace("ERROR_CODE_", "")


def fetch(connection: Connection, topic: str, **options: Any) -> consume_pb2.FetchReply:
    return connection.ask(fetch=consume_pb2.FetchRequest(topic=topic, **options))


def hello(address: str) -> Report:
    connection = Connection(address)
    welcome = connection.welcome
    pong = connection.ask(ping=session_pb2.Ping())
    limits = {field.name: getattr(welcome.limits, field.name) for field in welcome.limits.DESCRIPTOR.fields}
    return {
        "version": welcome.version,
        "cluster": welcome.cluster_id,
        "node": welcome.node_id,
        "limits": limits,
        "clock": pong.now_ms >= welcome.now_ms > 0,
    }


def topics(address: str) -> Report:
    connection = Connection(address)
    created = create(connection, "topics", 3)
    subscription = Subscription(connection, "topics")
    told = connection.ask(metadata=admin_pb2.MetadataRequest(topics=["topics", "no-such-topic"]))
    deleted = connection.ask(delete_topic=admin_pb2.DeleteTopicRequest(name="topics"))
    event = connection.next_unasked().event
    after = connection.ask(metadata=admin_pb2.MetadataRequest())
    return {
        "named": [topic.name for topic in told.topics],
        "partitions": sorted(row.partition for row in told.topics[0].partitions),
        "leaders": sorted({row.leader_id for row in told.topics[0].partitions}),
        "durability": produce_pb2.Durability.Name(created.durability),
        "isSameId": created.topic_id == told.topics[0].topic_id == deleted.topic_id == subscription.topic_id,
        "nodes": [[node.node_id, node.gateway] for node in told.nodes],
        "event": [event.subscription_id, event.WhichOneof("what")],
        "others": len(connection.unasked),
        "isStillThere": "topics" in [topic.name for topic in after.topics],
    }


def acks(address: str) -> Report:
    connection = Connection(address)
    create(connection, "synced")
    create(connection, "cached", durability="replicated")

    def durability(topic: str, **options: Any) -> str:
        return produce_pb2.Durability.Name(connection.produce(topic, 0, one("x"), **options).durability)

    entries = [produce_pb2.ProduceEntry(topic=topic, batch=one("y")) for topic in ("cached", "synced", "cached")]
    entries[1].batch = b"damaged" + entries[1].batch[7:-1] + b"!"
    results = connection.ask(produce=produce_pb2.ProduceRequest(entries=entries)).results
    return {
        "all": durability("synced"),
        "leader": durability("cached", acks=produce_pb2.ACKS_LEADER),
        "none": durability("synced", acks=produce_pb2.ACKS_NONE),
        "tooWeak": attempt(lambda: durability("cached", durability_min=produce_pb2.DURABILITY_FSYNC)),
        "entries": [named(row.error) if row.HasField("error") else row.base_offset for row in results],
    }


def idempotent(address: str) -> Report:
    connection = Connection(address)
    create(connection, "idempotent")
    producer, other = Producer(connection), Producer(connection)
    first, stored = producer.produce("idempotent", 0, [Record(b"a"), Record(b"b")])
    again = connection.produce("idempotent", 0, first)
    _, second = producer.produce("idempotent", 0, [Record(b"c")])
    elsewhere = Connection(address).produce("idempotent", 0, first)
    gap = encode([Record(b"d")], producer=(producer.id, producer.epoch, 7))
    start = [consume_pb2.PartitionStart(partition=0, start=BEGINNING)]
    return {
        "isNewId": other.id != producer.id,
        "offsets": [row.base_offset for row in (stored, again, second, elsewhere)],
        "duplicates": [row.is_duplicate for row in (stored, again, second, elsewhere)],
        "gap": attempt(lambda: connection.produce("idempotent", 0, gap)),
        "log": values(Subscription(connection, "idempotent", partitions=start).read(3)),
    }


def starts(address: str) -> Report:
    connection = Connection(address)
    topic_id = create(connection, "starts").topic_id
    for n in range(4):
        batch = encode([Record(f"{n}{m}".encode(), timestamp=1000 * n + m) for m in range(2)])
        epoch = connection.produce("starts", 0, batch).leader_epoch
    position = consume_pb2.Position(topic_id=topic_id, offset=6, leader_epoch=epoch)
    wanted = {
        "beginning": BEGINNING,
        "end": END,
        "offset": consume_pb2.StartAt(offset=3),
        "timestamp": consume_pb2.StartAt(timestamp_ms=2001),
        "afterAll": consume_pb2.StartAt(timestamp_ms=9999),
        "position": consume_pb2.StartAt(position=position),
    }
    begun = {name: Subscription(Connection(address), "starts", start=start) for name, start in wanted.items()}
    firsts = {name: subscription.reply.partitions[0].offset for name, subscription in begun.items()}
    connection.produce("starts", 0, one("last"))
    return {
        "firsts": firsts,
        "read": {name: values(subscription.read(9 - firsts[name])) for name, subscription in begun.items()},
        "offsets": {name: subscription.offsets[0] for name, subscription in begun.items()},
        "tooFar": too_far(address, "starts"),
    }


def too_far(address: str, topic: str) -> Report:
    connection = Connection(address)
    position = consume_pb2.StartAt(position=consume_pb2.Position(offset=100))
    Subscription(connection, topic, start=position)
    event = connection.next_unasked().event
    return {
        "offset": attempt(lambda: Subscription(Connection(address), topic, start=consume_pb2.StartAt(offset=100))),
        "fetch": attempt(lambda: fetch(connection, topic, offset=100)),
        "position": [event.WhichOneof("what"), event.truncated.wanted_offset, event.truncated.offset],
    }


def credits(address: str) -> Report:
    connection, writer = Connection(address), Connection(address)
    create(connection, "credits")
    subscription = Subscription(connection, "credits", window=1, start=BEGINNING)
    writer.produce("credits", 0, one("0"))
    push = connection.next_unasked().push
    writer.produce("credits", 0, encode([Record(b"1" * 2000)]))
    writer.produce("credits", 0, one("2"))
    # Whatever a wrong server had pushed by now would stand before this answer.
    connection.ask(ping=session_pb2.Ping())
    without = len(connection.unasked)
    subscription.give(len(push.batches) - 1)
    connection.ask(ping=session_pb2.Ping())
    at_zero = len(connection.unasked)
    subscription.give(1 << 20)
    rest = subscription.read(2)
    connection.ask(unsubscribe=consume_pb2.UnsubscribeRequest(subscription_id=subscription.id))
    writer.produce("credits", 0, one("3"))
    connection.ask(ping=session_pb2.Ping())
    again = Subscription(connection, "credits", start=consume_pb2.StartAt(offset=3))
    return {
        "first": [push.base_offset, push.next_offset],
        "unaskedWithout": without,
        "unaskedAtZero": at_zero,
        "rest": [record.offset for _, record in rest],
        "afterUnsubscribe": values(again.read(1)),
    }


def fetches(address: str) -> Report:
    connection, writer = Connection(address), Connection(address)
    create(connection, "fetches")
    empty = fetch(connection, "fetches", wait_ms=20, size_min=1)
    waiting = connection.send(fetch=consume_pb2.FetchRequest(topic="fetches", size_min=1, wait_ms=30_000))
    # The answer overtakes the waiting fetch: it waits at the server, and nothing else does.
    connection.ask(ping=session_pb2.Ping())
    for n in range(3):
        writer.produce("fetches", 0, one(f"{n}", timestamp=1000 * n))
    waited = connection.answer(waiting)
    small = fetch(connection, "fetches", offset=1, size_max=1)
    listed = {
        "beginning": BEGINNING,
        "end": END,
        "timestamp": consume_pb2.StartAt(timestamp_ms=1500),
        "afterAll": consume_pb2.StartAt(timestamp_ms=9999),
    }
    return {
        "empty": [len(empty.batches), empty.next_offset, empty.high_watermark],
        "waited": [len(waited.batches) > 0, waited.next_offset > 0],
        "small": [small.next_offset, small.high_watermark],
        "listed": {name: offset_at(connection, "fetches", at) for name, at in listed.items()},
    }


def offset_at(connection: Connection, topic: str, at: consume_pb2.StartAt) -> List[Any]:
    (row,) = connection.ask(list_offsets=consume_pb2.ListOffsetsRequest(topic=topic, at=at)).offsets
    return [row.offset, row.timestamp_ms if row.HasField("timestamp_ms") else None]


def resume(address: str) -> Report:
    """The node is killed by whoever reads our output, and comes back before its answer is on our input."""
    connection = Connection(address)
    create(connection, "resume", 2)
    producer = Producer(connection)
    last, _ = [producer.produce("resume", n % 2, [Record(f"{n}".encode())]) for n in range(10)][-1]
    subscription = Subscription(connection, "resume", start=BEGINNING)
    before = subscription.read(10)
    for n in range(10, 14):
        last, stored = producer.produce("resume", n % 2, [Record(f"{n}".encode())])
    print("kill", flush=True)
    sys.stdin.readline()
    closed = connection.closing()
    later = Connection(address)
    repeated = later.produce("resume", 1, last)
    producer.connection = later
    producer.produce("resume", 0, [Record(b"14")])
    after = Subscription(later, "resume", partitions=subscription.resume_token())
    return {
        "before": sorted(map(int, values(before))),
        "closed": closed.code,
        "isSameCluster": later.welcome.cluster_id == connection.welcome.cluster_id,
        "repeated": [repeated.is_duplicate, repeated.base_offset == stored.base_offset],
        "after": sorted(map(int, values(after.read(5)))),
        "isNewId": Producer(later).id != producer.id,
    }


def recreated(address: str) -> Report:
    connection = Connection(address)
    old = create(connection, "recreated").topic_id
    connection.produce("recreated", 0, one("old"))
    reader = Subscription(connection, "recreated", start=BEGINNING)
    reader.read(1)
    connection.ask(delete_topic=admin_pb2.DeleteTopicRequest(name="recreated"))
    connection.next_unasked()
    new = create(connection, "recreated").topic_id
    connection.produce("recreated", 0, one("new"))
    again = Subscription(connection, "recreated", partitions=reader.resume_token())
    event = connection.next_unasked().event
    return {
        "event": event.WhichOneof("what"),
        "ids": [old != new, event.recreated.new_topic_id == new],
        "read": values(again.read(1)),
        "fetch": fetch(connection, "recreated", offset=1, topic_id=old).WhichOneof("diverged"),
    }


def errors(address: str) -> Report:
    connection = Connection(address)
    create(connection, "errors")
    create(connection, "other")
    Subscription(connection, "errors")
    missing = admin_pb2.DeleteTopicRequest(name="no-such-topic")
    damaged = bytearray(one("damaged"))
    damaged[-1] ^= 1
    refused = {
        "unknownTopic": lambda: fetch(connection, "no-such-topic"),
        "unknownTopicSubscribed": lambda: Subscription(connection, "no-such-topic", subscription_id=3),
        "unknownTopicDeleted": lambda: connection.ask(delete_topic=missing),
        "unknownPartition": lambda: fetch(connection, "errors", partition=9),
        "topicExists": lambda: create(connection, "errors"),
        "invalidTopic": lambda: create(connection, "no such name"),
        "invalidConfig": lambda: create(connection, "third", **{"retention.ms": "soon"}),
        "damaged": lambda: connection.produce("errors", 0, bytes(damaged)),
        "samePartition": lambda: Subscription(connection, "errors", subscription_id=2),
        "sameSubscriptionId": lambda: Subscription(connection, "other"),
    }
    message = session_pb2.ClientMessage
    ping, credit = session_pb2.Ping(), consume_pb2.Credit(subscription_id=1, size=2**60)
    waiting = message(request_id=7, fetch=consume_pb2.FetchRequest(topic="errors", size_min=1, wait_ms=30_000))
    closing = {
        "noHello": closing_after(address, message(request_id=1, ping=ping), is_greeting=False),
        "oldVersion": closing_after(address, message(request_id=1, hello=session_pb2.Hello()), is_greeting=False),
        "secondHello": closing_after(address, message(request_id=9, hello=session_pb2.Hello(version=1))),
        "idInUse": closing_after(address, waiting, waiting),
        "noId": closing_after(address, message(ping=ping)),
        "malformed": closing_after(address, b"\xff\xff\xff\xff"),
        "empty": closing_after(address, b""),
        "text": closing_after(address, "hello"),
        "hugeNumber": closing_after(address, message(credit=credit)),
        "tooLarge": closing_after(address, bytes(connection.welcome.limits.message_size_max + 1)),
    }
    return {
        "refused": {name: attempt(action) for name, action in refused.items()},
        "closing": closing,
        "isStillServed": connection.ask(ping=session_pb2.Ping()).now_ms > 0,
    }


def closing_after(address: str, *messages: Any, is_greeting: bool = True) -> List[Any]:
    connection = Connection(address, is_greeting)
    try:
        for message in messages:
            connection.send_raw(message if isinstance(message, (bytes, str)) else message.SerializeToString())
    except Closed as closed:
        return end_of(closed)
    return end_of(connection.closing())


def end_of(closed: Closed) -> List[Any]:
    return [closed.code, closed.error and named(closed.error)]


def stopping(address: str) -> Report:
    """Whoever reads our output stops the node in an orderly way."""
    connection = Connection(address)
    print("stop", flush=True)
    message = connection.next_unasked()
    told = [message.WhichOneof("body"), message.goodbye.reconnect_after_ms > 0]
    return {"told": told, "closed": end_of(connection.closing())}


def write(address: str, topic: str, compression: int, records: List[Report]) -> Report:
    encoded = [from_json(record) for record in records]
    result = Connection(address).produce(topic, 0, encode(encoded, compression))
    return {"offset": result.base_offset}


def read(address: str, topic: str, count: int) -> Report:
    subscription = Subscription(Connection(address), topic, start=BEGINNING)
    return {"records": [to_json(record) for _, record in subscription.read(count)]}


def from_json(record: Report) -> Record:
    key, value = (None if record[name] is None else record[name].encode() for name in ("key", "value"))
    headers = [(name, None if data is None else data.encode()) for name, data in record["headers"]]
    return Record(value, key, headers, record["timestamp"])


def to_json(record: Record) -> Report:
    key, value = (None if data is None else data.decode() for data in (record.key, record.value))
    headers = [[name, None if data is None else data.decode()] for name, data in record.headers]
    return {"offset": record.offset, "timestamp": record.timestamp, "key": key, "value": value, "headers": headers}


SCENARIOS = (
    hello, topics, acks, idempotent, starts, credits, fetches, resume, stopping, recreated, errors, write, read
)  # fmt: skip

if __name__ == "__main__":
    address, name, *options = sys.argv[1:]
    scenario = {function.__name__: function for function in SCENARIOS}[name]
    print(json.dumps(scenario(address, **json.loads(options[0] if options else "{}"))))
