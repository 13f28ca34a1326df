import { kafkaErrors } from '../../../wire/kafka/error-codes.js';

export interface EpochCheck {
  /** What the client believes; negative: it does not say. */
  readonly asked: number;
  readonly known: number;
}

/** A client whose metadata is older than ours asks again for metadata; one that knows more than we do tries again. 0: they agree. */
export function epochRefusal({ asked, known }: EpochCheck): number {
  if (asked < 0 || asked === known) return 0;
  return asked < known ? kafkaErrors.FENCED_LEADER_EPOCH.code : kafkaErrors.UNKNOWN_LEADER_EPOCH.code;
}
