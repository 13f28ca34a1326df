import { expect, test } from 'vitest';
import { Sequence } from './sequence.js';

test('tasks run one after the other, also those that are done at once', () => {
  const sequence = new Sequence();
  const ran: number[] = [];
  let finish: () => void = () => undefined;
  const cancel = () => undefined;
  for (const number of [1, 2]) {
    sequence.add((done) => {
      ran.push(number);
      done();
      return cancel;
    });
  }
  sequence.add((done) => {
    ran.push(3);
    finish = done;
    return cancel;
  });
  sequence.add((done) => {
    ran.push(4);
    done();
    return cancel;
  });
  expect(ran).toEqual([1, 2, 3]);
  finish();
  expect(ran).toEqual([1, 2, 3, 4]);
});

test('closed, it calls off what runs and begins nothing more', () => {
  const sequence = new Sequence();
  const told: string[] = [];
  sequence.add((done) => {
    told.push('quick');
    done();
    return () => told.push('called off too late');
  });
  sequence.add(() => () => told.push('called off'));
  sequence.add(() => {
    told.push('never');
    return () => undefined;
  });
  sequence.close();
  sequence.add(() => () => undefined);
  expect(told).toEqual(['quick', 'called off']);
});
