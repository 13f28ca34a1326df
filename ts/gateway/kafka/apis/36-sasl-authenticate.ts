import { saslAuthenticate } from '../../../wire/kafka/schema/36-sasl-authenticate.js';
import { refused } from './refusal.js';
import { row } from './row.js';

/** Nobody has shaken hands: see SaslHandshake. */
export const saslAuthenticateRow = row(saslAuthenticate, (_exchange, _request, answer) => {
  answer({ ...refused('ILLEGAL_SASL_STATE', 'this listener has no security'), authBytes: new Uint8Array(0) });
});
