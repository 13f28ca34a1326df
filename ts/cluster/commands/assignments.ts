import type { Failure } from '../../model/errors.js';
import type { Assignments } from '../../model/topic-changes.js';
import type { ClusterDefaults } from './decision.js';

/** Why partitions cannot lie where a client wants them; undefined: they can. There is one replica of each, on the node that decides. */
export function assignmentsFault(assignments: Assignments, { nodeId }: ClusterDefaults): Failure | undefined {
  for (const [partition, replicas] of assignments.entries()) {
    const unknown = replicas.find((node) => node !== nodeId);
    if (replicas.length === 0) return invalid(`no replica is named for partition ${partition}`);
    if (unknown !== undefined) return invalid(`there is no node ${unknown} for partition ${partition}`);
    if (replicas.length > 1) return invalid(`node ${nodeId} is named twice for partition ${partition}`);
  }
  return undefined;
}

function invalid(message: string): Failure {
  return { error: 'invalid-assignment', message };
}
