import type { Page } from './page.js';
import { fullName, layoutOf, type Metric, wordsOf } from './probe.js';
import type { MetricsRegistry } from './registry.js';

export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string>>;

/** All metrics in Prometheus' text format: every metric once, with all series of all pages behind its two lines of text. */
export function exposition(registry: MetricsRegistry): string {
  const families = new Map<string, string[]>();
  for (const page of registry.pages) putPage(families, page);
  for (const { metric, samples } of registry.collected()) {
    const lines = family(families, metric);
    for (const { labels, value } of samples) lines.push(line(fullName(metric), labels, value));
  }
  return `${[...families.values()].flat().join('\n')}\n`;
}

function family(families: Map<string, string[]>, metric: Metric): string[] {
  const name = fullName(metric);
  const known = families.get(name);
  if (known !== undefined) return known;
  const made = [
    `# HELP ${name} ${metric.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
    `# TYPE ${name} ${metric.kind}`,
  ];
  families.set(name, made);
  return made;
}

function putPage(families: Map<string, string[]>, { probe, memory, labels }: Page): void {
  const words = new Float64Array(memory);
  const { starts } = layoutOf(probe);
  for (const [key, metric] of Object.entries(probe)) {
    const lines = family(families, metric);
    for (const [index, series] of metric.series.entries()) {
      const start = (starts[key] ?? 0) + index * wordsOf(metric);
      const all = { ...labels, ...series };
      if (metric.kind === 'histogram') lines.push(...histogramLines(metric, all, words.subarray(start, start + wordsOf(metric))));
      else lines.push(line(fullName(metric), all, words[start] ?? 0));
    }
  }
}

function histogramLines(metric: Metric, labels: Labels, words: Float64Array): readonly string[] {
  const name = fullName(metric);
  let count = 0;
  const buckets = [...metric.bounds, Number.POSITIVE_INFINITY].map((bound, index) => {
    count += words[index] ?? 0;
    return line(`${name}_bucket`, { ...labels, le: number(bound) }, count);
  });
  return [...buckets, line(`${name}_sum`, labels, words.at(-1) ?? 0), line(`${name}_count`, labels, count)];
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${number(value)}`;
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
