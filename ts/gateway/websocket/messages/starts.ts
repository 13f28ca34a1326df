import { topicIdOf } from '../../../model/ids.js';
import type { Offset } from '../../../model/offset.js';
import type { Failure } from '../../../model/ports.js';
import { failed, ok, type Result } from '../../../model/result.js';
import type { StartAt } from '../../../wire/proto/generated/messages.js';
import type { Start } from '../../verbs/start.js';

/** Undefined: nothing was said. */
export function startOf(wire: StartAt | null): Result<Start | undefined, Failure> {
  if (wire === null) return ok(undefined);
  switch (wire.where) {
    case 'beginning':
    case 'end':
      return ok({ at: wire.where });
    case 'offset':
      return ok({ at: 'offset', offset: wire.offset as Offset });
    case 'timestampMs':
      return ok({ at: 'timestamp', timestampMs: wire.timestampMs });
    case 'position': {
      const { topicId, offset, leaderEpoch } = wire.position;
      const id = topicIdOf(topicId);
      if (topicId.length > 0 && id === undefined) return failed({ error: 'invalid-request', message: 'a topic id has 16 bytes' });
      return ok({ at: 'position', position: { topicId: id, offset: offset as Offset, leaderEpoch: leaderEpoch ?? undefined } });
    }
    default:
      return failed({ error: 'invalid-request', message: 'a start that is unknown here' });
  }
}
