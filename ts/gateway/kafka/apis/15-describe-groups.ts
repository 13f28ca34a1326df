import type { GroupAnswer } from '../../../model/group-requests.js';
import { kafkaErrors } from '../../../wire/kafka/error-codes.js';
import { describeGroups } from '../../../wire/kafka/schema/15-describe-groups.js';
import { askEach } from '../../verbs/ask-each.js';
import { groupCode } from './group-codes.js';
import { row } from './row.js';

const missingIsErrorFrom = 6;
/** Kafka's bits of what may be done: read, delete, describe. Nobody is kept from anything yet. */
const allOperations = (1 << 3) | (1 << 6) | (1 << 8);

export const describeGroupsRow = row(describeGroups, ({ verbs }, { groups, includeAuthorizedOperations }, answer, version) => {
  const authorized = includeAuthorizedOperations ? { authorizedOperations: allOperations } : {};
  askEach<string, GroupAnswer<'describe'>>(
    groups,
    (groupId, done) => verbs.groups.ask('describe', { groupId }, done),
    (described) =>
      answer({
        groups: described.map((each, index) => ({ ...groupOut(groups[index] ?? '', each, version), ...authorized })),
      }),
  );
});

const unknown = { groupState: '', protocolType: '', protocolData: '', members: [] } as const;

function groupOut(groupId: string, described: GroupAnswer<'describe'>, version: number) {
  if (!described.ok) return { errorCode: groupCode(described.error.error), groupId, ...unknown };
  const { state, protocolType, protocolName, members } = described.value;
  const isMissing = state === 'Dead' && version >= missingIsErrorFrom;
  return {
    errorCode: isMissing ? kafkaErrors.GROUP_ID_NOT_FOUND.code : 0,
    errorMessage: isMissing ? `there is no group ${groupId}` : null,
    groupId,
    groupState: state,
    protocolType,
    protocolData: protocolName,
    members: members.map(({ instanceId = null, metadata, assignment, ...member }) => {
      return { ...member, groupInstanceId: instanceId, memberMetadata: metadata, memberAssignment: assignment };
    }),
  };
}
