const two = (value: number) => String(value).padStart(2, '0');
const three = (value: number) => String(value).padStart(3, '0');
const none = '–';

/** Local time of day, to the millisecond. */
export function clock(timestamp: number): string {
  if (!isTime(timestamp)) return none;
  const date = new Date(timestamp);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${three(date.getMilliseconds())}`;
}

/** Local date and time, in the form that the time field takes. */
export function dateTime(timestamp: number): string {
  if (!isTime(timestamp)) return none;
  const date = new Date(timestamp);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(timestamp)}`;
}

export function utc(timestamp: number): string {
  return isTime(timestamp) ? new Date(timestamp).toISOString() : none;
}

/** The two largest units: 3 d 4 h, 12 min 5 s, 8 s. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}

/** A Date holds 8.64e15 ms to either side; -1 is a record without a time. */
function isTime(timestamp: number): boolean {
  return Number.isSafeInteger(timestamp) && timestamp >= 0 && timestamp <= 8.64e15;
}
