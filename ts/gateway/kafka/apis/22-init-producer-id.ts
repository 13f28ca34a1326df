import { kafkaErrors } from '../../../wire/kafka/error-codes.js';
import { initProducerId } from '../../../wire/kafka/schema/22-init-producer-id.js';
import { codeOf, row } from './row.js';

const none = -1;

/**
 * Without transactions. A transactional id is refused as one that the client may not use: of the codes that clients do not try again for
 * ever, this is the one with which all of them end and say why.
 */
export const initProducerIdRow = row(initProducerId, ({ verbs }, request, answer) => {
  const refuse = (errorCode: number) => answer({ errorCode, producerId: none, producerEpoch: none });
  if (request.transactionalId === '') return refuse(kafkaErrors.INVALID_REQUEST.code);
  if (request.transactionalId !== null) return refuse(kafkaErrors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED.code);
  // A producer that shows what it had gets a new id all the same: what it has written under the old one needs no fence.
  if ((request.producerId === none) !== (request.producerEpoch === none)) return refuse(kafkaErrors.INVALID_REQUEST.code);
  void verbs.commands.allocateProducer().then((result) => {
    if (result.ok) answer({ errorCode: 0, ...result.value });
    else refuse(codeOf(result.error));
  });
});
