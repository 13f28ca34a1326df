import { parseArgs } from 'node:util';
import type { Selection } from './run-stages.js';

/** `--only STAGE` (repeatable) and `--filter PATTERN`, for check and test alike. */
export function selectionFrom(args: readonly string[]): Selection {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string', multiple: true }, filter: { type: 'string' } },
  });
  return { only: values.only ?? [], filter: values.filter };
}
