import { failed, ok } from '../../model/result.js';
import type { Image } from '../metadata/image.js';
import type { ClusterDefaults, Decision } from './decision.js';

/** Producer ids from `first` up to `end`, exclusive. */
export interface ProducerIds {
  readonly first: number;
  readonly end: number;
}

const blockCount = 1000;

/** A block for the node that decides. What it has not given out when it ends is lost, never given twice. */
export function allocateProducerIds(image: Image, defaults: ClusterDefaults): Decision<ProducerIds> {
  const first = image.producerIdsEnd;
  const end = first + blockCount;
  if (!Number.isSafeInteger(end)) return failed({ error: 'internal', message: 'there are no producer ids left' });
  return ok({ records: [{ type: 'producer-ids-taken', nodeId: defaults.nodeId, end }], answer: { first, end } });
}
