import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HeldPiece } from '../../model/ports.js';
import { Writer } from '../../wire/kafka/writer.js';
import type { HeldAgain } from '../verbs/gathering.js';
import { Outbox, type PartSink } from './outbox.js';

/** Records in two pieces, the second of which leaves memory now and then; read again they are there. */
function spanIn(bytes: Uint8Array) {
  const half = bytes.length >> 1;
  let asked = 0;
  const pieces = [
    { size: half, isOwn: false, bytes: () => bytes.subarray(0, half) },
    { size: bytes.length - half, isOwn: false, bytes: () => (++asked % 3 === 1 ? undefined : bytes.subarray(half)) },
  ];
  const third = Math.floor(bytes.length / 3);
  const again = () => ({
    pieces: [bytes.subarray(0, third), bytes.subarray(third)].map((part) => ({
      size: part.length,
      isOwn: true,
      bytes: () => part,
    })),
    letGo: () => undefined,
  });
  return { size: bytes.length, pieces, again: (done: (again: HeldAgain) => void) => done(again()) };
}

/** An answer of these records between bytes of its own, and all of its bytes. */
function answerOf(head: Uint8Array, records: readonly Uint8Array[]) {
  const writer = new Writer();
  const whole: number[] = [];
  for (const bytes of records) {
    writer.raw(head);
    writer.span(spanIn(bytes));
    whole.push(...head, ...bytes);
  }
  writer.raw(head);
  return { encoded: writer.finish(), whole: [...whole, ...head] };
}

test('a socket that takes as it likes gets every byte once and in order, and each answer is done when its last byte went', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
  const answers = fc.array(fc.tuple(bytes, fc.array(bytes, { maxLength: 4 })), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(answers, fc.infiniteStream(fc.nat(60)), (drawn, appetites) => {
      const outbox = new Outbox();
      const wanted: number[] = [];
      const got: number[] = [];
      const done: number[] = [];
      for (const [index, [head, records]] of drawn.entries()) {
        const { encoded, whole } = answerOf(head, records);
        wanted.push(...whole);
        const end = wanted.length;
        outbox.add({
          encoded,
          sent: () => {
            expect(got.length).toBeGreaterThanOrEqual(end);
            done.push(index);
          },
        });
      }
      for (let turns = 0; !outbox.isEmpty && turns < 10_000; turns++) {
        let left = appetites.next().value as number;
        const parts: Uint8Array[] = [];
        const note = (part: Uint8Array) => void parts.push(part);
        const isWhole = outbox.queue({ send: note, sendRecords: note, sendSpan: note, sendFile: () => expect.unreachable() });
        let taken = 0;
        while (parts[taken] !== undefined && (parts[taken]?.length ?? 0) <= left) {
          const part = parts[taken++] as Uint8Array;
          left -= part.length;
          got.push(...part);
        }
        const cut = parts[taken]?.subarray(0, left) ?? new Uint8Array(0);
        got.push(...cut);
        outbox.took(taken, cut.length);
        if (!isWhole && taken === parts.length) outbox.restore((isThere) => expect(isThere).toBe(true));
      }
      expect(got).toEqual(wanted);
      expect(done).toEqual(drawn.map((_, index) => index));
    }),
    { numRuns: 200 },
  );
});

test('what lies in a file is named from where its socket stopped, and read again where it cannot be sent so', () => {
  const outbox = new Outbox();
  const records = new Uint8Array(10_000).map((_, at) => at);
  let givenBack = 0;
  const lent: HeldPiece = {
    size: records.length,
    isOwn: false,
    bytes: () => undefined,
    get place() {
      return givenBack === 0 ? { file: 7, position: 5000 } : undefined;
    },
    letGo: () => {
      givenBack += 1;
    },
  };
  const again = (done: (again: HeldAgain | undefined) => void) =>
    done({ pieces: [{ size: records.length, isOwn: true, bytes: () => records }], letGo: () => undefined });
  const span = { size: records.length, pieces: [lent], again };
  const writer = new Writer();
  writer.raw(Uint8Array.of(1, 2));
  writer.span(span);
  let isSent = false;
  const sent = () => {
    isSent = true;
  };
  outbox.add({ encoded: writer.finish(), sent });
  const named: unknown[] = [];
  const spans: Uint8Array[] = [];
  const sink: PartSink = {
    send: (bytes) => void named.push(bytes.length),
    sendRecords: () => expect.unreachable(),
    sendSpan: (bytes) => void spans.push(bytes),
    sendFile: (place, size) => void named.push({ ...place, size }),
  };
  expect(outbox.queue(sink)).toBe(true);
  outbox.took(1, 4000);
  expect(outbox.queue(sink)).toBe(true);
  expect(named).toEqual([2, { file: 7, position: 5000, size: 10_000 }, { file: 7, position: 9000, size: 6000 }]);
  // The socket said that it cannot be had from there.
  outbox.took(0, 1000);
  outbox.restore((isThere) => expect(isThere).toBe(true));
  expect(givenBack).toBe(1);
  expect(outbox.queue(sink)).toBe(true);
  expect(spans).toEqual([records.subarray(5000)]);
  outbox.tookAll();
  expect(isSent).toBe(true);
});

test('an answer without bytes waits for those before it', () => {
  const outbox = new Outbox();
  const done: string[] = [];
  outbox.add({ encoded: undefined, sent: () => done.push('alone') });
  expect(done).toEqual(['alone']);
  outbox.add({ encoded: answerOf(Uint8Array.of(1), []).encoded, sent: () => done.push('first') });
  outbox.add({ encoded: undefined, sent: () => done.push('second') });
  expect(done).toEqual(['alone']);
  outbox.drop();
  expect(done).toEqual(['alone', 'first', 'second']);
});
