import type { Row } from './row.js';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function size(bytes: number): string {
  if (bytes === Number.POSITIVE_INFINITY) return 'unlimited';
  const step = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** step;
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[step]}`;
}

export function microseconds(us: number): string {
  return us >= 1000 ? `${(us / 1000).toFixed(2)} ms` : `${Math.round(us)} µs`;
}

const marks = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' } as const;

/** Advice stands below the value it is about: side by side the two would not fit a terminal. */
export function table(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ check }) => check.length));
  const lines = rows.flatMap(({ check, value, verdict, advice }) => {
    const line = `${marks[verdict]}  ${check.padEnd(width)}  ${value}`;
    return advice === '' ? [line] : [line, `${' '.repeat(marks.ok.length + width + 4)}→ ${advice}`];
  });
  return `${lines.join('\n')}\n`;
}
