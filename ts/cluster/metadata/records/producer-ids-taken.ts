import type { Kind } from './kind.js';

/** Producer ids below `end` belong to some node, which may have given them out. Bytes: node u32 · end u64. */
export interface ProducerIdsTaken {
  readonly type: 'producer-ids-taken';
  readonly nodeId: number;
  readonly end: number;
}

export const producerIdsTaken: Kind<ProducerIdsTaken> = {
  kind: 9,
  encode({ nodeId, end }, fields) {
    fields.u32(nodeId).u64(end);
  },
  decode(fields) {
    return { type: 'producer-ids-taken', nodeId: fields.u32(), end: fields.exact() };
  },
};
