import { api } from '../api.js';
import { int16, list, string } from '../field.js';

// Names the mechanism of what follows. Never flexible: old clients negotiate its version wrongly.
//
//   0  what follows are bare tokens, outside the protocol
//   1  what follows is SaslAuthenticate

export const saslHandshake = api({
  key: 17,
  name: 'SaslHandshake',
  served: [0, 1],
  request: { mechanism: string },
  response: { errorCode: int16, mechanisms: list(string) },
});
