import { errorRow } from '../../../model/errors.js';
import type { Failure } from '../../../model/ports.js';
import { retries } from '../../../wire/proto/enums.js';
import type { Error as WireError } from '../../../wire/proto/generated/messages.js';
import type { Draft } from '../../../wire/proto/messages.js';

const retryAfterMs = 200;

export function wireError({ error, message, retry: here }: Failure): Draft<WireError> {
  const { code, retry: usual, text } = errorRow(error);
  const retry = here ?? usual;
  const wait = retry === 'later' ? { retryAfterMs } : {};
  return { code, text: message ?? text, retry: retries[retry], ...wait };
}
