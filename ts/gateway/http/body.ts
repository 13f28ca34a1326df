import { failed, ok, type Result } from '../../model/result.js';
import type { HttpRequest } from './message.js';

export type Fields = Readonly<Record<string, unknown>>;

/** The body as a JSON object, or the sentence that says why it is none. */
export function jsonBody({ body, header }: HttpRequest): Result<Fields, string> {
  const type = header('content-type').split(';')[0]?.trim().toLowerCase();
  // A form that another site submits cannot have this type, so it never gets as far as being understood.
  if (type !== 'application/json') return failed('the body must be JSON, with content-type: application/json');
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return isFields(value) ? ok(value) : failed('the body must be a JSON object');
  } catch {
    return failed('the body is no JSON');
  }
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first field that is not known here. */
export function unknownField(fields: Fields, known: readonly string[]): string | undefined {
  return Object.keys(fields).find((name) => !known.includes(name));
}

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Settings: numbers and booleans are taken as the text that they are. */
export function textMap(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isFields(value)) return undefined;
  const entries = Object.entries(value);
  if (!entries.every(([, each]) => ['string', 'number', 'boolean'].includes(typeof each))) return undefined;
  return Object.fromEntries(entries.map(([name, each]) => [name, String(each)]));
}
