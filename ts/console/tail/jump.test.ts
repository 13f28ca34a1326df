import { expect, test } from 'vitest';
import { jumpOf } from './jump.js';

const now = new Date(2026, 4, 17, 12, 0, 0).getTime();
const local = (...parts: [number, number, number, number?, number?, number?, number?]) => new Date(...parts).getTime();

test('ends of the log need no text', () => {
  expect(jumpOf('end', 'whatever', now)).toEqual({ isValid: true, from: 'end' });
  expect(jumpOf('beginning', '', now)).toEqual({ isValid: true, from: 'beginning' });
});

test.each([
  ['0', 0],
  [' 1,234,567 ', 1_234_567],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
])('offset %j', (text, offset) => {
  expect(jumpOf('offset', text, now)).toEqual({ isValid: true, from: { offset } });
});

test.each(['', '-1', '1.5', 'abc', '9007199254740992'])('no offset: %j', (text) => {
  expect(jumpOf('offset', text, now)).toMatchObject({ isValid: false });
});

test.each([
  ['15m', now - 15 * 60_000],
  ['-2h', now - 2 * 3_600_000],
  ['30 s ago', now - 30_000],
  ['1d', now - 86_400_000],
  ['1700000000000', 1_700_000_000_000],
  ['11:30', local(2026, 4, 17, 11, 30)],
  ['11:30:15.250', local(2026, 4, 17, 11, 30, 15, 250)],
  ['13:30', local(2026, 4, 16, 13, 30)],
  ['2026-01-31', local(2026, 0, 31)],
  ['2026-01-31 14:30:05', local(2026, 0, 31, 14, 30, 5)],
  ['2026-01-31T14:30:05Z', Date.UTC(2026, 0, 31, 14, 30, 5)],
])('time %j', (text, time) => {
  expect(jumpOf('time', text, now)).toEqual({ isValid: true, from: { time } });
});

test.each(['', 'yesterday', '25:00', '12:61', '2026-13-01', '5', '12'])('no time: %j', (text) => {
  expect(jumpOf('time', text, now)).toMatchObject({ isValid: false, why: expect.stringContaining('14:30') });
});
