import type { Kind } from './kind.js';

/**
 * A node has started for the `startCount`th time, as its superblock counts. Every partition that it leads, and every one that
 * nobody leads, gets a new leader epoch from it (DURABILITY.md rule 15): the larger of the start count and one more than before.
 * Bytes: node u32 · start count u64.
 */
export interface NodeStarted {
  readonly type: 'node-started';
  readonly nodeId: number;
  readonly startCount: number;
}

export const nodeStarted: Kind<NodeStarted> = {
  kind: 7,
  encode({ nodeId, startCount }, fields) {
    fields.u32(nodeId).u64(startCount);
  },
  decode(fields) {
    return { type: 'node-started', nodeId: fields.u32(), startCount: fields.exact() };
  },
};
