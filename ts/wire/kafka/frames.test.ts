import { expect, test } from 'vitest';
import { errors } from '../../model/errors.js';
import { apis } from './apis.js';
import { CodecError } from './codec-error.js';
import { kafkaErrors } from './error-codes.js';
import {
  encodeRequest,
  encodeResponse,
  readRequestHeader,
  refuseApiVersions,
  requestHeaderVersion,
  responseHeaderVersion,
} from './frames.js';
import { Reader } from './reader.js';
import { fetch } from './schema/01-fetch.js';
import { heartbeat } from './schema/12-heartbeat.js';
import { apiVersions } from './schema/18-api-versions.js';

const fromHex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test.each([
  ['ControlledShutdown', 7, 0, 0, 0],
  ['a key without schema', 999, 3, 1, 0],
  ['ApiVersions before it was flexible', 18, 2, 1, 0],
  ['ApiVersions', 18, 3, 2, 0],
  ['ApiVersions of the future', 18, 99, 2, 0],
  ['Fetch', 1, 11, 1, 0],
  ['flexible Fetch', 1, 12, 2, 1],
  ['SaslHandshake, which is never flexible', 17, 1, 1, 0],
])('headers of %s', (_, key, version, request, response) => {
  expect([requestHeaderVersion(key, version), responseHeaderVersion(key, version)]).toEqual([request, response]);
});

test.each([
  ['of a client without id', '0001 000b 00000007 ffff', { key: 1, version: 11, correlationId: 7, clientId: null }],
  ['flexible, with a tag', '0001 000c 00000007 0002 6162 01 05 01 ff', { key: 1, version: 12, correlationId: 7, clientId: 'ab' }],
  ['of an unknown API', '0400 0000 ffffffff 0000', { key: 1024, version: 0, correlationId: -1, clientId: '' }],
  ['older than client ids', '0007 0000 00000001', { key: 7, version: 0, correlationId: 1, clientId: null }],
])('a request header %s', (_, text, expected) => {
  const reader = new Reader(fromHex(text));
  expect(readRequestHeader(reader)).toEqual(expected);
  expect(reader.left).toBe(0);
});

test.each(['0001 000c 0000', '0001 000b 00000007 fffe', '0001 000c 00000007 0000 01 00 7f'])('no header: %s', (text) => {
  expect(() => readRequestHeader(new Reader(fromHex(text)))).toThrow(CodecError);
});

test('a request is read as it was written', () => {
  const value = { groupId: 'g', generationId: 3, memberId: 'm' };
  const { bytes } = encodeRequest(heartbeat, 4, { correlationId: 9, clientId: null }, value);
  const reader = new Reader(bytes);
  expect(reader.int32()).toBe(bytes.length - 4);
  expect(readRequestHeader(reader)).toEqual({ key: 12, version: 4, correlationId: 9, clientId: null });
  expect(heartbeat.request.decode(4, reader)).toEqual({ ...value, groupInstanceId: null });
});

test('the size of a frame counts what its gaps are for', () => {
  const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 9, abortedTransactions: null, records: { size: 1000 } };
  const { bytes, size } = encodeResponse(fetch, 11, 5, { responses: [{ topic: 't', partitions: [partition] }] });
  expect(size).toBe(bytes.length + 1000);
  expect(new Reader(bytes).int32()).toBe(size - 4);
});

test('any client reads how its version of ApiVersions is refused', () => {
  expect(toHex(refuseApiVersions(5).bytes)).toBe('00000010 00000005 0023 00000001 0012 0000 0004'.replaceAll(' ', ''));
});

test('the table is in order of keys, and asks for nothing that is not there', () => {
  const keys = apis.map(({ key }) => key);
  expect(keys).toEqual([...new Set(keys)].sort((a, b) => a - b));
  for (const { served, advertised } of apis) {
    expect(advertised[0]).toBeLessThanOrEqual(served[0]);
    expect(advertised[1]).toBe(served[1]);
  }
  expect(apis).toContain(apiVersions);
});

test("each of our errors is one of Kafka's", () => {
  const codes = new Set<number>(Object.values(kafkaErrors).map(({ code }) => code));
  expect(Object.values(errors).filter(({ kafka }) => !codes.has(kafka))).toEqual([]);
});
