import { syncGroup } from '../../../wire/kafka/schema/14-sync-group.js';
import { groupCode, orUndefined } from './group-codes.js';
import { row } from './row.js';

const nothing = new Uint8Array(0);

export const syncGroupRow = row(syncGroup, ({ verbs }, request, answer) => {
  const { groupId, generationId, memberId, assignments } = request;
  const sync = {
    groupId,
    generationId,
    memberId,
    instanceId: orUndefined(request.groupInstanceId),
    protocolType: orUndefined(request.protocolType),
    protocolName: orUndefined(request.protocolName),
    // It outlives the frame.
    assignments: assignments.map((each) => ({ memberId: each.memberId, assignment: each.assignment.slice() })),
  };
  verbs.groups.ask('sync', sync, (synced) => {
    if (synced.ok) answer({ errorCode: 0, ...synced.value });
    else answer({ errorCode: groupCode(synced.error.error), assignment: nothing });
  });
});
