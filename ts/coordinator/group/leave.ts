import type { GroupError } from '../../model/group-errors.js';
import type { LeaveRequest, LeavingMember } from '../../model/group-requests.js';
import type { Ticket } from './group.js';
import { dropMember, rebalanceWithout } from './rebalance.js';
import type { Turn } from './turn.js';

export function leave(turn: Turn, ticket: Ticket, { members }: LeaveRequest): void {
  if (turn.group.state.name === 'Dead') {
    turn.refuse(ticket, 'coordinator-not-available');
    return;
  }
  const left = members.map((each) => ({ memberId: each.memberId, instanceId: each.instanceId, error: leaveOne(turn, each) }));
  const gone = members.filter((_, index) => left[index]?.error === undefined);
  if (gone.length > 0) {
    const who = gone.map(({ memberId, instanceId }) => (memberId === '' ? instanceId : memberId)).join(', ');
    rebalanceWithout(turn, `${who} left: ${gone[0]?.reason ?? 'no reason given'}`);
  }
  turn.answer('leave', ticket, { members: left });
}

function leaveOne(turn: Turn, { memberId, instanceId }: LeavingMember): GroupError | undefined {
  const { members, pending } = turn.group;
  if (pending.delete(memberId)) return undefined;
  const member = memberId === '' ? members.ofInstance(instanceId) : members.claimed(memberId, instanceId);
  if (typeof member === 'string') return member;
  if (member === undefined) return 'unknown-member-id';
  dropMember(turn, member);
  return undefined;
}
