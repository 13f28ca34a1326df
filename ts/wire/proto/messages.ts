import protobuf from 'protobufjs/minimal.js';
import { assert } from '../../model/assert.js';
import { isOffset } from '../../model/offset.js';
import { failed, ok, type Result } from '../../model/result.js';
import { type ClientMessage, type FetchReply, millrace, type Push, type ServerMessage } from './generated/messages.js';

// The one door to the generated code: bytes to messages that cannot throw, messages to bytes. Numbers of 64 bits are below 2^53
// by the protocol; what is not is a problem of the message, never another number.

/** `number-too-large`: a 64-bit number that is no safe integer. `malformed`: anything else that is no message. */
export type MessageProblem = 'malformed' | 'number-too-large';

/** A message to encode: what is left out has the default, and of the members of a oneof the one that is there is sent. */
export type Draft<T> = T extends Uint8Array
  ? Uint8Array
  : T extends readonly (infer Item)[]
    ? readonly Draft<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]?: Draft<T[Key]> | undefined }
      : T;

const { v1 } = millrace;

class NumberTooLarge extends Error {}

const half = 2 ** 32;

class ExactReader extends protobuf.Reader {}

// The library reads two halves and then rounds, or makes a Long of them, as its declarations say: so this takes its place from
// outside.
Object.defineProperty(ExactReader.prototype, 'uint64', { value: takeExact });

function takeExact(this: protobuf.Reader): number {
  let value = 0;
  for (let scale = 1, index = 0; index < 10; index++, scale *= 128) {
    if (this.pos >= this.len) throw new RangeError('cut');
    const byte = this.buf[this.pos++] ?? 0;
    // Far above 2^53 the sum is rounded, and never back into the safe integers.
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      if (!Number.isSafeInteger(value)) throw new NumberTooLarge();
      return value;
    }
  }
  throw new RangeError('a varint that does not end');
}

class ExactWriter extends protobuf.Writer {
  override uint64(value: number): protobuf.Writer {
    assert(isOffset(value), () => `${value} is no number of the protocol`);
    return super.uint64(value);
  }
}

function decode<T>(codec: { decode(reader: protobuf.Reader): T }, bytes: Uint8Array): Result<T, MessageProblem> {
  try {
    return ok(codec.decode(new ExactReader(bytes)));
  } catch (error) {
    return failed(error instanceof NumberTooLarge ? 'number-too-large' : 'malformed');
  }
}

/** Fields of type bytes are views over `bytes`. A body that this version does not know is none: `body` is undefined. */
export function decodeClientMessage(bytes: Uint8Array): Result<ClientMessage, MessageProblem> {
  return decode(v1.ClientMessage, bytes);
}

/** Fields of type bytes are views over `bytes`. A body that this version does not know is none: `body` is undefined. */
export function decodeServerMessage(bytes: Uint8Array): Result<ServerMessage, MessageProblem> {
  return decode(v1.ServerMessage, bytes);
}

export function encodeClientMessage(message: Draft<ClientMessage>): Uint8Array {
  return v1.ClientMessage.encode(message, new ExactWriter()).finish();
}

export function encodeServerMessage(message: Draft<ServerMessage>): Uint8Array {
  return v1.ServerMessage.encode(message, new ExactWriter()).finish();
}

/** The answer to a request: fields in any order make the same message, and a copy of the answer with its number would be one more. */
export function encodeReply(requestId: number, reply: Draft<ServerMessage>): Uint8Array {
  return v1.ServerMessage.encode(reply, replyHead(requestId)).finish();
}

function replyHead(requestId: number): protobuf.Writer {
  return new ExactWriter().uint32(requestIdTag).uint32(requestId);
}

const requestIdTag = 1 << 3;

// Field numbers of the protocol with wire type 2, "bytes follow".
const pushTag = (25 << 3) | 2;
const fetchTag = (23 << 3) | 2;
const batchesTag = (15 << 3) | 2;

/**
 * What comes before the batches' own bytes in the message that pushes them: `batches` is the last field, so these bytes, followed
 * by exactly `batchesSize` bytes of batches, are one ServerMessage. The push has no batches of its own.
 */
export function pushFrame(push: Draft<Push>, batchesSize: number): Uint8Array {
  const fields = v1.Push.encode(push, new ExactWriter()).finish();
  return frame(new ExactWriter(), pushTag, fields, batchesSize);
}

/** As `pushFrame`, for the answer to a fetch. A reply without batches is whole as it is. */
export function fetchReplyFrame(requestId: number, reply: Draft<FetchReply>, batchesSize: number): Uint8Array {
  const fields = v1.FetchReply.encode(reply, new ExactWriter()).finish();
  return frame(replyHead(requestId), fetchTag, fields, batchesSize);
}

function frame(writer: protobuf.Writer, tag: number, fields: Uint8Array, batchesSize: number): Uint8Array {
  assert(Number.isInteger(batchesSize) && batchesSize >= 0 && batchesSize < half, () => `batches of ${batchesSize} bytes`);
  const prefix = batchesSize === 0 ? new Uint8Array(0) : new ExactWriter().uint32(batchesTag).uint32(batchesSize).finish();
  writer.uint32(tag).uint32(fields.length + prefix.length + batchesSize);
  const head = writer.finish();
  const bytes = new Uint8Array(head.length + fields.length + prefix.length);
  bytes.set(head);
  bytes.set(fields, head.length);
  bytes.set(prefix, head.length + fields.length);
  return bytes;
}
