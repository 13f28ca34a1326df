import { Produce, type ProduceOptions } from '../../ts/gateway/verbs/produce.js';
import { findKeyless } from '../../ts/native/codec.js';

/** The verb as a gateway has it, with the real codec; nobody counts. */
export function newProduce(
  options: Omit<ProduceOptions, 'batchSizeMax' | 'findKeyless' | 'observe'>,
  batchSizeMax = 1000,
): Produce {
  return new Produce({ ...options, batchSizeMax, findKeyless, observe: () => undefined });
}
