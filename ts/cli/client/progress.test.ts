import { expect, test, vi } from 'vitest';
import type { Terminal } from '../command.js';
import { Progress, progressText } from './progress.js';

test.each([
  [{ count: 1_500_000, elapsedMs: 3000, part: undefined }, '1,500,000 records, 500,000 a second'],
  [{ count: 250, elapsedMs: 10_000, part: 0.25 }, '[#####               ] 25 %, 250 records, 25 a second, 30 s left'],
  [{ count: 1, elapsedMs: 60_000, part: 0.001 }, '[                    ] 0 %, 1 records, 0 a second, 16 h 39 min left'],
  [{ count: 1, elapsedMs: 60_000, part: 0.5 }, '[##########          ] 50 %, 1 records, 0 a second, 1 min 0 s left'],
  // More came than there was in the beginning.
  [{ count: 20, elapsedMs: 1000, part: 1.4 }, '[####################] 100 %, 20 records, 20 a second, 0 s left'],
  [{ count: 0, elapsedMs: 0, part: 0 }, '0 records, 0 a second'],
])('%j', (advance, text) => {
  expect(progressText(advance, 'records')).toBe(text);
});

function watched({ isScreen = false, prints = false } = {}) {
  let shown = '';
  const terminal: Terminal = {
    out: () => undefined,
    error: (text) => {
      shown += text;
    },
    bytes: () => undefined,
    isWatched: true,
    isScreen,
    onInterrupt: () => undefined,
  };
  vi.useFakeTimers();
  const progress = new Progress(terminal, () => ({ count: 5, elapsedMs: performance.now(), part: undefined }), {
    unit: 'lines',
    prints,
  });
  vi.advanceTimersByTime(900);
  const early = shown;
  vi.advanceTimersByTime(400);
  progress.end();
  vi.useRealTimers();
  return { early, shown };
}

test('a line after a second, taken away at the end; never between lines that are printed on the same screen', () => {
  const { early, shown } = watched();
  expect(early).toBe('');
  const lines = shown.split('\r\u001b[K');
  expect([lines.at(0), lines.at(-1)]).toEqual(['', '']);
  expect(lines.slice(1, -1)).toEqual(lines.slice(1, -1).map(() => expect.stringMatching(/^5 lines, \d+ a second$/)));
  expect(lines.length).toBeGreaterThan(2);
  expect(watched({ isScreen: true, prints: true }).shown).toBe('');
  expect(watched({ isScreen: true }).shown).toContain('5 lines');
  expect(watched({ prints: true }).shown).toContain('5 lines');
});
