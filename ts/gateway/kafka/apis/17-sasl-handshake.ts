import { kafkaErrors } from '../../../wire/kafka/error-codes.js';
import { saslHandshake } from '../../../wire/kafka/schema/17-sasl-handshake.js';
import { row } from './row.js';

/** A listener without security has no mechanism: a client that wants one is told so, instead of losing its connection again and again. */
export const saslHandshakeRow = row(saslHandshake, (_exchange, _request, answer) => {
  answer({ errorCode: kafkaErrors.ILLEGAL_SASL_STATE.code, mechanisms: [] });
});
