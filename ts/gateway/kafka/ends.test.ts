import { expect, test } from 'vitest';
import { closeCodes, isUsualEnd, textOfEnd } from './ends.js';

const partial = { receivedSize: 10, size: 104 };
const toldWith = (inside: typeof partial | undefined) => closeCodes.filter((code) => !isUsualEnd(code, inside));

test('clients leave between requests without a word; inside one it is told, unless we ended it', () => {
  const broken = ['cut-frame', 'io', 'negative-size', 'too-large', 'http', 'tls', 'slow-frame', 'room-refused'];
  expect(toldWith(undefined)).toEqual(broken);
  expect(toldWith(partial)).toEqual(closeCodes.filter((code) => code !== 'asked' && code !== 'drained'));
});

const end = { code: 'idle', errno: 0, first: undefined, partial } as const;

test('the line says how far a request had come', () => {
  expect(textOfEnd(end)).toBe('it fell silent inside a request (10 of 104 bytes of it had come)');
  const noSize = { receivedSize: 3, size: undefined };
  expect(textOfEnd({ ...end, code: 'peer-reset', partial: noSize })).toBe(
    'it was reset inside a request (3 bytes of it had come)',
  );
  expect(textOfEnd({ ...end, code: 'http', first: 'GET / ', partial: undefined })).toBe(
    'this is HTTP: the gateway has its own port (it began with "GET / ")',
  );
  expect(textOfEnd({ ...end, code: 'io', errno: 5, partial: undefined })).toBe('io 5');
});
