import type { DescribedGroup, ListedGroup, ListRequest } from '../../model/group-requests.js';
import type { Group } from './group.js';
import { metadataOf } from './members.js';

export function listed({ groupId, protocolType = '', state }: Group): ListedGroup {
  return { groupId, protocolType, state: state.name, type: 'classic' };
}

export function isListed(group: ListedGroup, { states, types }: ListRequest): boolean {
  return isAmong(group.state, states) && isAmong(group.type, types);
}

function isAmong(name: string, names: readonly string[]): boolean {
  return names.length === 0 || names.some((each) => each.toLowerCase() === name.toLowerCase());
}

/** What members want is shown where it is settled what they have in common. */
export function described(group: Group): DescribedGroup {
  const { groupId, protocolType = '', state } = group;
  const protocolName = state.name === 'Stable' ? group.protocolName : undefined;
  const members = Array.from(group.members, (member) => ({
    memberId: member.memberId,
    instanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    metadata: metadataOf(member, protocolName),
    assignment: member.assignment,
  }));
  return { groupId, state: state.name, protocolType, protocolName: protocolName ?? '', members };
}

export function describedMissing(groupId: string): DescribedGroup {
  return { groupId, state: 'Dead', protocolType: '', protocolName: '', members: [] };
}
