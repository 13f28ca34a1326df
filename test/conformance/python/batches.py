"""Record batches of version 2, as section 10 of docs/PROTOCOL.md has them; uncompressed and gzip."""

import gzip
import struct
from dataclasses import dataclass, field
from typing import Iterator, List, Optional, Tuple

NO_PRODUCER = (-1, -1, -1)
GZIP = 1
COMPRESSION_BITS, APPEND_TIME_BIT, CONTROL_BIT = 0b111, 0b1000, 0b100000

PREFIX = struct.Struct(">qiib")  # base offset, length, leader epoch, magic
CRC = struct.Struct(">I")
BODY = struct.Struct(">hiqqqhii")  # attributes … count
CRC_AT, BODY_AT, RECORDS_AT, UNCOUNTED = 17, 21, 61, 12


@dataclass
class Record:
    value: Optional[bytes]
    key: Optional[bytes] = None
    headers: List[Tuple[str, Optional[bytes]]] = field(default_factory=list)
    timestamp: int = 0
    offset: int = -1


def _crc_row(n: int) -> int:
    for _ in range(8):
        n = (n >> 1) ^ (0x82F63B78 if n & 1 else 0)
    return n


_CRC_TABLE = [_crc_row(n) for n in range(256)]


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def encode(records: List[Record], compression: int = 0, producer: Tuple[int, int, int] = NO_PRODUCER) -> bytes:
    """A batch to produce; `producer` is id, epoch and base sequence."""
    first = records[0].timestamp
    body = b"".join(_encode_record(record, record.timestamp - first, n) for n, record in enumerate(records))
    if compression == GZIP:
        body = gzip.compress(body)
    newest = max(record.timestamp for record in records)
    checked = BODY.pack(compression, len(records) - 1, first, newest, *producer, len(records)) + body
    return PREFIX.pack(0, BODY_AT + len(checked) - UNCOUNTED, -1, 2) + CRC.pack(crc32c(checked)) + checked


def _encode_record(record: Record, timestamp_delta: int, offset_delta: int) -> bytes:
    headers = [_sized(name.encode()) + _sized(value) for name, value in record.headers]
    deltas = _varint(timestamp_delta) + _varint(offset_delta)
    return _sized(b"\0" + deltas + _sized(record.key) + _sized(record.value) + _varint(len(headers)) + b"".join(headers))


def _sized(data: Optional[bytes]) -> bytes:
    return _varint(-1) if data is None else _varint(len(data)) + data


def _varint(number: int) -> bytes:
    rest, out = (number << 1) ^ (number >> 63), bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


def decode(data: bytes) -> Iterator[Record]:
    """The records of a push or a fetch reply. A batch whose bytes are not what was written raises ValueError."""
    at = 0
    while at < len(data):
        base, length, _, magic = PREFIX.unpack_from(data, at)
        end = at + UNCOUNTED + length
        (crc,) = CRC.unpack_from(data, at + CRC_AT)
        if magic != 2 or end > len(data) or crc32c(data[at + BODY_AT : end]) != crc:
            raise ValueError(f"the batch at offset {base} is damaged")
        attributes, _, first, newest, _, _, _, count = BODY.unpack_from(data, at + BODY_AT)
        body = _decompress(attributes & COMPRESSION_BITS, data[at + RECORDS_AT : end])
        stamp = newest if attributes & APPEND_TIME_BIT else None
        if not attributes & CONTROL_BIT:
            yield from _decode_records(body, count, base, first, stamp)
        at = end


def _decompress(compression: int, body: bytes) -> bytes:
    if compression == 0:
        return body
    if compression == GZIP:
        return gzip.decompress(body)
    raise ValueError(f"compression {compression} is not known to this client")


def _decode_records(body: bytes, count: int, base: int, first: int, stamp: Optional[int]) -> Iterator[Record]:
    reader = _Reader(body)
    for _ in range(count):
        end = reader.varint() + reader.at
        reader.at += 1
        timestamp, offset = first + reader.varint(), base + reader.varint()
        key, value = reader.sized(), reader.sized()
        headers = [((reader.sized() or b"").decode(), reader.sized()) for _ in range(reader.varint())]
        if reader.at != end:
            raise ValueError(f"the record at offset {offset} has another size than it says")
        yield Record(value, key, headers, timestamp if stamp is None else stamp, offset)


class _Reader:
    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def varint(self) -> int:
        number, shift, byte = 0, 0, 0x80
        while byte & 0x80:
            byte = self.data[self.at]
            number |= (byte & 0x7F) << shift
            shift, self.at = shift + 7, self.at + 1
        return (number >> 1) ^ -(number & 1)

    def sized(self) -> Optional[bytes]:
        size = self.varint()
        if size < 0:
            return None
        self.at += size
        return self.data[self.at - size : self.at]
