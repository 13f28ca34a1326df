import { leaveGroup } from '../../../wire/kafka/schema/13-leave-group.js';
import { groupCode, orUndefined } from './group-codes.js';
import { row } from './row.js';

const severalFrom = 3;

export const leaveGroupRow = row(leaveGroup, ({ verbs }, { groupId, memberId, members }, answer, version) => {
  const named = members.map((member) => ({
    memberId: member.memberId,
    instanceId: orUndefined(member.groupInstanceId),
    reason: orUndefined(member.reason),
  }));
  const leaving = version < severalFrom ? [{ memberId }] : named;
  verbs.groups.ask('leave', { groupId, members: leaving }, (left) => {
    if (!left.ok) {
      answer({ errorCode: groupCode(left.error.error), members: [] });
      return;
    }
    const gone = left.value.members.map(({ memberId, instanceId = null, error }) => {
      return { memberId, groupInstanceId: instanceId, errorCode: groupCode(error) };
    });
    if (version < severalFrom) answer({ errorCode: gone[0]?.errorCode ?? 0 });
    else answer({ errorCode: 0, members: gone });
  });
});
