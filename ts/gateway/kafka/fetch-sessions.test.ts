import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TopicId } from '../../model/ids.js';
import { kafkaErrors } from '../../wire/kafka/error-codes.js';
import { noTopicId } from '../../wire/kafka/field.js';
import { encodeRequest } from '../../wire/kafka/frames.js';
import { fetch } from '../../wire/kafka/schema/01-fetch.js';
import type { FetchRequest, FetchResponse, PartitionRequest, PartitionResponse, TopicRequest } from './fetch-session.js';
import { epochAfter, FetchSessions } from './fetch-sessions.js';

const code = (name: keyof typeof kafkaErrors) => kafkaErrors[name].code;
const none = new Uint8Array(0);
const some = new Uint8Array(1);
const roomy = { countMax: 100, sizeMax: 1 << 24 };

/** Numbers that anybody can guess. */
function counting(thread = 0) {
  let next = 0;
  return {
    bytes: () => {
      next += 1;
      return new Uint8Array([0x80, thread, next >> 8, next]);
    },
  };
}

const byNumber = (partition: number, fetchOffset = 0): PartitionRequest => ({
  partition,
  currentLeaderEpoch: -1,
  fetchOffset,
  lastFetchedEpoch: -1,
  logStartOffset: -1,
  partitionMaxBytes: 1 << 20,
  replicaDirectoryId: noTopicId,
  highWatermark: Number.MAX_SAFE_INTEGER,
});

const topicOf = (topic: string, partitions: readonly PartitionRequest[]): TopicRequest => ({
  topic,
  topicId: noTopicId,
  partitions,
});

function asking(given: Partial<FetchRequest>): FetchRequest {
  return {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: -1, replicaEpoch: -1 },
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 1 << 25,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: 0,
    topics: [],
    forgottenTopicsData: [],
    rackId: '',
    ...given,
  };
}

const wanting = (...numbers: readonly number[]) => [
  topicOf(
    't',
    numbers.map((number) => byNumber(number)),
  ),
];

/** Every partition at the same place. */
function answersTo(topics: readonly TopicRequest[], tell: Partial<PartitionResponse> = {}): FetchResponse['responses'] {
  return topics.map(({ topic, topicId, partitions }) => ({
    topic,
    topicId,
    partitions: partitions.map(({ partition: partitionIndex }) => ({
      partitionIndex,
      errorCode: 0,
      highWatermark: 5,
      logStartOffset: 0,
      abortedTransactions: null,
      records: none,
      ...tell,
    })),
  }));
}

/** Sessions, and what one request comes to there: the code it is refused with, or what is told. */
class Rig {
  readonly sessions: FetchSessions;
  now = 0;

  constructor(limits = roomy) {
    this.sessions = new FetchSessions(limits, counting());
  }

  ask(given: Partial<FetchRequest>, tell: Partial<PartitionResponse> = {}, isById = false) {
    const taken = this.sessions.take(asking(given), isById, this.now);
    if (!taken.ok) return { errorCode: taken.error };
    const read = taken.value.topics.map(({ topic, partitions }) => [topic, ...partitions.map(({ partition }) => partition)]);
    const { errorCode = 0, sessionId, responses } = taken.value.tell(answersTo(taken.value.topics, tell), this.now);
    const told = responses.flatMap(({ partitions }) => partitions.map(({ partitionIndex }) => partitionIndex));
    return { errorCode, sessionId, read, told };
  }

  /** The id of a session that was just begun. */
  begin(...numbers: readonly number[]): number {
    return this.ask({ topics: wanting(...numbers) }).sessionId ?? 0;
  }
}

describe('a session', () => {
  test('begins with a full request, and tells from then on what is new', () => {
    const rig = new Rig();
    const begun = rig.ask({ topics: wanting(0, 1) });
    expect(begun).toEqual({ errorCode: 0, sessionId: 1, read: [['t', 0, 1]], told: [0, 1] });
    const next = (sessionEpoch: number, tell: Partial<PartitionResponse> = {}) =>
      rig.ask({ sessionId: 1, sessionEpoch }, tell).told;
    expect(next(1)).toEqual([]);
    expect(next(2, { highWatermark: 6 })).toEqual([0, 1]);
    expect(next(3, { highWatermark: 6 })).toEqual([]);
    expect(next(4, { highWatermark: 6, logStartOffset: 1 })).toEqual([0, 1]);
    const known = { highWatermark: 6, logStartOffset: 1 };
    expect(next(5, { ...known, records: some })).toEqual([0, 1]);
    expect(next(6, { ...known, divergingEpoch: { epoch: 1, endOffset: 3 } })).toEqual([0, 1]);
    // An error is told as long as it lasts, and so is its end.
    const failed = { highWatermark: -1, errorCode: 3 };
    expect(next(7, failed)).toEqual([0, 1]);
    expect(next(8, failed)).toEqual([0, 1]);
    expect(next(9, known)).toEqual([0, 1]);
    expect(next(10, known)).toEqual([]);
  });

  test('reads what was added, from where it was last said, and no more what was forgotten', () => {
    const rig = new Rig();
    const sessionId = rig.begin(0, 1);
    const forgotten = (...partitions: readonly number[]) => [{ topic: 't', topicId: noTopicId, partitions }];
    const added = { sessionId, sessionEpoch: 1, topics: wanting(2), forgottenTopicsData: forgotten(0, 7) };
    expect(rig.ask(added)).toMatchObject({ read: [['t', 1, 2]], told: [2] });
    const moved = rig.sessions.take(
      asking({ sessionId, sessionEpoch: 2, topics: [topicOf('t', [byNumber(1, 40)]), topicOf('u', [byNumber(0)])] }),
      false,
      0,
    );
    expect(
      moved.ok && moved.value.topics.map(({ topic, partitions }) => [topic, partitions.map((each) => each.fetchOffset)]),
    ).toEqual([
      ['t', [40, 0]],
      ['u', [0]],
    ]);
    expect(rig.ask({ sessionId, sessionEpoch: 3, forgottenTopicsData: forgotten(1, 2) }).read).toEqual([['u', 0]]);
    // Nothing is left of it.
    const rest = [{ topic: 'u', topicId: noTopicId, partitions: [0] }];
    expect(rig.ask({ sessionId, sessionEpoch: 4, forgottenTopicsData: rest })).toMatchObject({
      errorCode: 0,
      sessionId: 0,
      read: [],
    });
    expect([rig.sessions.count, rig.sessions.size]).toEqual([0, 0]);
  });

  test('lets those go first that brought nothing last time', () => {
    const rig = new Rig();
    const sessionId = rig.begin(0, 1, 2, 3);
    const orders: (readonly number[])[] = [];
    for (let sessionEpoch = 1; sessionEpoch <= 4; sessionEpoch++) {
      const taken = rig.sessions.take(asking({ sessionId, sessionEpoch }), false, 0);
      if (!taken.ok) throw new Error(`refused with ${taken.error}`);
      const [topic] = taken.value.topics;
      orders.push((topic?.partitions ?? []).map(({ partition }) => partition));
      // Room for the first two alone.
      const [first, ...others] = answersTo(taken.value.topics);
      const partitions = (first?.partitions ?? []).map((each, at) => (at < 2 ? { ...each, records: some } : each));
      taken.value.tell([{ ...first, partitions }, ...others], 0);
    }
    expect(orders).toEqual([
      [0, 1, 2, 3],
      [2, 3, 0, 1],
      [0, 1, 2, 3],
      [2, 3, 0, 1],
    ]);
  });

  test('counts its epochs, and begins again behind the largest', () => {
    const rig = new Rig();
    const sessionId = rig.begin(0);
    expect(rig.ask({ sessionId, sessionEpoch: 2 }).errorCode).toBe(code('INVALID_FETCH_SESSION_EPOCH'));
    expect(rig.ask({ sessionId, sessionEpoch: -7 }).errorCode).toBe(code('INVALID_FETCH_SESSION_EPOCH'));
    expect(rig.ask({ sessionId, sessionEpoch: 1 }).errorCode).toBe(0);
    expect(rig.ask({ sessionId, sessionEpoch: 1 }).errorCode).toBe(code('INVALID_FETCH_SESSION_EPOCH'));
    for (let epoch = 2; epoch < 5; epoch++) expect(rig.ask({ sessionId, sessionEpoch: epoch }).errorCode).toBe(0);
    expect(rig.ask({ sessionId: sessionId + 1, sessionEpoch: 1 }).errorCode).toBe(code('FETCH_SESSION_ID_NOT_FOUND'));
    expect([epochAfter(1), epochAfter(0x7fffffff)]).toEqual([2, 1]);
  });

  test('holds names or ids, not both', () => {
    const rig = new Rig();
    const id = 'a'.repeat(32) as TopicId;
    const topics = [{ topic: '', topicId: id, partitions: [byNumber(0)] }];
    const { sessionId } = rig.ask({ topics }, {}, true);
    expect(rig.ask({ sessionId: sessionId ?? 0, sessionEpoch: 1 }).errorCode).toBe(code('FETCH_SESSION_TOPIC_ID_ERROR'));
    const forgottenTopicsData = [{ topic: '', topicId: id, partitions: [0] }];
    const more = [{ topic: '', topicId: 'b'.repeat(32) as TopicId, partitions: [byNumber(0)] }];
    const next = rig.ask({ sessionId: sessionId ?? 0, sessionEpoch: 1, forgottenTopicsData, topics: more }, {}, true);
    expect(next).toMatchObject({ errorCode: 0, told: [0] });
  });

  test('ends when its client says so, or asks for everything anew', () => {
    const rig = new Rig();
    const first = rig.begin(0);
    expect(rig.ask({ sessionId: first, sessionEpoch: -1, topics: wanting(4) })).toMatchObject({ sessionId: 0, told: [4] });
    expect(rig.ask({ sessionId: first, sessionEpoch: 1 }).errorCode).toBe(code('FETCH_SESSION_ID_NOT_FOUND'));
    const second = rig.begin(0);
    const third = rig.ask({ sessionId: second, topics: wanting(0) }).sessionId;
    expect([second, third, rig.sessions.count]).toEqual([2, 3, 1]);
  });

  test('a request that was overtaken tells nothing', () => {
    const rig = new Rig();
    const sessionId = rig.begin(0);
    const [one, two] = [1, 2].map((sessionEpoch) => rig.sessions.take(asking({ sessionId, sessionEpoch }), false, 0));
    if (!one?.ok || !two?.ok) throw new Error('refused');
    const news = answersTo(one.value.topics, { highWatermark: 9 });
    expect(one.value.tell(news, 0)).toEqual({ errorCode: code('INVALID_FETCH_SESSION_EPOCH'), sessionId, responses: [] });
    expect(two.value.tell(news, 0).responses).toHaveLength(1);
  });
});

describe('sessions are bounded', () => {
  const old = 120_001;

  test('one more finds no room, until another rests for long or is older and smaller', () => {
    const rig = new Rig({ countMax: 2, sizeMax: 1 << 20 });
    const [one, two] = [rig.begin(0, 1), rig.begin(0, 1, 2)];
    expect(rig.begin(0, 1, 2, 3)).toBe(0);
    rig.now = old;
    for (const sessionId of [one, two]) rig.ask({ sessionId, sessionEpoch: 1 });
    expect(rig.begin(0)).toBe(0);
    expect(rig.begin(0, 1, 2)).toBe(3);
    expect(rig.ask({ sessionId: one, sessionEpoch: 2 }).errorCode).toBe(code('FETCH_SESSION_ID_NOT_FOUND'));
    rig.now += old;
    rig.ask({ sessionId: two, sessionEpoch: 2 });
    // The third has rested since.
    expect(rig.begin(9)).toBe(4);
    expect(rig.ask({ sessionId: two, sessionEpoch: 3 }).errorCode).toBe(0);
  });

  test('by their memory, too: what grows beyond it is over, and nobody gives way in vain', () => {
    const rig = new Rig({ countMax: 10, sizeMax: 4096 });
    const [one, two] = [rig.begin(0, 1), rig.begin(0, 1)];
    const full = rig.sessions.size;
    rig.now = old;
    for (const sessionId of [one, two]) rig.ask({ sessionId, sessionEpoch: 1 });
    expect(rig.begin(...Array.from({ length: 10 }, (_, index) => index))).toBe(0);
    expect([rig.sessions.count, rig.sessions.size]).toEqual([2, full]);
    const more = wanting(...Array.from({ length: 10 }, (_, index) => index));
    expect(rig.ask({ sessionId: two, sessionEpoch: 2, topics: more }).errorCode).toBe(code('FETCH_SESSION_ID_NOT_FOUND'));
    expect([rig.sessions.count, rig.sessions.size]).toEqual([1, full / 2]);
    expect(rig.ask({ topics: [topicOf('n'.repeat(5000), [byNumber(0)])] }).sessionId).toBe(0);
  });

  test('none at all, where there are no slots', () => {
    expect(new Rig({ countMax: 0, sizeMax: 1 << 20 }).begin(0)).toBe(0);
  });
});

test('a request for a thousand partitions takes a fiftieth of its bytes, or none, once it has a session', () => {
  const numbers = Array.from({ length: 1000 }, (_, index) => index);
  const sizeOf = (version: number, given: Partial<FetchRequest>) => {
    const request = asking(given);
    return encodeRequest(fetch, version, { correlationId: 1, clientId: 'consumer-1' }, request).size;
  };
  const sizes = (version: number) => {
    const full = sizeOf(version, { topics: wanting(...numbers) });
    const session = { sessionId: 7, sessionEpoch: 1 };
    return [full, sizeOf(version, { ...session, topics: wanting(...numbers.slice(0, 20)) }), sizeOf(version, session)];
  };
  expect(sizes(11)).toEqual([28_066, 626, 59]);
  expect(sizes(17)).toEqual([33_069, 728, 50]);
});

// A client as Java's is, against the client that names everything each time: whatever happens, it wants the same, and knows the same.

const [topicsCount, partitionsCount, answersMax] = [3, 4, 2];
type Place = readonly [topic: number, partition: number];
const place = fc.tuple(fc.nat(topicsCount - 1), fc.nat(partitionsCount - 1));

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('fetch' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('subscribe', 'leave', 'seek', 'trim', 'fail', 'mend'), place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('rest', 'intrude', 'elsewhere', 'lose') }) },
);

interface Log {
  start: number;
  end: number;
  hasFailed: boolean;
}

class Story {
  readonly #threads = [0, 1].map((thread) => new FetchSessions({ countMax: 2, sizeMax: 9000 }, counting(thread)));
  readonly #logs = Array.from({ length: topicsCount }, () =>
    Array.from({ length: partitionsCount }, (): Log => ({ start: 0, end: 0, hasFailed: false })),
  );
  readonly #isById: boolean;
  #thread = 0;
  #now = 0;
  // The client.
  readonly #positions = new Map<string, number>();
  readonly #known = new Map<string, readonly number[]>();
  #session: { id: number; epoch: number } = { id: 0, epoch: 0 };
  #sent = new Map<string, number>();

  constructor(isById: boolean) {
    this.#isById = isById;
  }

  run({ kind, place: at = [0, 0] }: { readonly kind: string; readonly place?: Place }): void {
    const log = this.#logAt(...at);
    const key = at.join('/');
    if (kind === 'fetch') this.#fetch();
    else if (kind === 'append') log.end += 1;
    else if (kind === 'subscribe' && !this.#positions.has(key)) this.#positions.set(key, log.end);
    else if (kind === 'leave') this.#leave(key);
    else if (kind === 'seek' && this.#positions.has(key)) this.#positions.set(key, log.start);
    else if (kind === 'trim') log.start = Math.min(log.start + 1, log.end);
    else if (kind === 'fail' || kind === 'mend') log.hasFailed = kind === 'fail';
    else if (kind === 'rest') this.#now += 120_001;
    else if (kind === 'intrude') this.#intrude();
    else if (kind === 'elsewhere') this.#thread = 1 - this.#thread;
    // An answer was lost: the client closes its session with the next request and begins anew.
    else if (kind === 'lose') this.#session = { id: this.#session.id, epoch: 0 };
  }

  #logAt(topic: number, partition: number): Log {
    return this.#logs[topic]?.[partition] as Log;
  }

  #leave(key: string): void {
    for (const each of [this.#positions, this.#known]) each.delete(key);
  }

  /** Others take what room there is. */
  #intrude(): void {
    const taken = this.#sessions.take(asking({ topics: wanting(0, 1, 2) }), false, this.#now);
    if (taken.ok) taken.value.tell(answersTo(taken.value.topics), this.#now);
  }

  get #sessions(): FetchSessions {
    return this.#threads[this.#thread] as FetchSessions;
  }

  #nameOf(topic: number) {
    const id = String(topic + 1).repeat(32) as TopicId;
    return this.#isById ? { topic: '', topicId: id } : { topic: `t${topic}`, topicId: noTopicId };
  }

  #named<T>(places: Iterable<readonly [string, number]>, of: (partition: number, offset: number) => T) {
    return Array.from({ length: topicsCount }, (_, topic) => {
      const own = [...places].filter(([key]) => key.startsWith(`${topic}/`));
      return { ...this.#nameOf(topic), partitions: own.map(([key, offset]) => of(Number(key.split('/')[1]), offset)) };
    }).filter(({ partitions }) => partitions.length > 0);
  }

  #fetch(): void {
    const { id: sessionId, epoch: sessionEpoch } = this.#session;
    const isFull = sessionEpoch === 0;
    const changed = [...this.#positions].filter(([key, offset]) => isFull || this.#sent.get(key) !== offset);
    const gone = isFull ? [] : [...this.#sent].filter(([key]) => !this.#positions.has(key));
    const topics = this.#named(changed, byNumber);
    const forgottenTopicsData = this.#named(gone, (partition) => partition);
    const request = asking({ sessionId, sessionEpoch, topics, forgottenTopicsData });
    this.#sent = new Map(this.#positions);
    const taken = this.#sessions.take(request, this.#isById, this.#now);
    expect(this.#sessions.count).toBeLessThanOrEqual(2);
    expect(this.#sessions.size).toBeLessThanOrEqual(9000);
    if (!taken.ok) {
      // Only ever a session that is not there; whoever begins anew is never refused.
      expect([isFull, taken.error]).toEqual([false, code('FETCH_SESSION_ID_NOT_FOUND')]);
      this.#session = { id: 0, epoch: 0 };
      return;
    }
    const wanted = taken.value.topics.flatMap((topic) =>
      topic.partitions.map(({ partition, fetchOffset }) => [this.#keyOf(topic, partition), fetchOffset] as const),
    );
    expect([...wanted].sort()).toEqual([...this.#positions].sort());
    const answers = this.#read(taken.value.topics);
    this.#receive(taken.value.tell(answers, this.#now), answers, isFull);
  }

  #keyOf(
    { topic, topicId }: { readonly topic?: string | undefined; readonly topicId?: TopicId | undefined },
    partition: number,
  ): string {
    return `${this.#isById ? Number(topicId?.[0]) - 1 : Number(topic?.slice(1))}/${partition}`;
  }

  /** What the logs hold, with room for a few records. */
  #read(topics: readonly TopicRequest[]): FetchResponse['responses'] {
    let left = answersMax;
    return topics.map(({ partitions, ...name }) => ({
      ...name,
      partitions: partitions.map(({ partition, fetchOffset }): PartitionResponse => {
        const [topic = 0] = this.#keyOf(name, partition).split('/').map(Number);
        const { start, end, hasFailed } = this.#logAt(topic, partition);
        const failure = { partitionIndex: partition, highWatermark: -1, abortedTransactions: null, records: none };
        if (hasFailed) return { ...failure, errorCode: code('KAFKA_STORAGE_ERROR') };
        if (fetchOffset < start) return { ...failure, errorCode: code('OFFSET_OUT_OF_RANGE') };
        const hasRecords = fetchOffset < end && left > 0;
        if (hasRecords) left -= 1;
        const found = { highWatermark: end, logStartOffset: start, records: hasRecords ? some : none };
        return { ...failure, errorCode: 0, ...found };
      }),
    }));
  }

  #receive({ sessionId = 0, responses }: FetchResponse, all: FetchResponse['responses'], isFull: boolean): void {
    for (const { partitions, ...name } of responses)
      for (const told of partitions) this.#learn(this.#keyOf(name, told.partitionIndex), told);
    // What it knows is what it would know if it had been told everything.
    for (const { partitions, ...name } of all) {
      for (const { partitionIndex, errorCode, highWatermark, logStartOffset = -1 } of partitions) {
        expect(this.#known.get(this.#keyOf(name, partitionIndex))).toEqual([errorCode, highWatermark, logStartOffset]);
      }
    }
    if (sessionId === 0) this.#session = { id: 0, epoch: 0 };
    else this.#session = { id: sessionId, epoch: isFull ? 1 : this.#session.epoch + 1 };
  }

  #learn(key: string, { errorCode, highWatermark, logStartOffset = -1, records }: PartitionResponse): void {
    this.#known.set(key, [errorCode, highWatermark, logStartOffset]);
    const position = this.#positions.get(key) ?? 0;
    if (errorCode === code('OFFSET_OUT_OF_RANGE')) this.#positions.set(key, highWatermark < 0 ? position + 1 : highWatermark);
    else if (records instanceof Uint8Array && records.length > 0) this.#positions.set(key, position + 1);
  }
}

test.each([false, true])(
  'whatever happens, a client with sessions wants and knows what one without them does (ids: %s)',
  (isById) => {
    const property = fc.property(fc.array(step, { minLength: 1, maxLength: 120, size: 'max' }), (steps) => {
      const story = new Story(isById);
      for (const each of steps) story.run(each);
    });
    fc.assert(property, { numRuns: 150 });
  },
);
