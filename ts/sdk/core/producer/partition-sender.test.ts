import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ProduceResult } from '../../../wire/proto/generated/messages.js';
import { errorNamedAs } from '../errors.js';
import type { Outcome } from './outcome.js';
import { type Entry, PartitionSender, type SentBatch, type Settled } from './partition-sender.js';

interface Numbered extends SentBatch {
  readonly number: number;
}

const batch = (number: number, count = 1, deadline = 1e9): Numbered => ({ number, count, deadline });
const stored = (baseOffset = 0): Outcome => ({ kind: 'stored', result: { baseOffset } as ProduceResult });
const overloaded: Outcome = { kind: 'again', isMaybeStored: false, error: errorNamedAs('overloaded') };
const late: Outcome = { kind: 'again', isMaybeStored: true, error: errorNamedAs('timed-out') };
const refused: Outcome = { kind: 'refused', isMaybeStored: false, error: errorNamedAs('batch-too-large') };
const broken: Outcome = { kind: 'refused', isMaybeStored: true, error: errorNamedAs('internal') };
const gap: Outcome = { kind: 'gap', error: errorNamedAs('out-of-order-sequence') };
const unknown: Outcome = { kind: 'unknown-producer', error: errorNamedAs('unknown-producer') };

/** With an identity that the log knows, and some batches waiting. */
function established(count: number): PartitionSender<Numbered> {
  const sender = new PartitionSender<Numbered>({ isIdempotent: true, isRepeated: true, underWayMax: 5 });
  sender.setIdentity({ producerId: 1, producerEpoch: 0 });
  sender.push(batch(-1));
  sender.answer(taken(sender), stored(), 0);
  for (let number = 0; number < count; number++) sender.push(batch(number));
  return sender;
}

function taken(sender: PartitionSender<Numbered>): Entry<Numbered> {
  const entry = sender.take(0);
  if (entry === undefined) throw new Error('nothing to take');
  return entry;
}

const takenAll = (sender: PartitionSender<Numbered>) => {
  const entries: Entry<Numbered>[] = [];
  for (let entry = sender.take(0); entry !== undefined; entry = sender.take(0)) entries.push(entry);
  return entries;
};
const codes = (settled: readonly Settled<Numbered>[]) => settled.map(({ batch: { number }, error }) => [number, error?.code]);
const numbers = (entries: readonly Entry<Numbered>[]) => entries.map((entry) => [entry.batch.number, entry.sequence]);

test('nothing goes without an identity; then one alone until the log knows it; then five', () => {
  const sender = new PartitionSender<Numbered>({ isIdempotent: true, isRepeated: true, underWayMax: 5 });
  for (let number = 0; number < 9; number++) sender.push(batch(number, 10));
  expect([sender.needsIdentity, sender.take(0)]).toEqual([true, undefined]);
  sender.setIdentity({ producerId: 1, producerEpoch: 0 });
  const first = takenAll(sender);
  expect(numbers(first)).toEqual([[0, 0]]);
  for (const entry of first) sender.answer(entry, stored(), 0);
  expect(numbers(takenAll(sender))).toEqual([1, 2, 3, 4, 5].map((number) => [number, number * 10]));
});

test('without sequences there is one under way, and no identity is asked for', () => {
  const sender = new PartitionSender<Numbered>({ isIdempotent: false, isRepeated: true, underWayMax: 1 });
  sender.push(batch(0));
  sender.push(batch(1));
  expect([sender.needsIdentity, numbers(takenAll(sender))]).toEqual([false, [[0, undefined]]]);
});

test('what is not to be repeated is given up where it may have been stored', () => {
  const sender = new PartitionSender<Numbered>({ isIdempotent: false, isRepeated: false, underWayMax: 5 });
  for (let number = 0; number < 4; number++) sender.push(batch(number));
  const [a, b] = [taken(sender), taken(sender)];
  expect(codes(sender.answer(a, late, 0))).toEqual([[0, 'delivery-uncertain']]);
  expect(codes(sender.answer(b, overloaded, 0))).toEqual([]);
  expect(numbers(takenAll(sender)).map(([number]) => number)).toEqual([1, 2, 3]);
  expect(codes(sender.lost()).map(([, code]) => code)).toEqual([
    'delivery-uncertain',
    'delivery-uncertain',
    'delivery-uncertain',
  ]);
});

test('sequences wrap from 2^31-1 to 0', () => {
  const sender = established(0);
  const half = 2 ** 30;
  for (let number = 0; number < 5; number++) sender.push(batch(number, half));
  const all = takenAll(sender);
  expect(numbers(all)).toEqual([
    [0, 1],
    [1, half + 1],
    [2, 1],
    [3, half + 1],
    [4, 1],
  ]);
  expect(codes(sender.answer(all[1] as Entry<Numbered>, refused, 0))).toEqual([[1, 'batch-too-large']]);
  for (const index of [2, 3, 4]) sender.answer(all[index] as Entry<Numbered>, gap, 0);
  sender.answer(all[0] as Entry<Numbered>, stored(), 0);
  expect(numbers(takenAll(sender)).map(([, sequence]) => sequence)).toEqual([half + 1, 1, half + 1]);
});

test('after a refusal for now all go again in their order, with their sequences', () => {
  const sender = established(3);
  const [a, b, c] = takenAll(sender) as [Entry<Numbered>, Entry<Numbered>, Entry<Numbered>];
  expect(codes(sender.answer(b, gap, 0))).toEqual([]);
  sender.push(batch(3));
  expect(sender.take(0)).toBeUndefined();
  sender.answer(a, overloaded, 50);
  sender.answer(c, gap, 0);
  expect([sender.take(49), sender.notBefore]).toEqual([undefined, 50]);
  const again = [sender.take(50), sender.take(50), sender.take(50), sender.take(50)].flatMap((entry) => entry ?? []);
  expect(numbers(again)).toEqual([
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 4],
  ]);
});

test('a batch refused for good leaves no hole', () => {
  const sender = established(3);
  const [a, b, c] = takenAll(sender) as [Entry<Numbered>, Entry<Numbered>, Entry<Numbered>];
  expect(codes(sender.answer(a, refused, 0))).toEqual([[0, 'batch-too-large']]);
  expect([...sender.answer(b, gap, 0), ...sender.answer(c, gap, 0)]).toEqual([]);
  expect(numbers(takenAll(sender))).toEqual([
    [1, 1],
    [2, 2],
  ]);
});

test('a failure that may be none ends the identity, and what was under way behind it', () => {
  const sender = established(3);
  const [a] = takenAll(sender);
  if (a === undefined) throw new Error();
  expect(codes(sender.answer(a, broken, 0))).toEqual([[0, 'delivery-uncertain']]);
  sender.push(batch(3));
  expect(codes(sender.lost())).toEqual([
    [1, 'delivery-uncertain'],
    [2, 'delivery-uncertain'],
  ]);
  expect([sender.needsIdentity, sender.take(0)]).toEqual([true, undefined]);
  sender.setIdentity({ producerId: 2, producerEpoch: 0 });
  expect(numbers(takenAll(sender))).toEqual([[3, 0]]);
});

test('a lost connection repeats what was under way, and a duplicate settles it', () => {
  const sender = established(2);
  takenAll(sender);
  expect(sender.lost()).toEqual([]);
  const again = takenAll(sender);
  expect(numbers(again)).toEqual([
    [0, 1],
    [1, 2],
  ]);
  expect(codes(again.flatMap((entry) => [...sender.answer(entry, stored(), 0)]))).toEqual([
    [0, undefined],
    [1, undefined],
  ]);
  expect(sender.isEmpty).toBe(true);
});

test('a log that forgot the producer: what was never sent before goes under a new identity, the rest fails', () => {
  const fresh = established(1);
  expect(codes(fresh.answer(taken(fresh), unknown, 0))).toEqual([]);
  expect(fresh.needsIdentity).toBe(true);
  const repeated = established(1);
  taken(repeated);
  repeated.lost();
  expect(codes(repeated.answer(taken(repeated), gap, 0))).toEqual([[0, 'delivery-uncertain']]);
});

test('identities are not taken for ever', () => {
  const sender = established(1);
  const results = [];
  for (let id = 2; results.length === 0 && id < 20; id++) {
    results.push(...sender.answer(taken(sender), unknown, 0));
    if (sender.needsIdentity) sender.setIdentity({ producerId: id, producerEpoch: 0 });
  }
  expect(codes(results)).toEqual([[0, 'unknown-producer']]);
});

test('a batch refused while its successor was stored fails: it would come behind it', () => {
  const sender = established(2);
  const [a, b] = takenAll(sender) as [Entry<Numbered>, Entry<Numbered>];
  expect(codes(sender.answer(a, overloaded, 0))).toEqual([]);
  expect(codes(sender.answer(b, stored(), 0))).toEqual([
    [0, 'out-of-order-sequence'],
    [1, undefined],
  ]);
});

test('nothing goes so far ahead that the log would forget the oldest open batch', () => {
  const sender = established(8);
  const [a, ...others] = takenAll(sender);
  if (a === undefined) throw new Error();
  for (const entry of others) sender.answer(entry, stored(), 0);
  sender.answer(a, late, 0);
  expect(numbers(takenAll(sender))).toEqual([[0, 1]]);
});

test('what is too old is given up: unsent without a trace, sent without a hole', () => {
  const sender = established(0);
  sender.push(batch(0, 1, 10));
  sender.push(batch(1, 1, 10));
  sender.push(batch(2, 1, 99));
  const first = taken(sender);
  expect(codes(sender.expire(10))).toEqual([[1, 'timed-out']]);
  sender.answer(first, overloaded, 0);
  expect(codes(sender.expire(10))).toEqual([[0, 'timed-out']]);
  expect(numbers(takenAll(sender))).toEqual([[2, 1]]);
});

test('in the end everything is settled', () => {
  const sender = established(2);
  taken(sender);
  expect(codes(sender.end(errorNamedAs('shutting-down')))).toEqual([
    [0, 'delivery-uncertain'],
    [1, 'shutting-down'],
  ]);
  expect(sender.isEmpty).toBe(true);
});

// A log that tells duplicates as native/src/log/producer_state.rs does, behind connections that lose answers and keep requests.

interface Stored {
  readonly number: number;
  readonly producerId: number;
  readonly sequence: number;
}

class ModelLog {
  readonly batches: Stored[] = [];
  #forgottenTo = 0;

  get hasForgotten(): boolean {
    return this.#forgottenTo > 0;
  }

  /** As if every producer had expired. */
  forget(): void {
    this.#forgottenTo = this.batches.length;
  }

  receive({ batch: { number, count }, identity, sequence }: Sent): Outcome {
    if (identity === undefined || sequence === undefined) throw new Error('not numbered');
    const { producerId } = identity;
    const mine = this.batches.slice(this.#forgottenTo).filter((other) => other.producerId === producerId);
    const original = mine.slice(-5).find((other) => other.sequence === sequence && count === 1);
    if (original !== undefined) return stored(this.batches.indexOf(original));
    const last = mine.at(-1);
    if (last !== undefined && sequence !== last.sequence + 1) return gap;
    this.batches.push({ number, producerId, sequence });
    return stored(this.batches.length - 1);
  }
}

/** As it was on the wire: a batch may be numbered anew while an old copy of it is still on its way. */
interface Sent {
  readonly entry: Entry<Numbered>;
  readonly batch: Numbered;
  readonly identity: Entry<Numbered>['identity'];
  readonly sequence: number | undefined;
}

type Step =
  | 'push'
  | 'send'
  | 'process'
  | 'refuse-now'
  | 'refuse-for-good'
  | 'late-stored'
  | 'late-lost'
  | 'break'
  | 'answer'
  | 'answer-last'
  | 'lose-connection'
  | 'zombie'
  | 'expire'
  | 'forget';

class World {
  readonly log = new ModelLog();
  readonly sender = new PartitionSender<Numbered>({ isIdempotent: true, isRepeated: true, underWayMax: 5 });
  readonly outcomes = new Map<number, Settled<Numbered>>();
  #pushed = 0;
  #ids = 0;
  #now = 0;
  /** On their way to the log, in order. */
  #sent: Sent[] = [];
  #answers: { entry: Entry<Numbered>; outcome: Outcome }[] = [];
  /** Requests of connections that are gone. */
  #zombies: Sent[] = [];

  play(step: Step): void {
    this.#steps[step]();
  }

  readonly #steps: Readonly<Record<Step, () => void>> = {
    push: () => {
      for (let count = 0; count < 3; count++) this.sender.push(batch(this.#pushed++, 1, this.#now + 40));
    },
    send: () => {
      for (let count = 0; count < 3; count++) this.#send();
    },
    process: () => this.#process((sent) => this.log.receive(sent)),
    'refuse-now': () => this.#process(() => overloaded),
    'refuse-for-good': () => this.#process(() => refused),
    'late-stored': () => this.#process((sent) => (this.log.receive(sent).kind === 'stored' ? late : gap)),
    'late-lost': () => this.#process(() => late),
    break: () => this.#process((sent) => (this.log.receive(sent).kind === 'stored' ? broken : gap)),
    answer: () => this.#answer(this.#answers.shift()),
    'answer-last': () => this.#answer(this.#answers.pop()),
    'lose-connection': () => {
      this.#zombies.push(...this.#sent);
      this.#sent = [];
      this.#answers = [];
      this.#settle(this.sender.lost());
    },
    zombie: () => {
      const zombie = this.#zombies.shift();
      if (zombie !== undefined) this.log.receive(zombie);
    },
    expire: () => {
      this.#now += 10;
      this.#settle(this.sender.expire(this.#now));
    },
    // Once, and while every batch that was stored is acknowledged: what a log forgets before, no client can tell from a duplicate.
    forget: () => {
      if (this.log.hasForgotten || this.#zombies.length > 0 || this.log.batches.some(({ number }) => !this.outcomes.has(number)))
        return;
      this.log.forget();
    },
  };

  #send(): void {
    if (this.sender.needsIdentity) this.sender.setIdentity({ producerId: this.#ids++, producerEpoch: 0 });
    const entry = this.sender.take(this.#now);
    if (entry === undefined) return;
    this.#sent.push({ entry, batch: entry.batch, identity: entry.identity, sequence: entry.sequence });
  }

  #process(judge: (sent: Sent) => Outcome): void {
    const sent = this.#sent.shift();
    if (sent !== undefined) this.#answers.push({ entry: sent.entry, outcome: judge(sent) });
  }

  #answer(answer: { entry: Entry<Numbered>; outcome: Outcome } | undefined): void {
    if (answer !== undefined) this.#settle(this.sender.answer(answer.entry, answer.outcome, this.#now));
  }

  #settle(settled: readonly Settled<Numbered>[]): void {
    for (const one of settled) {
      if (this.outcomes.has(one.batch.number)) throw new Error(`${one.batch.number} was settled twice`);
      this.outcomes.set(one.batch.number, one);
    }
  }

  /** A healthy end: whatever is left gets through. */
  finish(): void {
    this.play('lose-connection');
    for (let rounds = 0; !this.sender.isEmpty; rounds++) {
      if (rounds > 10_000) throw new Error('stuck');
      for (const step of ['send', 'process', 'answer'] as const) this.play(step);
    }
    while (this.#zombies.length > 0) this.play('zombie');
  }

  check(): void {
    const timesStored = (number: number) => this.log.batches.filter((one) => one.number === number).length;
    const isUncertain = (number: number) => this.outcomes.get(number)?.error?.code === 'delivery-uncertain';
    expect(this.outcomes.size).toBe(this.#pushed);
    for (const [number, { error }] of this.outcomes) {
      if (error === undefined) expect([number, timesStored(number)]).toEqual([number, 1]);
      else if (isUncertain(number)) expect(timesStored(number)).toBeLessThanOrEqual(1);
      else expect([number, error.code, timesStored(number)]).toEqual([number, error.code, 0]);
    }
    // What nobody knows about may arrive late; everything else stands in its order.
    const sure = this.log.batches.map(({ number }) => number).filter((number) => !isUncertain(number));
    expect(sure).toEqual([...sure].sort((a, b) => a - b));
  }
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Step>('push', 'send', 'process', 'process', 'answer', 'answer') },
  { weight: 2, arbitrary: fc.constantFrom<Step>('refuse-now', 'late-stored', 'lose-connection', 'answer-last', 'zombie') },
  { weight: 1, arbitrary: fc.constantFrom<Step>('refuse-for-good', 'late-lost', 'break', 'expire', 'forget') },
);

test('whatever a log and its connections do: nothing twice, nothing out of order, no false acknowledgement', () => {
  const property = fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
    const world = new World();
    for (const one of steps) world.play(one);
    world.finish();
    world.check();
  });
  fc.assert(property, { numRuns: 3000 });
});

test('where nothing is refused for good, everything is stored in the end', () => {
  const mild = fc.constantFrom<Step>(
    ...([
      'push',
      'send',
      'process',
      'answer',
      'refuse-now',
      'late-stored',
      'late-lost',
      'answer-last',
      'lose-connection',
    ] as const),
  );
  const property = fc.property(fc.array(mild, { maxLength: 150, size: 'max' }), (steps) => {
    const world = new World();
    for (const one of steps) world.play(one);
    world.finish();
    world.check();
    for (const { batch, error } of world.outcomes.values())
      expect([batch.number, error?.code]).toEqual([batch.number, undefined]);
  });
  fc.assert(property, { numRuns: 2000 });
});
