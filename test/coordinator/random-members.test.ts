import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Move, RandomMembers } from './random-members.js';

const kinds: readonly { readonly weight: number; readonly kind: Move[0] }[] = [
  { weight: 40, kind: 'go' },
  { weight: 1, kind: 'join' },
  { weight: 1, kind: 'sync' },
  { weight: 1, kind: 'heartbeat' },
  { weight: 4, kind: 'commit' },
  { weight: 3, kind: 'fetch' },
  { weight: 1, kind: 'leave' },
  { weight: 1, kind: 'forget' },
  { weight: 10, kind: 'pass' },
  { weight: 20, kind: 'settle' },
  { weight: 1, kind: 'fail' },
  { weight: 1, kind: 'cut' },
  { weight: 1, kind: 'compare' },
];
const kind = fc.oneof(...kinds.map((each) => ({ weight: each.weight, arbitrary: fc.constant(each.kind) })));
const move: fc.Arbitrary<Move> = fc.tuple(kind, fc.nat(3), fc.nat(40));

test('whatever members, time and log do, no promise of a group is broken', async () => {
  const allowed: Record<string, number> = {};
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 100, maxLength: 300, size: 'max' }), async (moves) => {
      const members = new RandomMembers();
      await members.play(moves);
      for (const [verb, count] of Object.entries(members.allowed)) allowed[verb] = (allowed[verb] ?? 0) + count;
      expect(members.broken).toEqual([]);
    }),
    { numRuns: 300 },
  );
  for (const verb of ['join', 'sync', 'heartbeat', 'commit', 'fetchOffsets', 'leave', 'compare'])
    expect(allowed[verb], verb).toBeGreaterThan(20);
});
