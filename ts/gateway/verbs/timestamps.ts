import type { CivilClock, Failure } from '../../model/ports.js';
import type { ProduceRules } from '../../model/produce-rules.js';
import { noTimestamp } from '../../wire/records/header.js';
import { layout } from '../../wire/records/layout.js';
import { isWhole } from './whole-batch.js';

/**
 * Why a topic does not take the times that the batch claims: the first and the largest, as the records stay unread.
 * Nothing is allocated for a batch that is taken.
 */
export function timestampRefusal(
  batch: Uint8Array,
  rules: ProduceRules,
  clock: Pick<CivilClock, 'civilMs'>,
): Failure | undefined {
  const { timestampBeforeMaxMs: beforeMaxMs, timestampAfterMaxMs: afterMaxMs } = rules;
  if (beforeMaxMs === Number.POSITIVE_INFINITY && afterMaxMs === Number.POSITIVE_INFINITY) return undefined;
  // Less than a header is the log's to refuse.
  if (batch.length < layout.headerSize) return undefined;
  const nowMs = clock.civilMs();
  for (const at of timestampsAt) {
    const timestamp = int64(batch, at);
    if (timestamp === noTimestamp) continue;
    const isBehind = nowMs - timestamp > beforeMaxMs;
    if (!isBehind && timestamp - nowMs <= afterMaxMs) continue;
    return isWhole(batch) ? refusal(timestamp, nowMs, isBehind ? 'before' : 'after', rules) : undefined;
  }
  return undefined;
}

const timestampsAt = [layout.firstTimestamp, layout.maxTimestamp] as const;

/** Rounded beyond 2^53, which no clock comes near. */
function int64(bytes: Uint8Array, at: number): number {
  return int32(bytes, at) * 2 ** 32 + (int32(bytes, at + 4) >>> 0);
}

function int32(bytes: Uint8Array, at: number): number {
  return (byte(bytes, at) << 24) | (byte(bytes, at + 1) << 16) | (byte(bytes, at + 2) << 8) | byte(bytes, at + 3);
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

function refusal(timestamp: number, nowMs: number, side: 'before' | 'after', rules: ProduceRules): Failure {
  const distance = side === 'before' ? `${nowMs - timestamp} ms behind` : `${timestamp - nowMs} ms ahead of`;
  const max = side === 'before' ? rules.timestampBeforeMaxMs : rules.timestampAfterMaxMs;
  const message = `timestamp ${timestamp} is ${distance} the clock, and message.timestamp.${side}.max.ms is ${max}`;
  return { error: 'invalid-timestamp', message };
}
