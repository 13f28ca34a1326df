import type { Batches, Failure } from '../../../model/ports.js';
import type { ClientMessage, FetchReply, ServerMessage } from '../../../wire/proto/generated/messages.js';
import type { Draft } from '../../../wire/proto/messages.js';
import type { ConnectionSubscriptions } from '../../subscriptions/subscriptions.js';
import type { Verbs } from '../../verbs/verbs.js';
import type { BodyName } from '../session.js';

/** The connection that a request came on, as the request sees it. Each request is answered once. */
export interface Exchange {
  readonly verbs: Verbs;
  readonly subscriptions: ConnectionSubscriptions;
  /** Goes out when everything that runs now is done. */
  answer(requestId: number, reply: Draft<ServerMessage>): void;
  /** Before anything that is sent from here on. */
  answerAtOnce(requestId: number, reply: Draft<ServerMessage>): void;
  fail(requestId: number, failure: Failure): void;
  /** With batches behind the reply, which are copied before this returns. */
  answerFetch(requestId: number, reply: Draft<FetchReply>, batches: Batches | undefined): void;
}

/** The body of one kind of message. */
export type BodyOf<Name extends BodyName> =
  Extract<ClientMessage, { readonly body: Name }> extends infer Message
    ? Name extends keyof Message
      ? Message[Name]
      : never
    : never;

/** Decoded → verb → answer. May answer before it returns. */
export type MessageOf<Name extends BodyName> = (exchange: Exchange, requestId: number, body: BodyOf<Name>) => void;
