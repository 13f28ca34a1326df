import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TopicId } from '../../../model/ids.js';
import { type Position, tokenOf, vectorOf } from './positions.js';

const topicId = '0123456789abcdef0123456789abcdef' as TopicId;
const position: fc.Arbitrary<Position> = fc.record({
  topicId: fc.constant(topicId),
  offset: fc.maxSafeNat(),
  leaderEpoch: fc.option(fc.nat(), { nil: undefined }),
});

test('a token gives back the positions that made it, and passes URLs as it is', () => {
  const vectors = fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.array(fc.tuple(fc.nat(), position), { minLength: 1 })));
  const property = fc.property(vectors, (rows) => {
    const vector = new Map(rows.map(([topic, partitions]) => [topic, new Map(partitions)]));
    const token = tokenOf(vector);
    expect(encodeURIComponent(token)).toBe(token);
    expect(vectorOf(token)).toEqual(vector);
  });
  fc.assert(property);
});

test('what is no token is refused with a reason', () => {
  const rows = (value: unknown) => `1.${btoa(JSON.stringify(value))}`;
  const wrong = ['', '1.', '2.W10', '1.!!!', rows({}), rows([1]), rows([['t', 0, topicId, -1]]), rows([['t', 0, 'x', 1]])];
  for (const token of wrong) expect(() => vectorOf(token)).toThrow('no resume token');
  const property = fc.property(fc.string(), (token) => {
    expect(() => vectorOf(token)).toThrow('no resume token');
  });
  fc.assert(property);
});
