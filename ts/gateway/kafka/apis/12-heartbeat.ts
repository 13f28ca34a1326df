import { heartbeat } from '../../../wire/kafka/schema/12-heartbeat.js';
import { groupCode, orUndefined } from './group-codes.js';
import { row } from './row.js';

export const heartbeatRow = row(heartbeat, ({ verbs }, { groupInstanceId, ...claim }, answer) => {
  verbs.groups.ask('heartbeat', { ...claim, instanceId: orUndefined(groupInstanceId) }, (alive) => {
    answer({ errorCode: alive.ok ? 0 : groupCode(alive.error.error) });
  });
});
