"""A client of docs/PROTOCOL.md, written from that page and proto/millrace/v1 alone: one thread, one connection."""

from collections import deque
from typing import Deque, Dict, List, NoReturn, Optional, Tuple

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from batches import Record, decode, encode
from millrace.v1 import consume_pb2, error_pb2, produce_pb2, session_pb2

ANSWER_WITHIN_S = 30


class Refused(Exception):
    """The server's answer is an Error."""

    def __init__(self, error: error_pb2.Error):
        super().__init__(f"{error_pb2.ErrorCode.Name(error.code)}: {error.text}")
        self.error = error


class Closed(Exception):
    """The connection is over: its close code, and the error that was sent before, if any was."""

    def __init__(self, code: int, error: Optional[error_pb2.Error]):
        super().__init__(f"closed with {code}: {error.text if error else ''}")
        self.code, self.error = code, error


class Connection:
    def __init__(self, address: str, is_greeting: bool = True):
        self.socket = connect(f"ws://{address}/v1", subprotocols=["millrace.v1"], compression=None, max_size=None)
        self.unasked: Deque[session_pb2.ServerMessage] = deque()
        self._answers: Dict[int, session_pb2.ServerMessage] = {}
        self._last_error: Optional[error_pb2.Error] = None
        self._request_id = 0
        if is_greeting:
            self.welcome = self.ask(hello=session_pb2.Hello(version=1, client="millrace-python/1"))

    def ask(self, **body):
        """Sends one request and waits for its reply, as `ask(ping=Ping())`."""
        return self.answer(self.send(**body))

    def send(self, **body) -> int:
        self._request_id += 1
        self.send_message(session_pb2.ClientMessage(request_id=self._request_id, **body))
        return self._request_id

    def send_message(self, message: session_pb2.ClientMessage) -> None:
        self.send_raw(message.SerializeToString())

    def send_raw(self, message) -> None:
        """A str goes out as a text message, which the protocol does not have."""
        try:
            self.socket.send(message)
        except ConnectionClosed as closed:
            self._raise_closed(closed)

    def answer(self, request_id: int):
        while request_id not in self._answers:
            self._receive()
        message = self._answers.pop(request_id)
        body = getattr(message, message.WhichOneof("body"))
        if isinstance(body, error_pb2.Error):
            raise Refused(body)
        return body

    def next_unasked(self) -> session_pb2.ServerMessage:
        """The next push, event or goodbye, in the order in which they came."""
        while not self.unasked:
            self._receive()
        return self.unasked.popleft()

    def closing(self) -> Closed:
        """Reads until the server has closed."""
        try:
            while True:
                self._receive()
        except Closed as closed:
            return closed

    def _receive(self) -> None:
        try:
            message = session_pb2.ServerMessage.FromString(self.socket.recv(timeout=ANSWER_WITHIN_S))
        except ConnectionClosed as closed:
            self._raise_closed(closed)
        kind = message.WhichOneof("body")
        if message.request_id != 0:
            self._answers[message.request_id] = message
        elif kind == "error":
            self._last_error = message.error
        elif kind is not None:
            self.unasked.append(message)

    def _raise_closed(self, closed: ConnectionClosed) -> NoReturn:
        raise Closed(closed.rcvd.code if closed.rcvd else 1006, self._last_error) from closed

    def produce(self, topic: str, partition: int, batch: bytes, **options) -> produce_pb2.ProduceResult:
        entry = produce_pb2.ProduceEntry(topic=topic, partition=partition, batch=batch)
        (result,) = self.ask(produce=produce_pb2.ProduceRequest(entries=[entry], **options)).results
        if result.HasField("error"):
            raise Refused(result.error)
        return result


class Producer:
    """Idempotent: numbers the records of each partition, and can say the last batch again."""

    def __init__(self, connection: Connection):
        self.connection = connection
        given = connection.ask(allocate_producer=produce_pb2.AllocateProducerRequest())
        self.id, self.epoch = given.producer_id, given.producer_epoch
        self._sequences: Dict[Tuple[str, int], int] = {}

    def produce(self, topic: str, partition: int, records: List[Record]) -> Tuple[bytes, produce_pb2.ProduceResult]:
        sequence = self._sequences.get((topic, partition), 0)
        batch = encode(records, producer=(self.id, self.epoch, sequence))
        result = self.connection.produce(topic, partition, batch)
        self._sequences[topic, partition] = (sequence + len(records)) % 2**31
        return batch, result


class Subscription:
    """Holds the position of each partition, and gives credit back when a quarter of the window has been read."""

    def __init__(self, connection: Connection, topic: str, window: int = 1 << 20, subscription_id: int = 1, **options):
        self.connection, self.id, self.window = connection, subscription_id, window
        request = consume_pb2.SubscribeRequest(subscription_id=self.id, topic=topic, credit=window, **options)
        self.reply = connection.ask(subscribe=request)
        self.topic_id = self.reply.topic_id
        self.offsets = {row.partition: row.offset for row in self.reply.partitions}
        self.epochs: Dict[int, int] = {}
        self._read = 0

    def next_records(self) -> Tuple[int, List[Record]]:
        """Partition and records of the next push; an event in its place raises LookupError."""
        message = self.connection.next_unasked()
        if message.WhichOneof("body") != "push":
            raise LookupError(message)
        return self.take(message.push)

    def take(self, push: consume_pb2.Push) -> Tuple[int, List[Record]]:
        wanted = self.offsets[push.partition]
        records = [record for record in decode(push.batches) if record.offset >= wanted]
        self.offsets[push.partition], self.epochs[push.partition] = push.next_offset, push.leader_epoch
        self._read += len(push.batches)
        if self._read * 4 >= self.window:
            self.give(self._read)
            self._read = 0
        return push.partition, records

    def give(self, size: int) -> None:
        credit = consume_pb2.Credit(subscription_id=self.id, size=size)
        self.connection.send_message(session_pb2.ClientMessage(credit=credit))

    def read(self, count: int) -> List[Tuple[int, Record]]:
        """At least so many records, with their partitions."""
        read: List[Tuple[int, Record]] = []
        while len(read) < count:
            partition, records = self.next_records()
            read += [(partition, record) for record in records]
        return read

    def resume_token(self) -> List[consume_pb2.PartitionStart]:
        return [self._position_of(partition, offset) for partition, offset in self.offsets.items()]

    def _position_of(self, partition: int, offset: int) -> consume_pb2.PartitionStart:
        epoch = self.epochs.get(partition)
        position = consume_pb2.Position(topic_id=self.topic_id, offset=offset, leader_epoch=epoch)
        return consume_pb2.PartitionStart(partition=partition, start=consume_pb2.StartAt(position=position))
