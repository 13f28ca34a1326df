import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { assert } from '../../model/assert.js';
import { type Api, isWithin } from '../../wire/kafka/api.js';
import { apiOf, apis } from '../../wire/kafka/apis.js';
import { CodecError } from '../../wire/kafka/codec-error.js';
import { readRequestHeader } from '../../wire/kafka/frames.js';
import { Reader } from '../../wire/kafka/reader.js';
import { Writer } from '../../wire/kafka/writer.js';
import { root } from '../stages/spawn-stage.js';
import type { FuzzTarget } from './fuzzer.js';
import type { Chance } from './mutations.js';

// Frames as clients send them, through every decoder of the Kafka door that a frame reaches. What is no request is refused with one kind of
// error; what is one is never worth more memory than a multiple of its bytes, and is the same after it was written and read again.

/** Fields, elements and characters that may come of a byte: see test/kafka/hostile.test.ts. */
const partsOfByteMax = 24;
const headSize = 4;
const folder = join(root, 'test/golden/kafka');

export function kafkaRequests(): FuzzTarget {
  return { seeds: [...recorded(), ...madeByKafka()], feed, changed: asAnother };
}

/** What clients have sent: test/golden/kafka/README.md. */
function recorded(): readonly Uint8Array[] {
  return linesOf<{ readonly frame: string }>('requests.jsonl').map(({ frame }) => fromHex(frame));
}

/** Every request in every version. */
function madeByKafka(): readonly Uint8Array[] {
  const files = readdirSync(folder).filter((name) => /^\d\d-.*\.jsonl$/.test(name));
  const lines = files.flatMap((name) =>
    linesOf<{ readonly request?: number; readonly header: string; readonly bytes: string }>(name),
  );
  return lines.filter(({ request }) => request !== undefined).map(({ header, bytes }) => fromHex(header + bytes));
}

function linesOf<T>(name: string): readonly T[] {
  const text = readFileSync(join(folder, name), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function fromHex(digits: string): Uint8Array {
  return new Uint8Array(Buffer.from(digits, 'hex'));
}

/** The same bytes, said to be of another API or version. */
function asAnother(input: Uint8Array, chance: Chance): Uint8Array {
  if (input.length < headSize) return input;
  const known = apiOf((input[0] as number) * 256 + (input[1] as number));
  const { key, served } = known !== undefined && chance.below(4) > 0 ? known : chance.of<Api>(apis);
  const [first, last] = served;
  const result = input.slice();
  result.set([key >> 8, key & 0xff, 0, first + chance.below(last - first + 1)]);
  return result;
}

function feed(frame: Uint8Array): string {
  const reader = new Reader(frame);
  const header = decoded(frame, () => readRequestHeader(reader));
  if ('refusal' in header) return `header: ${header.refusal}`;
  const { key, version } = header.value;
  const api = apiOf(key);
  if (api === undefined) return 'no such API';
  if (!isWithin(api.served, version)) return `${api.name}: no such version`;
  const of = `${api.name} request v${version}`;
  const request = decoded(frame, () => api.request.decode(version, reader), of);
  if ('refusal' in request) return `${of}: ${request.refusal}`;
  const parts = partsOf(request.value);
  assert(parts < partsOfByteMax * (frame.length + 10), () => `${of}: ${parts} parts of ${frame.length} bytes`);
  checkAgain(api, version, request.value);
  return `${of}: ${Math.ceil(Math.log2(parts))}`;
}

/** A value, or why there is none, without the numbers in it. */
function decoded<T>(frame: Uint8Array, decode: () => T, of = ''): { readonly value: T } | { readonly refusal: string } {
  try {
    return { value: decode() };
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    assert(error.position <= frame.length, () => `${error.message}: a position behind the frame`);
    assert(error.message.startsWith(of), () => `"${error.message}" does not say that it is about ${of}`);
    return { refusal: error.message.slice(of.length).replace(/-?\d+/g, 'N') };
  }
}

function partsOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 1;
  let parts = 1;
  for (const part of Array.isArray(value) ? value : Object.values(value)) parts += partsOf(part);
  return parts;
}

/** What was read is written, and read again, as it was. */
function checkAgain({ name, request }: Api, version: number, value: Readonly<Record<string, unknown>>): void {
  const bytes = encoded(() => written(request, version, value));
  // Each byte that is no text became three: more than an older version has room for.
  if (bytes === undefined) {
    assert(hasReplaced(value), () => `${name} request v${version} reads what it cannot write`);
    return;
  }
  const again = new Reader(bytes);
  const same = request.decode(version, again);
  assert(again.left === 0, () => `${name} request v${version} leaves ${again.left} bytes of its own`);
  assert(isDeepStrictEqual(same, value), () => `${name} request v${version} reads its own bytes as something else`);
}

function written(request: Api['request'], version: number, value: Readonly<Record<string, unknown>>): Uint8Array {
  const writer = new Writer();
  request.encode(version, value, writer);
  return writer.finish().bytes;
}

function encoded(write: () => Uint8Array): Uint8Array | undefined {
  try {
    return write();
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return undefined;
  }
}

function hasReplaced(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\ufffd');
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && Object.values(value).some(hasReplaced);
}
