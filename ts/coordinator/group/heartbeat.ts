import type { MemberClaim } from '../../model/group-requests.js';
import type { Ticket } from './group.js';
import type { Turn } from './turn.js';

export function heartbeat(turn: Turn, ticket: Ticket, claim: MemberClaim): void {
  const { group } = turn;
  if (group.state.name === 'Dead') {
    turn.refuse(ticket, 'coordinator-not-available');
    return;
  }
  const member = group.members.claimed(claim.memberId, claim.instanceId);
  if (typeof member === 'string') turn.refuse(ticket, member);
  else if (claim.generationId !== group.generationId) turn.refuse(ticket, 'illegal-generation');
  else {
    turn.renew(member);
    if (group.state.name === 'PreparingRebalance') turn.refuse(ticket, 'rebalance-in-progress');
    else turn.answer('heartbeat', ticket, undefined);
  }
}
