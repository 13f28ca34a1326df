import type { Failure, FindKeyless } from '../../model/ports.js';
import type { ProduceRules } from '../../model/produce-rules.js';
import { isWhole } from './whole-batch.js';

/**
 * Why a topic that is to be compacted does not take a batch. This is the one place on the way in that looks at records: only such topics
 * pay for it, and nothing of the batch is changed.
 */
export function keyRefusal(batch: Uint8Array, rules: ProduceRules, findKeyless: FindKeyless): Failure | undefined {
  if (!rules.needsKeys) return undefined;
  const found = findKeyless(batch);
  if ((found.ok && found.value === undefined) || !isWhole(batch)) return undefined;
  const message = found.ok
    ? `record ${found.value} has no key, and the topic is to be compacted by key (cleanup.policy)`
    : `its records cannot be read: ${found.error.message}`;
  return { error: 'invalid-batch', message };
}
