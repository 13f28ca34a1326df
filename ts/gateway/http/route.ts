import type { Verbs } from '../verbs/verbs.js';
import type { HttpReply, HttpRequest } from './message.js';
import type { RecordViews } from './ports.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What the routes are given. */
export interface RouteContext {
  readonly verbs: Verbs;
  readonly records: RecordViews;
  readonly recordsMax: number;
  /** Of one batch made from a request, and of one answer's records. */
  readonly sizeMax: number;
  metrics(): string;
  /** For records that name no partition and have no key. */
  rotation(): number;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly description: string;
  readonly type: 'string' | 'integer';
}

/** One row of the REST interface: what it does and what /openapi.json says of it. */
export interface Route {
  readonly method: Method;
  /** `{name}` stands for one segment. */
  readonly path: string;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  /** Schemas of the request's body by content type. */
  readonly body?: Readonly<Record<string, object>>;
  readonly replies: Readonly<Record<number, { readonly description: string; readonly type?: string; readonly schema?: object }>>;
  answer(context: RouteContext, request: HttpRequest, path: Readonly<Record<string, string>>): HttpReply | Promise<HttpReply>;
}

export const topicParameter: Parameter = { name: 'topic', in: 'path', description: 'Name of the topic', type: 'string' };
