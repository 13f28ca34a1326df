import type { Failure } from '../../../model/ports.js';
import { kafkaErrors } from '../../../wire/kafka/error-codes.js';
import type { Decoded, Encodable } from '../../../wire/kafka/field.js';
import { produce } from '../../../wire/kafka/schema/00-produce.js';
import { compressionOf } from '../../../wire/records/header.js';
import { layout, magic } from '../../../wire/records/layout.js';
import type { Acks, ProduceEntry, ProduceResult } from '../../verbs/produce.js';
import { codeOf, type Exchange, messageOf, row } from './row.js';
import { topicIn } from './topics.js';

const acksByNumber: ReadonlyMap<number, Acks> = new Map([
  [-1, 'all'],
  [0, 'none'],
  [1, 'leader'],
]);

type Request = Decoded<typeof produce.request.fields>;
type Response = Encodable<typeof produce.response.fields>;
type PartitionResponse = Response['responses'][number]['partitionResponses'][number];

export const produceRow = row(produce, (exchange, request, answer, version) => {
  const acks = acksByNumber.get(request.acks);
  const tell = (response: Response) => {
    if (acks === 'none') tellByEnd(exchange, response, () => answer(undefined));
    else answer(response);
  };
  const refusal = refusalOf(request, acks);
  if (refusal !== undefined) {
    tell(responseOf(request, (_, index) => ({ index, errorCode: refusal, baseOffset: -1 })));
    return;
  }
  const plan = planOf(exchange, request, version);
  exchange.verbs.produce.begin(
    // Who asked for no answer is told of a refusal all the same.
    { acks: acks === 'all' ? 'all' : 'leader', timeoutMs: request.timeoutMs, durabilityMin: undefined, entries: plan.entries },
    (results) => tell(responseOf(request, plan.tell(results))),
  );
});

/** An answer would be taken for that of the next request: of a refusal it is the end of the connection that tells. */
function tellByEnd({ clientId, end }: Exchange, { responses }: Response, done: () => void): void {
  const refused = responses.flatMap(({ partitionResponses }) => partitionResponses).find(isRefused);
  if (refused === undefined) {
    done();
    return;
  }
  const client = clientId === null ? 'a producer' : `producer ${clientId.slice(0, shownMax)}`;
  const { index, errorCode, errorMessage } = refused;
  end(`${client} wants no answers, and its batch for partition ${index} was refused (${errorCode}): ${errorMessage ?? ''}`);
}

/** A batch that may have been stored is none that was refused. */
function isRefused({ errorCode }: PartitionResponse): boolean {
  return errorCode !== 0 && errorCode !== kafkaErrors.REQUEST_TIMED_OUT.code;
}

const shownMax = 100;

function refusalOf({ transactionalId }: Request, acks: Acks | undefined): number | undefined {
  if (acks === undefined) return kafkaErrors.INVALID_REQUIRED_ACKS.code;
  // Nobody can have begun one: InitProducerId gives none out.
  return transactionalId === null ? undefined : kafkaErrors.INVALID_TXN_STATE.code;
}

const repeated: Failure = { error: 'invalid-request', message: 'this request names the partition twice' };

/** Its consumers may be as old as the producer says it is, and not know the codec. */
const zstdSince = 7;
const zstdTooEarly: Failure = { error: 'unsupported-compression', message: 'zstd needs version 7 of Produce: update the client' };

function isZstd(batch: Uint8Array | null): boolean {
  return batch?.[layout.magic] === magic && compressionOf(batch) === 'zstd';
}

/** What goes to the verb, and how its results find their places again. */
function planOf({ verbs }: Exchange, { topicData }: Request, version: number) {
  const entries: ProduceEntry[] = [];
  const isFirst = firstTimes();
  const places = topicData.map(({ name, topicId, partitionData }) => {
    const topic = topicIn(verbs.routing, { name, topicId, isById: version >= 13 });
    if (!topic.ok) return partitionData.map(() => topic.error);
    return partitionData.map(({ index, records }) => {
      if (!isFirst(topic.value, index)) return repeated;
      if (version < zstdSince && isZstd(records)) return zstdTooEarly;
      // An empty batch has the verb's own refusal.
      return entries.push({ topic: topic.value, partition: index, batch: records ?? none }) - 1;
    });
  });
  const tell = (results: readonly ProduceResult[]) => (topic: number, index: number, at: number) => {
    const place = places[topic]?.[at];
    return typeof place === 'number' ? partitionResponse(index, results[place]) : failure(index, place);
  };
  return { entries, tell };
}

/** Whether a partition is named for the first time: what one request may have under way is one batch of each. */
function firstTimes(): (topic: string, partition: number) => boolean {
  const seen = new Map<string, Set<number>>();
  return (topic, partition) => {
    const partitions = seen.get(topic);
    if (partitions === undefined) seen.set(topic, new Set([partition]));
    else if (partitions.has(partition)) return false;
    else partitions.add(partition);
    return true;
  };
}

const none = new Uint8Array(0);

function responseOf({ topicData }: Request, tell: (topic: number, partition: number, at: number) => PartitionResponse): Response {
  const responses = topicData.map(({ name, topicId, partitionData }, topic) => ({
    name,
    topicId,
    partitionResponses: partitionData.map(({ index }, at) => tell(topic, index, at)),
  }));
  return { responses };
}

function partitionResponse(index: number, result: ProduceResult | undefined): PartitionResponse {
  if (result === undefined || !result.ok) return failure(index, result?.error);
  const stored = result.value;
  if (stored === undefined) return { index, errorCode: 0, baseOffset: -1 };
  return {
    index,
    errorCode: 0,
    baseOffset: stored.base,
    logAppendTimeMs: stored.isLogAppendTime ? stored.timestampMs : -1,
    logStartOffset: stored.logStart,
  };
}

/** What was not stored and may be later: by codes for which every client sends the batch again. */
const codesOfPassing: Readonly<Partial<Record<Failure['error'], number>>> = {
  overloaded: kafkaErrors.NOT_ENOUGH_REPLICAS.code,
  'shutting-down': kafkaErrors.NOT_LEADER_OR_FOLLOWER.code,
};

function produceCodeOf(failure: Failure): number {
  return codesOfPassing[failure.error] ?? codeOf(failure);
}

function failure(index: number, error: Failure = { error: 'internal' }): PartitionResponse {
  return { index, errorCode: produceCodeOf(error), baseOffset: -1, errorMessage: messageOf(error) };
}
