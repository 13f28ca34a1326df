import { kafkaErrors } from '../../../wire/kafka/error-codes.js';
import { findCoordinator } from '../../../wire/kafka/schema/10-find-coordinator.js';
import { type Exchange, messageOf, row } from './row.js';

const keyTypes = { group: 0, transaction: 1 } as const;
const severalFrom = 4;

interface Found {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

export const findCoordinatorRow = row(findCoordinator, (exchange, { keyType, coordinatorKeys }, answer, version) => {
  // One node keeps all groups, whatever they are called.
  find(exchange, keyType, (found) => {
    if (version < severalFrom) answer(found);
    else answer({ coordinators: coordinatorKeys.map((each) => ({ key: each, ...found })) });
  });
});

function find({ verbs, advertised }: Exchange, keyType: number, done: (found: Found) => void): void {
  if (keyType !== keyTypes.group) {
    done(keyType === keyTypes.transaction ? noTransactions : unknownType(keyType));
    return;
  }
  verbs.groups.prepare((failure) => {
    const here = { nodeId: verbs.routing.view.nodeId, ...advertised, errorCode: 0, errorMessage: null };
    done(failure === undefined ? here : refusal(kafkaErrors.COORDINATOR_NOT_AVAILABLE.code, messageOf(failure)));
  });
}

function refusal(errorCode: number, errorMessage: string): Found {
  return { nodeId: -1, host: '', port: -1, errorCode, errorMessage };
}

/**
 * Of all codes this and its like for the whole cluster alone end initTransactions at once, with an error, in every client: librdkafka
 * asks again twice a second after any other, for ever, and the rest take what is not retriable for final too.
 */
const noTransactions = refusal(
  kafkaErrors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED.code,
  'this node coordinates no transactions: leave transactional.id out',
);

function unknownType(keyType: number): Found {
  return refusal(kafkaErrors.INVALID_REQUEST.code, `nothing of key type ${keyType} is coordinated here`);
}
