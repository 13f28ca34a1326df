import type { Kind } from './kind.js';

/** In snapshots: a node and how often it has started. Unlike a start it changes no leader epoch. Bytes: node u32 · start count u64. */
export interface NodeKnown {
  readonly type: 'node-known';
  readonly nodeId: number;
  readonly startCount: number;
}

export const nodeKnown: Kind<NodeKnown> = {
  kind: 8,
  encode({ nodeId, startCount }, fields) {
    fields.u32(nodeId).u64(startCount);
  },
  decode(fields) {
    return { type: 'node-known', nodeId: fields.u32(), startCount: fields.exact() };
  },
};
