import type { GroupError } from '../../model/group-errors.js';
import type { GroupAnswer, GroupRequest, LeaveRequest } from '../../model/group-requests.js';
import { failed, ok } from '../../model/result.js';
import { describedMissing } from './describe.js';
import { fetchOffsets } from './offsets.js';

/** What is answered of a group that is not there; undefined: this request makes it. */
export function answerMissing(request: GroupRequest): GroupAnswer | undefined {
  switch (request.verb) {
    case 'join':
      return request.memberId === '' ? undefined : failed({ error: 'unknown-member-id', memberId: request.memberId });
    case 'commit':
      if (request.generationId < 0) return undefined;
      return refuse(request.knowsMissingGroups ? 'group-id-not-found' : 'illegal-generation');
    case 'sync':
    case 'heartbeat':
      return refuse('unknown-member-id');
    case 'leave':
      return ok({ members: allUnknown(request) });
    case 'fetchOffsets':
      return ok(fetchOffsets(undefined, request));
    case 'deleteOffsets':
    case 'deleteGroup':
      return refuse('group-id-not-found');
    case 'describe':
      return ok(describedMissing(request.groupId));
  }
}

const refuse = (error: GroupError): GroupAnswer => failed({ error });

function allUnknown({ members }: LeaveRequest) {
  return members.map(({ memberId, instanceId }) => ({ memberId, instanceId, error: 'unknown-member-id' as const }));
}
