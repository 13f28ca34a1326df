import { parseCount } from '../../model/quantities.js';
import type { From } from '../../sdk/node/index.js';
import { UsageError } from '../usage-error.js';

const forms = 'beginning, end, an offset, @MILLISECONDS or @ISO8601';

/** Where to begin, as `--from` says it. */
export function parseFrom(text: string): From {
  if (text === 'beginning' || text === 'end') return text;
  const offset = parseCount(text);
  if (offset !== undefined) return { offset };
  if (text.startsWith('@')) return { time: timeOf(text) };
  throw new UsageError(`--from wants ${forms}, not "${text}"`);
}

function timeOf(text: string): number {
  const written = text.slice(1);
  const time = parseCount(written) ?? (/^\d{4}-\d{2}/.test(written) ? Date.parse(written) : Number.NaN);
  if (Number.isSafeInteger(time) && time >= 0) return time;
  const example = new Date(1_700_000_000_000).toISOString();
  throw new UsageError(`--from ${text}: after @ comes a time such as @1700000000000 or @${example}`);
}
