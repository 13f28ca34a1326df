import { acksNamed, durabilities, durabilityNamed } from '../../../wire/proto/enums.js';
import type { ProduceResult as WireResult } from '../../../wire/proto/generated/messages.js';
import type { Draft } from '../../../wire/proto/messages.js';
import type { ProduceResult } from '../../verbs/produce.js';
import type { MessageOf } from './exchange.js';
import { wireError } from './failure.js';

const timeoutMsDefault = 30_000;
const timeoutMsMax = 300_000;

/** Of one request: each is looked up, sent and answered on its own, and a turn of the loop has to do them all. */
const entriesMax = 10_000;

export const produce: MessageOf<'produce'> = (exchange, requestId, body) => {
  const acks = acksNamed(body.acks);
  const durability = durabilityNamed(body.durabilityMin);
  if (acks === undefined || durability === undefined) {
    return exchange.fail(requestId, { error: 'invalid-request', message: 'acks or durability_min that are unknown here' });
  }
  if (body.entries.length > entriesMax) {
    return exchange.fail(requestId, { error: 'limit-exceeded', message: `at most ${entriesMax} batches in one request` });
  }
  const timeoutMs = Math.min(body.timeoutMs || timeoutMsDefault, timeoutMsMax);
  const durabilityMin = durability === 'none' ? undefined : durability;
  exchange.verbs.produce.begin({ acks, timeoutMs, durabilityMin, entries: body.entries }, (results) => {
    exchange.answer(requestId, { produce: { results: results.map(wireResult) } });
  });
};

function wireResult(result: ProduceResult): Draft<WireResult> {
  if (!result.ok) return { error: wireError(result.error) };
  if (result.value === undefined) return {};
  const { base, leaderEpoch, logStart, timestampMs, durability, isDuplicate, isLogAppendTime } = result.value;
  return {
    baseOffset: base,
    leaderEpoch,
    logStartOffset: logStart,
    durability: durabilities[durability],
    isDuplicate,
    appendTimeMs: isLogAppendTime ? timestampMs : undefined,
  };
}
