import { type ErrorName, errorRow } from '../../model/errors.js';
import type { Failure } from '../../model/ports.js';
import type { HttpReply } from './message.js';

/** What every answer carries: nothing here is meant to be framed, sniffed, or kept by a cache that does not ask again. */
export const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
} as const;

export function json(status: number, value: unknown): HttpReply {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: `${JSON.stringify(value)}\n` };
}

export function text(status: number, body: string, type = 'text/plain; charset=utf-8'): HttpReply {
  return { status, headers: { 'content-type': type }, body };
}

const statuses: Partial<Readonly<Record<ErrorName, number>>> = {
  'unknown-topic': 404,
  'unknown-partition': 404,
  'offset-out-of-range': 404,
  'topic-exists': 409,
  'limit-exceeded': 413,
  'batch-too-large': 413,
  'disk-full': 507,
  'timed-out': 504,
  overloaded: 503,
  'shutting-down': 503,
  'storage-failed': 503,
  'not-leader': 503,
  'not-enough-replicas': 503,
  internal: 500,
  unconfirmed: 500,
  'deletion-incomplete': 500,
  'corrupt-log': 500,
};

export function failure({ error, message, retry: here }: Failure): HttpReply {
  const { code, retry, text: words } = errorRow(error);
  return json(statuses[error] ?? 400, { error: { name: error, code, retry: here ?? retry, message: message ?? words } });
}

export function badRequest(message: string): HttpReply {
  return failure({ error: 'invalid-request', message });
}
