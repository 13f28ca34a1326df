import { expect, test } from 'vitest';
import { Deadlines } from '../../ts/gateway/deadlines.js';
import { produceRow } from '../../ts/gateway/kafka/apis/00-produce.js';
import type { Exchange } from '../../ts/gateway/kafka/apis/row.js';
import type { Routing } from '../../ts/gateway/routing.js';
import type { ShardCalls } from '../../ts/gateway/shard-calls.js';
import type { MissingTopics } from '../../ts/gateway/verbs/missing-topics.js';
import type { Verbs } from '../../ts/gateway/verbs/verbs.js';
import type { Failure } from '../../ts/model/ports.js';
import { failed, ok } from '../../ts/model/result.js';
import { kafkaErrors } from '../../ts/wire/kafka/error-codes.js';
import { newProduce } from './produce-verb.js';
import { servedTopic } from './served-topic.js';

// What a producer is told when the shard, which stands behind the ring, does not take or store its batch.

type Append = ShardCalls['append'];

const clock = { monotonicMs: () => 0, wallMs: () => 0, civilMs: () => 0, after: () => () => undefined };
const { topic, route } = servedTopic(0);

function told(append: Append, refusal?: Failure) {
  const routing = { find: () => ok({ topic, route, calls: { append } }) } as unknown as Routing;
  const missing = { isMissing: () => false } as unknown as MissingTopics;
  const node = { produceRefusal: () => refusal };
  const deadlines = new Deadlines(clock);
  const produce = newProduce({ routing, missing, node, deadlines, clock });
  const exchange = { verbs: { produce, routing } as unknown as Verbs } as Exchange;
  const partitionData = [{ index: 0, records: new Uint8Array(61) }];
  const request = {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: 't', topicId: topic.topicId, partitionData }],
  };
  const answers: unknown[] = [];
  produceRow.begin(exchange, request, (answer) => answers.push(answer), 9);
  return answers;
}

const storing =
  (failure: Failure): Append =>
  (_handle, _batch, done) => {
    done(failed(failure));
    return 'begun';
  };

const answerOf = (name: keyof typeof kafkaErrors, errorMessage: unknown = expect.any(String)) => [
  { responses: [{ partitionResponses: [{ errorCode: kafkaErrors[name].code, baseOffset: -1, errorMessage }] }] },
];

test('a batch for which there is no room now is to be sent again', () => {
  expect(told(() => 'overloaded')).toMatchObject(answerOf('NOT_ENOUGH_REPLICAS'));
});

test('a node that ends sends its producers elsewhere', () => {
  expect(told(() => 'closed')).toMatchObject(answerOf('NOT_LEADER_OR_FOLLOWER'));
});

test.each<readonly [Failure['error'], keyof typeof kafkaErrors]>([
  ['storage-failed', 'KAFKA_STORAGE_ERROR'],
  ['unconfirmed', 'KAFKA_STORAGE_ERROR'],
  ['disk-full', 'KAFKA_STORAGE_ERROR'],
  ['timed-out', 'REQUEST_TIMED_OUT'],
  ['not-leader', 'NOT_LEADER_OR_FOLLOWER'],
  ['duplicate-sequence', 'DUPLICATE_SEQUENCE_NUMBER'],
])('of a shard that says %s a producer hears %s', (error, name) => {
  expect(told(storing({ error, message: 'why' }))).toMatchObject(answerOf(name, 'why'));
});

test('a node whose disk failed or is full asks no shard', () => {
  const unasked = () => {
    throw new Error('asked');
  };
  const fenced = { error: 'storage-failed', message: 'the journal could not be synced' } as const;
  expect(told(unasked, fenced)).toMatchObject(answerOf('KAFKA_STORAGE_ERROR', fenced.message));
});
