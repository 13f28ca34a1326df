import type { GroupRequest } from '../../model/group-requests.js';
import { deleteGroup } from './deletion.js';
import { described } from './describe.js';
import { tick } from './expiry.js';
import type { Group, Ticket } from './group.js';
import { heartbeat } from './heartbeat.js';
import { join } from './join.js';
import { leave } from './leave.js';
import { commit, type DeletedTopic, deleteOffsets, fetchOffsets, forgetTopic } from './offsets.js';
import { prepareRebalance } from './rebalance.js';
import { sweep } from './retention.js';
import type { GroupSettings } from './settings.js';
import { sync } from './sync.js';
import { type Effects, type Now, Turn } from './turn.js';

export type GroupEvent =
  | { readonly kind: 'request'; readonly ticket: Ticket; readonly request: GroupRequest; readonly freshId: string }
  | { readonly kind: 'tick' }
  /** From time to time: what has rested too long goes. */
  | { readonly kind: 'sweep' }
  | ({ readonly kind: 'topic-deleted' } & DeletedTopic)
  /** Once, after a replay. */
  | { readonly kind: 'restored' };

/** One event. The group, the event and the time decide everything: the same again makes the same again. */
export function step(group: Group, event: GroupEvent, now: Now, settings: GroupSettings): Effects {
  const turn = new Turn(group, now, settings);
  if (event.kind === 'request') answer(turn, event.ticket, event.request, event.freshId);
  else if (event.kind === 'tick') tick(turn);
  else if (event.kind === 'sweep') sweep(turn);
  else if (event.kind === 'topic-deleted') forgetTopic(turn, event);
  else shedIfTooLarge(turn);
  return turn;
}

function answer(turn: Turn, ticket: Ticket, request: GroupRequest, freshId: string): void {
  switch (request.verb) {
    case 'join':
      join(turn, ticket, request, freshId);
      break;
    case 'sync':
      sync(turn, ticket, request);
      break;
    case 'heartbeat':
      heartbeat(turn, ticket, request);
      break;
    case 'leave':
      leave(turn, ticket, request);
      break;
    case 'commit':
      commit(turn, ticket, request);
      break;
    case 'fetchOffsets':
      turn.answer('fetchOffsets', ticket, fetchOffsets(turn.group.stored, request));
      break;
    case 'deleteOffsets':
      deleteOffsets(turn, ticket, request);
      break;
    case 'describe':
      turn.answer('describe', ticket, described(turn.group));
      break;
    case 'deleteGroup':
      answerDeletion(turn, ticket);
      break;
  }
}

function answerDeletion(turn: Turn, ticket: Ticket): void {
  const error = deleteGroup(turn);
  if (error === undefined) turn.answer('deleteGroup', ticket, undefined);
  else turn.refuse(ticket, error);
}

/** The limit was lowered while the group was away: members get the chance to commit, and the first to come again stay. */
function shedIfTooLarge(turn: Turn): void {
  const { group, settings } = turn;
  if (group.members.count > settings.membersMax) prepareRebalance(turn, 'the group is larger than it may be');
}
