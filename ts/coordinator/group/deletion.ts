import type { GroupError } from '../../model/group-errors.js';
import type { Turn } from './turn.js';

/** With all its offsets. Only one without members can go; undefined: it has. */
export function deleteGroup(turn: Turn): GroupError | undefined {
  const { group } = turn;
  if (group.state.name === 'Dead') return 'group-id-not-found';
  if (group.state.name !== 'Empty') return 'non-empty-group';
  for (const record of group.stored.tombstones()) turn.record(record);
  group.pending.clear();
  turn.enter({ name: 'Dead' });
  return undefined;
}
