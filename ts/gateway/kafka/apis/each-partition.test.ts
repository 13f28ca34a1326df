import fc from 'fast-check';
import { expect, test } from 'vitest';
import { askEach } from '../../verbs/ask-each.js';
import { eachPartition } from './each-partition.js';

test('all are asked in order, few at a time, and answered in order, whenever their answers come', () => {
  fc.assert(
    fc.property(fc.nat(300), fc.infiniteStream(fc.nat(3)), (count, luck) => {
      const questions = Array.from({ length: count }, (_, index) => index);
      const asked: number[] = [];
      const waiting: (() => void)[] = [];
      const told: (readonly number[])[] = [];
      let most = 0;
      const ask = (question: number, done: (answer: number) => void) => {
        asked.push(question);
        if (luck.next().value === 0) done(question * 2);
        else waiting.push(() => done(question * 2));
        most = Math.max(most, waiting.length);
      };
      askEach(questions, ask, (answers) => told.push(answers));
      while (waiting.length > 0) waiting.splice((luck.next().value as number) % waiting.length, 1)[0]?.();
      expect(asked).toEqual(questions);
      expect(told).toEqual([questions.map((question) => question * 2)]);
      expect(most).toBeLessThanOrEqual(64);
    }),
  );
});

test('a hundred thousand that are answered at once', () => {
  let told = 0;
  const partitions = Array.from({ length: 100_000 }, (_, index) => index);
  eachPartition(
    [{ partitions }, { partitions: [] }, { partitions: [7] }],
    (_, partition, tell: (answer: number) => void) => tell(partition),
    (answers) => {
      told += 1;
      expect(answers.map(({ length }) => length)).toEqual([100_000, 0, 1]);
      expect([answers[0]?.[99_999], answers[2]?.[0]]).toEqual([99_999, 7]);
    },
  );
  expect(told).toBe(1);
});
