import type { Failure } from '../../model/errors.js';
import type { PartitionName } from './diff.js';

/** A shard's answer for a partition that it was to host. */
export type HostAnswer =
  | (PartitionName & { readonly handle: number })
  /** It cannot: the partition has no route until the next start of the node. */
  | (PartitionName & { readonly failure: Failure });
