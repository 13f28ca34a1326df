import { expect, test } from 'vitest';
import { exposition } from './exposition.js';
import { newPage, PageWriter } from './page.js';
import { counter, fullName, gauge, histogram, valuesOf } from './probe.js';
import { MetricsRegistry } from './registry.js';

const probe = {
  batches: counter('batches', 'none', 'Batches taken.', valuesOf('acks', ['all', 'none'])),
  depth: gauge('queue_size', 'bytes', 'Waiting.'),
  time: histogram('wait', 'seconds', 'How long.', [0.1, 1]),
};

test('names carry unit and kind', () => {
  expect(Object.values(probe).map(fullName)).toEqual([
    'millrace_batches_total',
    'millrace_queue_size_bytes',
    'millrace_wait_seconds',
  ]);
});

test('the text has every series of every page below one head', () => {
  const registry = new MetricsRegistry();
  const pages = ['0', '1'].map((gateway) => newPage(probe, { gateway }));
  for (const page of pages) registry.add(page);
  const [first, second] = pages.map((page) => new PageWriter(page));
  first?.counter('batches', 1).add(3);
  second?.gauge('depth').set(-2);
  for (const value of [0.1, 0.5, 7]) second?.histogram('time').observe(value);
  registry.collect(() => [{ metric: gauge('topic_size', 'bytes', 'Of it.'), samples: [{ labels: { topic: 'a"b' }, value: 5 }] }]);
  const lines = exposition(registry).split('\n');
  expect(lines.filter((line) => line.startsWith('# TYPE millrace_batches_total'))).toHaveLength(1);
  expect(lines).toContain('millrace_batches_total{gateway="0",acks="none"} 3');
  expect(lines).toContain('millrace_queue_size_bytes{gateway="1"} -2');
  const ofSecond = lines.filter((line) => line.startsWith('millrace_wait_seconds') && line.includes('gateway="1"'));
  expect(ofSecond).toEqual([
    'millrace_wait_seconds_bucket{gateway="1",le="0.1"} 1',
    'millrace_wait_seconds_bucket{gateway="1",le="1"} 2',
    'millrace_wait_seconds_bucket{gateway="1",le="+Inf"} 3',
    'millrace_wait_seconds_sum{gateway="1"} 7.6',
    'millrace_wait_seconds_count{gateway="1"} 3',
  ]);
  expect(lines).toContain('millrace_topic_size_bytes{topic="a\\"b"} 5');
  expect(lines.at(-1)).toBe('');
});

test('a wrong key or series is our own mistake', () => {
  const writer = new PageWriter(newPage(probe));
  expect(() => writer.counter('depth')).toThrow();
  expect(() => writer.counter('batches', 2)).toThrow();
  expect(() => writer.gauge('nothing')).toThrow();
});
