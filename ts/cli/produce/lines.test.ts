import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { InputError, Lines } from './lines.js';

function cut(chunks: readonly Buffer[], isWhole = true): string[] {
  const taken: string[] = [];
  const lines = new Lines((bytes, from, end, number) => {
    taken.push(Buffer.from(bytes.subarray(from, end)).toString('latin1'));
    expect(number).toBe(taken.length);
  });
  for (const chunk of chunks) lines.push(chunk);
  if (isWhole) lines.end();
  expect(lines.size).toBe(chunks.reduce((sum, { length }) => sum + length, 0));
  return taken;
}

test('whatever the chunks are, the lines are those of the whole', () => {
  const letter = fc.constantFrom('\n', 'a', 'b', '\r', '\n', 'x'.repeat(60), '\xff');
  const text = fc.array(letter, { maxLength: 60 }).map((letters) => letters.join(''));
  const property = fc.property(fc.array(text, { maxLength: 8 }), (texts) => {
    const whole = texts.join('');
    const expected = whole.split('\n');
    const isEnded = expected.at(-1) === '';
    expect(cut(texts.map((part) => Buffer.from(part, 'latin1')))).toEqual(isEnded ? expected.slice(0, -1) : expected);
    expect(
      cut(
        texts.map((part) => Buffer.from(part, 'latin1')),
        false,
      ),
    ).toEqual(expected.slice(0, -1));
  });
  fc.assert(property, { numRuns: 300 });
});

test('a line without end is refused before it takes all memory', () => {
  const lines = new Lines(() => undefined);
  const chunk = Buffer.alloc(16 << 20, 'x');
  lines.push(Buffer.from('one\n'));
  expect(() => {
    for (let count = 0; count < 5; count++) lines.push(chunk);
  }).toThrow(new InputError(`line 2 has more than ${64 << 20} bytes`));
});
