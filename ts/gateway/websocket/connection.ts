import type { Batches, DebugLog, Failure } from '../../model/ports.js';
import type { ClientMessage, FetchReply, ServerMessage } from '../../wire/proto/generated/messages.js';
import { type Draft, decodeClientMessage, encodeReply, encodeServerMessage, fetchReplyFrame } from '../../wire/proto/messages.js';
import type { Framer } from '../subscriptions/framer.js';
import { Flow, type FlowOwner, type Outlet } from '../subscriptions/outflow.js';
import type { SubscriberEvent } from '../subscriptions/ports.js';
import { ConnectionSubscriptions, type Subscriber, type Subscriptions } from '../subscriptions/subscriptions.js';
import type { Verbs } from '../verbs/verbs.js';
import type { Answering, Answers } from './answers.js';
import { wireEvent } from './messages/event.js';
import type { Exchange } from './messages/exchange.js';
import { wireError } from './messages/failure.js';
import { beginRequest, type RequestName } from './messages/table.js';
import { closeCodeOf, protocolVersion, Session, type Verdict } from './session.js';

/** The socket of one connection. */
export interface Socket extends Outlet {
  /** As `send` for each of them, in one go. */
  sendAll(frames: readonly Uint8Array[]): void;
  /** What was sent goes first. */
  close(code: number, reason: string): void;
}

/** What all connections share. */
export interface ConnectionPorts {
  readonly verbs: Verbs;
  readonly subscriptions: Subscriptions;
  readonly framer: Framer;
  readonly answers: Answers;
  /** "millrace/0.1.0" */
  readonly server: string;
  /** Bytes of answers that may lie unread before the connection is closed. */
  readonly unreadSizeMax: number;
  readonly count: ConnectionCounts;
  readonly log: DebugLog;
  onClosed(connection: Connection): void;
}

export interface ConnectionCounts {
  received(size: number): void;
  began(request: RequestName): void;
  failed(): void;
  closed(code: number): void;
}

/** One WebSocket connection: bytes to the session, its verdicts to acts. */
export class Connection implements Exchange, FlowOwner, Subscriber, Answering {
  readonly flow: Flow;
  readonly subscriptions: ConnectionSubscriptions;
  readonly #socket: Socket;
  readonly #ports: ConnectionPorts;
  readonly #session: Session;
  #answers: Uint8Array[] | undefined;

  constructor(socket: Socket, ports: ConnectionPorts) {
    this.#socket = socket;
    this.#ports = ports;
    this.#session = new Session(ports.verbs.limits, ports.verbs.clock.monotonicMs());
    this.flow = new Flow(socket, this);
    this.subscriptions = new ConnectionSubscriptions(ports.subscriptions, this.flow, this);
    ports.subscriptions.outflow.open(this.flow);
  }

  get verbs(): Verbs {
    return this.#ports.verbs;
  }

  /** The bytes are valid for the call only. */
  onMessage(bytes: Uint8Array, isBinary: boolean): void {
    if (this.#session.isClosing) return;
    this.#ports.count.received(bytes.length);
    if (!isBinary) {
      this.#act(this.#session.onText());
      return;
    }
    if (bytes.length > this.verbs.limits.messageSizeMax) {
      this.#act(this.#session.onTooLarge(bytes.length));
      return;
    }
    const decoded = decodeClientMessage(bytes);
    if (!decoded.ok) {
      this.#act(this.#session.onMalformed(problems[decoded.error]));
      return;
    }
    this.#onDecoded(decoded.value, bytes.length);
  }

  #onDecoded(message: ClientMessage, size: number): void {
    const { requestId, body } = message;
    const version = body === 'hello' ? message.hello.version : undefined;
    const verdict = this.#session.onMessage({ requestId, body, size, version }, this.verbs.clock.monotonicMs());
    if (verdict.do === 'begin') this.#begin(message as ClientMessage & { body: RequestName });
    else if (verdict.do === 'welcome') this.#welcome(message);
    else if (verdict.do === 'refuse') this.#send({ requestId, error: wireError(verdict.failure) });
    else this.#act(verdict);
  }

  #begin(message: ClientMessage & { readonly body: RequestName }): void {
    this.#ports.count.began(message.body);
    beginRequest(this, message);
  }

  #welcome(message: ClientMessage): void {
    const { verbs, server, log } = this.#ports;
    const { requestId } = message;
    if (message.body === 'hello') log.debug({ client: message.hello.client.slice(0, clientNameMax) }, 'a client has said hello');
    const { clusterId, nodeId } = verbs.routing.view;
    const { helloMsMax: _, ...limits } = verbs.limits;
    this.#send({
      requestId,
      welcome: { version: protocolVersion, server, clusterId, nodeId, limits, nowMs: verbs.clock.wallMs() },
    });
  }

  onDrain(): void {
    this.#ports.subscriptions.outflow.onDrain(this.flow);
  }

  onWritable(): void {
    this.subscriptions.onWritable();
  }

  /** The socket is closed, by whomever: nothing is sent any more. */
  onClosed(): void {
    if (this.flow.isOver) return;
    this.flow.isOver = true;
    this.subscriptions.close();
    this.#ports.subscriptions.outflow.close(this.flow);
    this.#ports.onClosed(this);
  }

  onTime(nowMs: number): void {
    this.#act(this.#session.onTime(nowMs));
  }

  /** The node goes down: requests under way are still answered. */
  sayGoodbye(reason: string, reconnectAfterMs: number): void {
    if (this.#session.isClosing) return;
    this.#send({ goodbye: { reason, reconnectAfterMs } });
    this.#session.onGoodbye();
  }

  closeForRestart(): void {
    this.#act(this.#session.onEnd());
  }

  get hasRequests(): boolean {
    return this.#session.requestsCount > 0;
  }

  // Exchange

  answer(requestId: number, reply: Draft<ServerMessage>): void {
    this.#session.onAnswered(requestId);
    if (this.flow.isOver || this.#session.isClosing) return;
    const frame = encodeReply(requestId, reply);
    if (this.#answers !== undefined) this.#answers.push(frame);
    else {
      this.#answers = [frame];
      this.#ports.answers.add(this);
    }
  }

  answerAtOnce(requestId: number, reply: Draft<ServerMessage>): void {
    this.#session.onAnswered(requestId);
    this.#sendFrame(encodeReply(requestId, reply));
  }

  flush(): void {
    const answers = this.#answers;
    this.#answers = undefined;
    if (answers === undefined || this.flow.isOver) return;
    this.#socket.sendAll(answers);
    this.#ports.subscriptions.outflow.look(this.flow);
    this.#endIfUnread();
  }

  fail(requestId: number, failure: Failure): void {
    this.#ports.count.failed();
    this.answer(requestId, { error: wireError(failure) });
  }

  answerFetch(requestId: number, reply: Draft<FetchReply>, batches: Batches | undefined): void {
    if (batches === undefined) {
      this.answer(requestId, { fetch: reply });
      return;
    }
    if (!this.#ports.subscriptions.outflow.hasRoom(this.flow, batches.size)) {
      this.fail(requestId, { error: 'overloaded', message: 'what was sent before is not read yet' });
      return;
    }
    this.#session.onAnswered(requestId);
    this.#sendFrame(this.#ports.framer.join(fetchReplyFrame(requestId, reply, batches.size), batches));
  }

  onEvent(event: SubscriberEvent): void {
    const currentId = this.verbs.routing.topic(this.subscriptions.nameOf(event.subscriptionId) ?? '')?.topicId;
    this.#send({ requestId: 0, event: wireEvent(event, currentId) });
  }

  #send(message: Draft<ServerMessage>): void {
    this.#sendFrame(encodeServerMessage(message));
  }

  #sendFrame(frame: Uint8Array): void {
    if (this.flow.isOver || this.#session.isClosing) return;
    this.#ports.subscriptions.outflow.send(this.flow, frame);
    this.#endIfUnread();
  }

  #endIfUnread(): void {
    if (this.flow.isBlocked && this.flow.charged > this.#ports.unreadSizeMax) this.#act(this.#session.onUnread());
  }

  #act(verdict: Verdict): void {
    if (verdict.do !== 'close' || this.flow.isOver) return;
    this.#ports.count.closed(verdict.code);
    const { error: reason, message } = verdict.failure;
    this.#ports.log.debug({ code: verdict.code, reason, message }, 'a connection is closed');
    this.#flushLast();
    const error = wireError(verdict.failure);
    // Subscriptions end first: behind this error nothing is pushed.
    this.subscriptions.close();
    // One that reads nothing would keep its buffer until the library gives it up.
    if (this.flow.isBlocked && endedInSilence.has(verdict.code)) {
      this.#socket.terminate();
      return;
    }
    this.#socket.send(encodeServerMessage({ requestId: 0, error }));
    this.#socket.close(verdict.code, verdict.failure.error);
  }

  /** What is owed goes out before the last word. */
  #flushLast(): void {
    if (this.#answers !== undefined) this.#socket.sendAll(this.#answers);
    this.#answers = undefined;
  }
}

/** Of the name that a client gives itself, what is logged. */
const clientNameMax = 200;
const endedInSilence: ReadonlySet<number> = new Set([closeCodeOf('limit-exceeded'), closeCodeOf('idle')]);

const problems = {
  malformed: 'this is no message of the protocol',
  'number-too-large': 'offsets, sizes and times are below 2^53',
} as const;
