import type { Offset } from '../../model/offset.js';
import type { Failure } from '../../model/ports.js';
import { failed, ok, type Result } from '../../model/result.js';
import type { Listed } from '../verbs/list-offsets.js';
import { listOffsets } from '../verbs/list-offsets.js';
import type { ProduceResult } from '../verbs/produce.js';
import type { Start } from '../verbs/start.js';
import { isCount, jsonBody, unknownField } from './body.js';
import type { HttpReply, HttpRequest } from './message.js';
import { batchOf, type PlacedRecord, place, recordOf } from './new-records.js';
import { badRequest, failure, json } from './replies.js';
import { type Route, type RouteContext, topicParameter } from './route.js';

const acksNames = ['all', 'leader', 'none'] as const;
const timeoutMs = 30_000;

const recordSchema = {
  type: 'object',
  properties: {
    key: { description: 'Text, or any JSON; absent: none' },
    value: { description: 'Text, or any JSON; absent: none' },
    headers: { type: 'object' },
    timestamp: { type: 'integer' },
    partition: { type: 'integer' },
    encoding: { enum: ['text', 'base64'], description: 'Of texts in key, value and headers' },
  },
};

export const produceRecords: Route = {
  method: 'POST',
  path: '/api/v1/topics/{topic}/records',
  summary: 'Store records: several as JSON, or the body as the value of one',
  parameters: [
    topicParameter,
    { name: 'partition', in: 'query', description: 'For records that name none', type: 'integer' },
    { name: 'key', in: 'query', description: 'Of the one record that the body is', type: 'string' },
    { name: 'acks', in: 'query', description: 'all (default), leader or none', type: 'string' },
  ],
  body: {
    'application/json': {
      type: 'object',
      required: ['records'],
      properties: { records: { type: 'array', items: recordSchema } },
    },
    'application/octet-stream': { type: 'string', format: 'binary' },
  },
  replies: {
    200: {
      description: 'One result for each record: where it is and what was promised, or an error',
      schema: { type: 'object', properties: { results: { type: 'array', items: { type: 'object' } } } },
    },
    404: { description: 'There is no such topic, and none may be created' },
  },
  answer: async (context, request, { topic = '' }) => {
    const acks = acksNames.find((name) => name === (request.query.get('acks') ?? 'all'));
    if (acks === undefined) return badRequest(`acks is one of ${acksNames.join(', ')}`);
    const records = recordsIn(context, request);
    if (!records.ok) return badRequest(records.error);
    const partitions = await partitionsOf(context, topic);
    if (!partitions.ok) return failure(partitions.error);
    return store(context, { topic, acks, records: records.value, partitions: partitions.value });
  },
};

/** An error is a sentence. */
function recordsIn(context: RouteContext, request: HttpRequest): Result<readonly PlacedRecord[], string> {
  const { clock } = context.verbs;
  const partition = countIn(request, 'partition');
  if (!partition.ok) return partition;
  const type = request.header('content-type').split(';')[0]?.trim().toLowerCase();
  if (type === 'application/octet-stream') {
    const key = request.query.get('key');
    const record = { timestamp: clock.wallMs(), key: key === null ? null : new TextEncoder().encode(key), value: request.body };
    return ok([{ record, partition: partition.value }]);
  }
  const body = jsonBody(request);
  if (!body.ok) return failed(`${body.error}; bytes go with content-type: application/octet-stream`);
  const unknown = unknownField(body.value, ['records']);
  const list = body.value['records'];
  if (unknown !== undefined) return failed(`unknown field ${unknown}`);
  if (!Array.isArray(list) || list.length === 0) return failed('records is an array with at least one record');
  if (list.length > context.recordsMax) return failed(`at most ${context.recordsMax} records in one request`);
  const records: PlacedRecord[] = [];
  for (const [index, each] of list.entries()) {
    const made = recordOf(each, clock.wallMs());
    if (!made.ok) return failed(`record ${index}: ${made.error}`);
    records.push({ ...made.value, partition: made.value.partition ?? partition.value });
  }
  return ok(records);
}

function countIn({ query }: HttpRequest, name: string): Result<number | undefined, string> {
  const text = query.get(name);
  if (text === null) return ok(undefined);
  return /^\d{1,16}$/.test(text) && isCount(Number(text)) ? ok(Number(text)) : failed(`${name} is a count`);
}

/** How many the topic has; a missing topic is created as for any producer. */
async function partitionsOf({ verbs }: RouteContext, topic: string): Promise<Result<number, Failure>> {
  if (verbs.missing.isMissing(topic)) {
    const created = await new Promise<Failure | undefined>((resolve) => {
      const refusal = verbs.missing.ensure(topic, resolve);
      if (refusal !== undefined) resolve(refusal);
    });
    if (created !== undefined) return failed(created);
  }
  const found = verbs.routing.topic(topic);
  return found === undefined || found.partitions.length === 0 ? failed({ error: 'unknown-topic' }) : ok(found.partitions.length);
}

interface Storing {
  readonly topic: string;
  readonly acks: (typeof acksNames)[number];
  readonly records: readonly PlacedRecord[];
  readonly partitions: number;
}

function store(context: RouteContext, { topic, acks, records, partitions }: Storing): Promise<HttpReply> {
  const placed = [...place(records, partitions, context.rotation())];
  const entries = placed.map(([partition, { records: same }]) => ({ topic, partition, batch: batchOf(same) }));
  return new Promise((resolve) => {
    context.verbs.produce.begin({ acks, timeoutMs, durabilityMin: undefined, entries }, (results) => {
      const shown = new Array<object>(records.length);
      for (const [at, [partition, { indexes }]] of placed.entries()) {
        for (const [delta, index] of indexes.entries()) shown[index] = resultOf(partition, delta, results[at] as ProduceResult);
      }
      const [first] = results;
      // Where nothing was stored and all failed alike, the status says so too.
      const isOneFailure = first !== undefined && !first.ok && results.length === 1;
      resolve(isOneFailure ? failure(first.error) : json(200, { results: shown }));
    });
  });
}

function resultOf(partition: number, delta: number, result: ProduceResult): object {
  if (!result.ok) return { partition, error: { name: result.error.error, message: result.error.message } };
  if (result.value === undefined) return { partition };
  const { base, leaderEpoch, timestampMs, durability, isLogAppendTime } = result.value;
  const stamped = isLogAppendTime ? { timestamp: timestampMs } : {};
  return { partition, offset: base + delta, leaderEpoch, durability, ...stamped };
}

export const readRecords: Route = {
  method: 'GET',
  path: '/api/v1/topics/{topic}/partitions/{partition}/records',
  summary: 'Read records of a partition from an offset on',
  parameters: [
    topicParameter,
    { name: 'partition', in: 'path', description: 'Number of the partition', type: 'integer' },
    {
      name: 'from',
      in: 'query',
      description: 'An offset, beginning (default), end, or @ and milliseconds since 1970',
      type: 'string',
    },
    { name: 'limit', in: 'query', description: 'Records, at most', type: 'integer' },
  ],
  replies: {
    200: {
      description: 'The records, and where to go on',
      schema: {
        type: 'object',
        properties: {
          records: { type: 'array', items: { type: 'object' } },
          next: { type: 'integer' },
          logStart: { type: 'integer' },
          highWatermark: { type: 'integer' },
        },
      },
    },
    404: { description: 'There is no such topic, partition or offset' },
  },
  answer: async (context, request, { topic = '', partition: number = '' }) => {
    const start = startIn(request);
    const limit = countIn(request, 'limit');
    if (start === undefined) return badRequest('from is an offset, beginning, end, or @ and milliseconds since 1970');
    if (!limit.ok) return badRequest(limit.error);
    if (!/^\d{1,9}$/.test(number)) return failure({ error: 'unknown-partition' });
    const partition = Number(number);
    const found = await firstOffset(context, topic, partition, start);
    if (!found.ok) return failure(found.error);
    return read(context, { topic, partition, offset: found.value, countMax: Math.min(limit.value ?? 100, context.recordsMax) });
  },
};

function startIn({ query }: HttpRequest): Start | undefined {
  const from = query.get('from') ?? 'beginning';
  if (from === 'beginning' || from === 'end') return { at: from };
  const match = /^(@?)(\d{1,16})$/.exec(from);
  const value = Number(match?.[2] ?? Number.NaN);
  if (!isCount(value)) return undefined;
  return match?.[1] === '@' ? { at: 'timestamp', timestampMs: value } : { at: 'offset', offset: value as Offset };
}

/** An offset below the log start is an error here: nobody keeps a position that could be told of it. */
async function firstOffset(
  { verbs }: RouteContext,
  topic: string,
  partition: number,
  start: Start,
): Promise<Result<Offset, Failure>> {
  if (start.at === 'offset') return ok(start.offset);
  const listed = await new Promise<Result<Listed, Failure>>((resolve) => {
    listOffsets(verbs.routing, { topic, partitions: [partition], at: start }, resolve);
  });
  if (!listed.ok) return listed;
  const [first] = listed.value.offsets;
  if (first === undefined) return failed({ error: 'unknown-partition' });
  return first.result.ok ? ok(first.result.value.offset) : first.result;
}

interface Reading {
  readonly topic: string;
  readonly partition: number;
  readonly offset: Offset;
  readonly countMax: number;
}

interface Bytes {
  readonly bytes: Uint8Array;
  readonly logStart: Offset;
  readonly highWatermark: Offset;
}

async function read(context: RouteContext, { topic, partition, offset, countMax }: Reading): Promise<HttpReply> {
  const { sizeMax } = context;
  const request = { topic, partition, offset, sizeMax, sizeMin: 0, waitMs: 0, topicId: undefined, leaderEpoch: undefined };
  const fetched = await new Promise<Result<Bytes, Failure>>((resolve) => {
    context.verbs.fetch.begin(request, (result) => {
      if (!result.ok) return resolve(result);
      const { batches, divergence, logStart, highWatermark } = result.value;
      if (divergence !== undefined) {
        return resolve(failed({ error: 'offset-out-of-range', message: `the log begins at offset ${divergence.offset}` }));
      }
      const bytes = new Uint8Array(Buffer.concat(batches?.parts ?? []));
      resolve(ok({ bytes, logStart, highWatermark }));
    });
  });
  if (!fetched.ok) return failure(fetched.error);
  const { bytes, logStart, highWatermark } = fetched.value;
  const decoded = await context.records.decode(bytes, offset, { countMax, sizeMax });
  return decoded.ok ? json(200, { ...decoded.value, logStart, highWatermark }) : failure(decoded.error);
}
