import { errorRow, type Failure } from '../../../model/errors.js';
import type { Api } from '../../../wire/kafka/api.js';
import type { Decoded, Encodable, Fields } from '../../../wire/kafka/field.js';
import type { Verbs } from '../../verbs/verbs.js';
import type { FetchSessions } from '../fetch-sessions.js';
import type { Task } from '../pipeline.js';

/** Where clients are told to connect. */
export interface Advertised {
  readonly host: string;
  readonly port: number;
}

/** What the client of a request is, and what answers it. */
export interface Exchange {
  readonly verbs: Verbs;
  /** Of the listener that the client came by. */
  readonly advertised: Advertised;
  readonly clientId: string | null;
  /** For what holds much until it is sent: begins when all that was asked before on this connection is answered and has left. */
  readonly inTurn: (task: Task) => void;
  /** Of all connections of this thread. */
  readonly sessions: FetchSessions;
  /** The client's address. */
  readonly clientHost: string;
  /** Instead of an answer: the connection is closed, and the node's log says why. */
  end(reason: string): void;
}

/** Undefined: this request has no answer, as a produce with acks 0. `sent`: nothing of the reply is used any more. */
type Answer<Response extends Fields> = (reply: Encodable<Response> | undefined, sent?: () => void) => void;

/**
 * Begins a request in the order in which requests came; `answer` is called once, maybe before this returns, and answers leave in the
 * order of their requests. Bytes and records of the request are valid for the call only.
 */
type Begin<Request extends Fields, Response extends Fields> = (
  exchange: Exchange,
  request: Decoded<Request>,
  answer: Answer<Response>,
  version: number,
) => void;

/** An API that is served here. */
export interface Row {
  readonly api: Api;
  readonly begin: Begin<Fields, Fields>;
}

export function row<Request extends Fields, Response extends Fields>(
  api: Api<number, Request, Response>,
  begin: Begin<Request, Response>,
): Row {
  // Dispatch decodes with the row's own schema: that is what makes this cast true.
  return { api, begin: begin as unknown as Row['begin'] } as Row;
}

/** Kafka's code for one of our errors. */
export function codeOf({ error }: Failure): number {
  return errorRow(error).kafka;
}

/** For people, where Kafka's answer has room for it. */
export function messageOf({ error, message }: Failure): string {
  const text = message ?? errorRow(error).text;
  return text.length <= textMax ? text : `${text.slice(0, textMax)}…`;
}

/** Of a message: it may repeat what the client sent, and no string of Kafka's older versions is longer than 32 KiB. */
const textMax = 1000;
