import { expect, test } from 'vitest';
import { eventText } from './event-text.js';
import { beginning, type Reading } from './reading.js';
import { countsText, summaryOf } from './summary.js';

const live: Reading = { phase: { name: 'live' }, isPaused: false };

test.each([
  [beginning, true, false, 'Opening…'],
  [live, true, false, 'Live'],
  [live, true, true, 'Live, sampled'],
  [live, false, true, 'Reconnecting…'],
  [{ ...live, isPaused: true }, true, true, 'Paused'],
  [{ phase: { name: 'held', ends: new Map() }, isPaused: false }, true, false, 'Page full'],
  [{ phase: { name: 'failed', why: 'x' }, isPaused: true }, false, false, 'Failed'],
] as const)('%j, connected %j, sampling %j: %s', (reading, isConnected, isSampling, word) => {
  expect(summaryOf(reading, isConnected, isSampling).word).toBe(word);
});

test('a list that leaves out says how many', () => {
  expect(countsText({ received: 250_000, matched: 250_000, shown: 4_812 }, false)).toBe('Shown 4,812 of 250,000 received');
  expect(countsText({ received: 250_000, matched: 12, shown: 12 }, true)).toBe('Shown 12 of 12 that match, of 250,000 received');
});

test('what happened to the log is said in full', () => {
  expect(eventText({ type: 'history-lost', partition: 1, wantedOffset: 5, offset: 1_000 })).toContain(
    'offsets 5 to 999 are gone',
  );
  expect(eventText({ type: 'partition-failed', partition: 1, error: { message: 'the disk failed' } })).toContain(
    'the disk failed',
  );
});
