import { api } from '../api.js';
import { bytes, int16, int64, string } from '../field.js';

// A token of the mechanism that SaslHandshake named.
//
//   1  how long it is good for: after that, again
//   2  flexible

export const saslAuthenticate = api({
  key: 36,
  name: 'SaslAuthenticate',
  served: [0, 2],
  flexibleFrom: 2,
  request: { authBytes: bytes },
  response: {
    errorCode: int16,
    errorMessage: string.nullable(),
    authBytes: bytes,
    sessionLifetimeMs: int64.since(1).ignorable(),
  },
});
