import { expect, test } from 'vitest';
import { AnswerMemory } from './answer-memory.js';

test('memory is used again when it was given back and not before, the smallest that fits', () => {
  const memory = new AnswerMemory(4 << 20);
  const [large, small] = [memory.take(900_000), memory.take(100_000)];
  expect(large?.bytes.length).toBe(1 << 20);
  expect(small?.bytes.length).toBe(1 << 17);
  const other = memory.take(100_000);
  expect(other?.index).not.toBe(small?.index);
  memory.giveBack(large?.index ?? -1);
  memory.giveBack(small?.index ?? -1);
  expect(memory.take(70_000)?.index).toBe(small?.index);
  expect(memory.take(70_000)?.index).toBe(large?.index);
});

test('its number is enough only for who has had it', () => {
  const memory = new AnswerMemory(4 << 20);
  const buffer = memory.take(1) ?? expect.unreachable();
  expect(buffer.isKnown).toBe(false);
  memory.giveBack(buffer.index);
  expect((memory.take(1) ?? expect.unreachable()).isKnown).toBe(true);
});

test('it is bounded, and larger answers are none of its business', () => {
  const memory = new AnswerMemory(4 << 20);
  expect(memory.take((1 << 20) + 1)).toBeUndefined();
  for (let count = 0; count < 4; count++) expect(memory.take(1 << 20)).toBeDefined();
  expect(memory.take(1)).toBeUndefined();
});

test('who gives back twice is wrong', () => {
  const memory = new AnswerMemory(4 << 20);
  const { index } = memory.take(1) ?? expect.unreachable();
  memory.giveBack(index);
  expect(() => memory.giveBack(index)).toThrow('twice');
});
