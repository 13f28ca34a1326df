import { expect, test } from 'vitest';
import { History } from './history.mjs';

const first = { partition: 0, base: 0, last: 1, epoch: 1, crc: 7 };
const second = { partition: 0, base: 2, last: 2, epoch: 1, crc: 8 };

function acked(...lines: string[]): History {
  const history = new History();
  for (const line of lines) history.noteAck(line);
  return history;
}

test('what was acknowledged and is there is fine, and what was not acknowledged may be there or not', () => {
  const history = acked('ack t 0 0 1 7');
  history.check([first, second]);
  history.check([first]);
  expect(history.ackedCount).toBe(1);
});

test.each([
  ['lost', []],
  ['other bytes', [{ ...first, crc: 9 }]],
  ['other bytes', [{ ...first, last: 0 }]],
  ['where 2 belongs', [first, { ...second, base: 3 }]],
  ['where 0 belongs', [second]],
  ['epochs go back', [{ ...first, epoch: 2 }, second]],
])('%s is noticed', (what, batches) => {
  expect(() => acked('ack t 0 0 1 7').check(batches)).toThrow(what);
});

test('an offset with two values under one epoch is noticed over rounds, under two epochs it is fine', () => {
  const history = acked('ack t 0 0 1 7');
  history.check([first, second]);
  history.check([first, { ...second, crc: 9, epoch: 2 }]);
  expect(() => history.check([first, { ...second, crc: 9 }])).toThrow('two values');
});

test('the same offset acknowledged twice, and a line that is no ack, are noticed', () => {
  expect(() => acked('ack t 0 0 1 7', 'ack t 0 0 1 7')).toThrow('twice');
  expect(() => acked('ack t 0 0')).toThrow('not an ack');
});
