import { joinGroup } from '../../../wire/kafka/schema/11-join-group.js';
import { groupCode, orUndefined, shownHost } from './group-codes.js';
import { row } from './row.js';

const rebalanceTimeoutFrom = 1;
const comesAgainFrom = 4;
const nullNameFrom = 7;
const skipFrom = 9;

export const joinGroupRow = row(joinGroup, ({ verbs, clientId, clientHost }, request, answer, version) => {
  const { memberId, protocolType, protocols } = request;
  const join = {
    groupId: request.groupId,
    memberId,
    instanceId: orUndefined(request.groupInstanceId),
    clientId: clientId ?? '',
    clientHost: shownHost(clientHost),
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: version < rebalanceTimeoutFrom ? undefined : request.rebalanceTimeoutMs,
    protocolType,
    // It outlives the frame.
    protocols: protocols.map(({ name, metadata }) => ({ name, metadata: metadata.slice() })),
    comesAgainWithId: version >= comesAgainFrom,
    canSkipAssignment: version >= skipFrom,
    reason: orUndefined(request.reason),
  };
  verbs.groups.ask('join', join, (joined) => {
    if (!joined.ok) {
      const { error, memberId: given = memberId } = joined.error;
      const protocolName = version < nullNameFrom ? '' : null;
      answer({ errorCode: groupCode(error), protocolName, leader: '', memberId: given, members: [] });
      return;
    }
    const { leaderId, members, ...rest } = joined.value;
    const listed = members.map(({ instanceId = null, ...member }) => ({ ...member, groupInstanceId: instanceId }));
    answer({ ...rest, errorCode: 0, leader: leaderId, members: listed });
  });
});
