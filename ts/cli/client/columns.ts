type Cell = string | number;

/** Rows under a heading, each column as wide as it must be; numbers to the right. */
export function columns(heading: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const widths = heading.map((title, at) => Math.max(title.length, ...rows.map((row) => String(row[at] ?? '').length)));
  const isNumber = heading.map((_, at) => rows.length > 0 && rows.every((row) => typeof row[at] === 'number'));
  const line = (row: readonly Cell[]) =>
    row
      .map((cell, at) => (isNumber[at] ? String(cell).padStart(widths[at] ?? 0) : String(cell).padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [heading, ...rows].map((row) => `${line(row)}\n`).join('');
}

/** Rows alone, a tab between two fields: for cut, awk and sort. */
export function plainRows(rows: readonly (readonly Cell[])[]): string {
  return rows.map((row) => `${row.map((cell) => String(cell).replaceAll(/[\t\n]/g, ' ')).join('\t')}\n`).join('');
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

export function sizeText(size: number): string {
  let value = size;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

export function durationText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const hours = Math.floor(seconds / 3600);
  return hours < 48 ? `${hours} h ${Math.floor((seconds % 3600) / 60)} min` : `${Math.floor(hours / 24)} days ${hours % 24} h`;
}
