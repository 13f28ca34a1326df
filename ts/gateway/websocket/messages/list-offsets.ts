import { topicIdBytes } from '../../../model/ids.js';
import { listOffsets as listOffsetsVerb } from '../../verbs/list-offsets.js';
import type { MessageOf } from './exchange.js';
import { wireError } from './failure.js';
import { startOf } from './starts.js';

export const listOffsets: MessageOf<'listOffsets'> = (exchange, requestId, { topic, partitions, at }) => {
  const start = startOf(at);
  if (!start.ok) return exchange.fail(requestId, start.error);
  const request = { topic, partitions, at: start.value ?? ({ at: 'end' } as const) };
  listOffsetsVerb(exchange.verbs.routing, request, (result) => {
    if (!result.ok) return exchange.fail(requestId, result.error);
    const offsets = result.value.offsets.map(({ partition, result: each }) =>
      each.ok ? { partition, ...each.value } : { partition, error: wireError(each.error) },
    );
    exchange.answer(requestId, { listOffsets: { topicId: topicIdBytes(result.value.topicId), offsets } });
  });
};
