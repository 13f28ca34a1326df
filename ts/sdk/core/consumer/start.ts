import { isOffset } from '../../../model/offset.js';
import type { StartAt } from '../../../wire/proto/generated/messages.js';
import type { Draft } from '../../../wire/proto/messages.js';
import { invalidArgument } from '../errors.js';

/** Where reading begins: `time` is the first record with this time or a later one. */
export type From = 'beginning' | 'end' | { readonly offset: number } | { readonly time: Date | number };

export function startAt(from: From): Draft<StartAt> {
  if (from === 'beginning') return { beginning: {} };
  if (from === 'end') return { end: {} };
  if (typeof from === 'object' && 'offset' in from && isOffset(from.offset)) return { offset: from.offset };
  if (typeof from === 'object' && 'time' in from) {
    const timestampMs = Math.floor(Number(from.time));
    if (isOffset(timestampMs)) return { timestampMs };
  }
  throw invalidArgument(`${JSON.stringify(from)} is no place to begin: 'beginning', 'end', { offset } or { time }`);
}
