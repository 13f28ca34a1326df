import type { Kind } from './kind.js';

/** The cluster's id, once and for all. Bytes: u32 + UTF-8. */
export interface ClusterNamed {
  readonly type: 'cluster-named';
  readonly clusterId: string;
}

export const clusterNamed: Kind<ClusterNamed> = {
  kind: 10,
  encode({ clusterId }, fields) {
    fields.text(clusterId);
  },
  decode(fields) {
    return { type: 'cluster-named', clusterId: fields.text() };
  },
};
