/** Where reading begins, as the SDK takes it. */
export type From = 'beginning' | 'end' | { readonly offset: number } | { readonly time: number };

export type JumpKind = 'end' | 'beginning' | 'offset' | 'time';

export type Jump = { readonly isValid: true; readonly from: From } | { readonly isValid: false; readonly why: string };

const invalid = (why: string): Jump => ({ isValid: false, why });

/** What stands in the form to a place in the log. Times without a zone are local ones. */
export function jumpOf(kind: JumpKind, text: string, now: number): Jump {
  if (kind === 'end' || kind === 'beginning') return { isValid: true, from: kind };
  return kind === 'offset' ? offsetIn(text) : timeIn(text, now);
}

function offsetIn(text: string): Jump {
  const digits = text.trim().replaceAll(/[,_\s]/g, '');
  const offset = Number(digits);
  if (!/^\d+$/.test(digits) || !Number.isSafeInteger(offset)) return invalid('An offset is a number, 0 or more.');
  return { isValid: true, from: { offset } };
}

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const timeProblem = 'A time is 14:30, 2026-01-31 14:30:05, 15m (ago), or milliseconds since 1970.';

function timeIn(text: string, now: number): Jump {
  const time = timeOf(text.trim(), now);
  return time === undefined || !Number.isSafeInteger(time) || time < 0 ? invalid(timeProblem) : { isValid: true, from: { time } };
}

function timeOf(text: string, now: number): number | undefined {
  const ago = /^-?\s*(\d{1,6})\s*([smhd])(?:\s*ago)?$/i.exec(text);
  if (ago !== null) return now - Number(ago[1]) * (unitsMs[(ago[2] ?? 's').toLowerCase()] ?? 1_000);
  if (/^\d{6,}$/.test(text)) return Number(text);
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d{1,3})?))?$/.exec(text);
  if (clock !== null) return todayAt(Number(clock[1]), Number(clock[2]), Number(clock[3] ?? 0), now);
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) return undefined;
  // A date alone would be midnight in Greenwich.
  const parsed = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00` : text.replace(' ', 'T'));
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** Today at that time, or yesterday where that is still to come. */
function todayAt(hours: number, minutes: number, seconds: number, now: number): number | undefined {
  if (hours > 23 || minutes > 59 || seconds >= 60) return undefined;
  const date = new Date(now);
  date.setHours(hours, minutes, Math.floor(seconds), Math.round((seconds % 1) * 1000));
  if (date.getTime() > now) date.setDate(date.getDate() - 1);
  return date.getTime();
}
