import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LiveReader, LiveSet } from './live-set.js';

/** Has so much credit, and takes so much of it at once. */
class Reader implements LiveReader {
  place = -1;
  credit: number;
  received = 0;
  readonly ahead: number;

  constructor(credit: number, ahead: number) {
    this.credit = credit;
    this.ahead = ahead;
  }

  renew(left: number, size: number): number {
    this.credit += left;
    if (this.credit < size) return 0;
    const granted = Math.max(size, Math.min(this.credit, this.ahead));
    this.credit -= granted;
    return granted;
  }

  refund(left: number): void {
    this.credit += left;
  }
}

const command = fc.oneof(
  fc.integer({ min: 1, max: 50 }).map((size) => ({ publish: size })),
  fc.record({ credit: fc.nat(200), ahead: fc.nat(100) }).map((add) => ({ add })),
  fc.nat(10).map((index) => ({ remove: index })),
);

test('a reader in the set can pay for everything that is published, and gets back what it did not use', () => {
  const property = fc.property(fc.array(command, { maxLength: 100, size: 'max' }), (commands) => {
    const set = new LiveSet<Reader>();
    const members = new Map<Reader, number>();
    const gone = (reader: Reader) => {
      expect([reader.place, reader.credit]).toEqual([-1, members.get(reader)]);
      members.delete(reader);
    };
    for (const each of commands) {
      if ('add' in each) {
        const reader = new Reader(each.add.credit, each.add.ahead);
        members.set(reader, each.add.credit);
        set.add(reader);
      } else if ('remove' in each) {
        const reader = [...members.keys()][each.remove];
        if (reader === undefined) continue;
        set.remove(reader);
        gone(reader);
      } else {
        const canPay = [...members].filter(([, credit]) => credit >= each.publish).map(([reader]) => reader);
        for (const reader of set.prepare(each.publish)) gone(reader);
        expect(new Set(set.readers)).toEqual(new Set(canPay));
        set.onPublished(each.publish);
        for (const [reader, credit] of members) members.set(reader, credit - each.publish);
      }
      expect(set.count).toBe(members.size);
      for (const [place, reader] of set.readers.entries()) expect(reader.place).toBe(place);
    }
    for (const reader of [...members.keys()]) {
      set.remove(reader);
      gone(reader);
    }
  });
  fc.assert(property, { numRuns: 2000 });
});
