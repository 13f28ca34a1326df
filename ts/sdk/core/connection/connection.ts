import type { Clock } from '../../../model/ports.js';
import type {
  ClientMessage,
  Limits,
  Push,
  ServerMessage,
  SubscriptionEvent,
  Welcome,
} from '../../../wire/proto/generated/messages.js';
import { type Draft, decodeServerMessage, encodeClientMessage } from '../../../wire/proto/messages.js';
import type { Chance } from '../clock.js';
import { ClusterChangedError, closedError, connectionLost, errorOf, LimitError, ProtocolError, timedOut } from '../errors.js';
import type { Observer } from '../observer.js';
import {
  begin,
  type Decision,
  decide,
  type LifecycleAction,
  type LifecycleEvent,
  type LifecycleSettings,
  type Phase,
  tickAt,
} from './lifecycle.js';
import { PendingRequests } from './pending.js';
import { type Closed, closeCodeBase, closedNormally, type Dial, type Transport } from './transport.js';

export interface ConnectionSettings extends LifecycleSettings {
  readonly url: string;
  /** Name and version of the client, for the server's log. */
  readonly client: string;
  readonly requestTimeoutMs: number;
}

export interface Surroundings {
  readonly dial: Dial;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly observe: Observer;
}

/** The cluster that a client has met: another one behind the same address would make nonsense of all it knows. */
export interface MetCluster {
  id: string | undefined;
}

/** Who is told what nobody asked for. */
export interface Listener {
  onOpen?(welcome: Welcome): void;
  onLost?(): void;
  onPush?(push: Push): void;
  onEvent?(event: SubscriptionEvent): void;
  /** The connection will not come back. */
  onEnd?(error: Error): void;
}

type Body = NonNullable<ServerMessage['body']>;
type Reply<Name extends Body> =
  Extract<ServerMessage, { readonly body: Name }> extends infer Message
    ? Name extends keyof Message
      ? Message[Name]
      : never
    : never;

const protocolVersion = 1;
const waitersMax = 10_000;

/** Codes that a new connection would only meet again. */
const hopeless: ReadonlySet<string> = new Set(['unsupported-version', 'out-of-order', 'malformed']);

/**
 * One connection to a node that comes back by itself. Requests get answers, a typed error, or `connection-lost`; who may repeat
 * them knows that best, so nothing is sent twice here.
 */
export class Connection {
  readonly #settings: ConnectionSettings;
  readonly #around: Surroundings;
  readonly #pending = new PendingRequests();
  readonly #listeners = new Set<Listener>();
  readonly #waiters = new Set<{ resolve(): void; reject(error: Error): void }>();
  #phase: Phase;
  #transport: Transport | undefined;
  #welcome: Welcome | undefined;
  #limits: Limits | undefined;
  readonly #cluster: MetCluster;
  #session = 0;
  #ended: Error | undefined;
  #lastFailure = 'not connected yet';
  #cancelTick: () => void = () => undefined;

  constructor(settings: ConnectionSettings, around: Surroundings, cluster: MetCluster = { id: undefined }) {
    this.#settings = settings;
    this.#around = around;
    this.#cluster = cluster;
    const first = begin(this.#now(), settings);
    this.#phase = first.phase;
    this.#apply(first);
  }

  /** Of the server, where the connection is open. */
  get welcome(): Welcome | undefined {
    return this.#phase.name === 'open' ? this.#welcome : undefined;
  }

  /** Of the server that was last met. */
  get limits(): Limits | undefined {
    return this.#limits;
  }

  /** Counts the times it was open: what belongs to an earlier one is over. */
  get session(): number {
    return this.#session;
  }

  /** It will not come back. */
  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  get requestsCount(): number {
    return this.#pending.count;
  }

  /** Why the last attempt failed, for people. */
  get lastFailure(): string {
    return this.#lastFailure;
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when it is open; rejects at the timeout, or when it never will be. */
  opened(timeoutMs: number): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.welcome !== undefined) return Promise.resolve();
    if (this.#waiters.size >= waitersMax) {
      return Promise.reject(new LimitError('buffer-full', `${waitersMax} calls wait for the connection`, true));
    }
    return new Promise((resolve, reject) => {
      const settled = (act: () => void) => () => {
        cancel();
        this.#waiters.delete(waiter);
        act();
      };
      const late = () => reject(connectionLost(`none within ${timeoutMs} ms: ${this.#lastFailure}`));
      const cancel = this.#around.clock.after(timeoutMs, () => settled(late)());
      const waiter = { resolve: settled(resolve), reject: (error: Error) => settled(() => reject(error))() };
      this.#waiters.add(waiter);
    });
  }

  /** Waits for the connection if need be, then asks. */
  async call<Name extends Body>(
    body: Draft<ClientMessage>,
    expects: Name,
    timeoutMs = this.#settings.requestTimeoutMs,
  ): Promise<Reply<Name>> {
    const until = this.#now() + timeoutMs;
    await this.opened(timeoutMs);
    return this.ask(body, expects, Math.max(1, until - this.#now()));
  }

  /**
   * Asks now: fails with `connection-lost` where the connection is not open. `onReply` is called before anything that comes
   * behind the answer is read; a promise is told later.
   */
  ask<Name extends Body>(
    body: Draft<ClientMessage>,
    expects: Name,
    timeoutMs = this.#settings.requestTimeoutMs,
    onReply?: (reply: Reply<Name>) => void,
  ): Promise<Reply<Name>> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (this.welcome === undefined) return Promise.reject(connectionLost(this.#lastFailure));
    return this.#ask(body, expects, timeoutMs, onReply as ((reply: unknown) => void) | undefined) as Promise<Reply<Name>>;
  }

  /** Sends what has no answer; false where the connection is not open. */
  post(body: Draft<ClientMessage>): boolean {
    if (this.welcome === undefined) return false;
    this.#send(encodeClientMessage(body));
    return true;
  }

  /** The network is said to be back. */
  wake(): void {
    this.#happened({ type: 'wake' });
  }

  /** What was understood of the session is wrong: it begins anew. */
  reset(why: string): void {
    const transport = this.#transport;
    if (transport === undefined) return;
    this.#drop(closedNormally, why);
    this.#lose({ code: closedNormally, reason: why });
  }

  close(error: Error = closedError('the client')): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#happened({ type: 'close' });
    this.#cancelTick();
    this.#pending.failAll(error);
    for (const waiter of [...this.#waiters]) waiter.reject(error);
    for (const listener of [...this.#listeners]) listener.onEnd?.(error);
  }

  #ask(body: Draft<ClientMessage>, expects: Body, timeoutMs: number, onReply?: (reply: unknown) => void): Promise<unknown> {
    const { observe, clock } = this.#around;
    const startedAt = this.#now();
    return new Promise((resolve, reject) => {
      const end = (error?: Error & { readonly code?: string }) => {
        cancel();
        const failure = error === undefined ? {} : { error: error.code ?? error.name };
        observe('request.end', { body: expects, durationMs: this.#now() - startedAt, ...failure });
        if (error !== undefined) reject(error);
      };
      const id = this.#pending.add({
        settle: (outcome) => {
          if ('error' in outcome) return end(outcome.error);
          const answer = answerIn(outcome.message, expects);
          if (answer instanceof Error) return end(answer);
          end();
          onReply?.(answer);
          resolve(answer);
        },
      });
      const cancel = clock.after(timeoutMs, () => {
        this.#pending.abandon(id);
        end(timedOut(expects, timeoutMs));
      });
      this.#send(encodeClientMessage({ ...body, requestId: id }));
    });
  }

  #send(bytes: Uint8Array): void {
    this.#transport?.send(bytes);
    this.#note('sent');
  }

  #now(): number {
    return this.#around.clock.monotonicMs();
  }

  // A frame a time is noted without an object or a timer: the tick that comes looks again.
  #note(type: 'sent' | 'heard'): void {
    this.#phase = decide(this.#phase, { type }, this.#now(), this.#settings, this.#around.chance).phase;
  }

  #happened(event: LifecycleEvent): void {
    this.#apply(decide(this.#phase, event, this.#now(), this.#settings, this.#around.chance));
  }

  #apply({ phase, actions }: Decision): void {
    this.#phase = phase;
    for (const action of actions) this.#act(action);
    this.#cancelTick();
    const due = tickAt(this.#phase, this.#settings);
    if (due === undefined) return;
    this.#cancelTick = this.#around.clock.after(Math.max(0, due - this.#now()), () => this.#happened({ type: 'tick' }));
  }

  #act(action: LifecycleAction): void {
    switch (action) {
      case 'dial':
        this.#dial();
        return;
      case 'greet':
        this.#greet();
        return;
      case 'ping':
        this.#ask({ ping: {} }, 'pong', this.#settings.silenceMsMax).catch(() => undefined);
        return;
      case 'drop':
        if (this.#transport === undefined) return;
        this.#drop(closedNormally, 'closed by the client');
        this.#lost({ code: closedNormally, reason: 'no answer, or closed by the client' });
        return;
    }
  }

  #dial(): void {
    const { url } = this.#settings;
    this.#around.observe('connection.dial', { url });
    // What an earlier transport still says is not listened to.
    const isCurrent = () => this.#transport === transport;
    const transport = this.#around.dial(url, {
      onOpen: () => isCurrent() && this.#happened({ type: 'opened' }),
      onMessage: (bytes) => isCurrent() && this.#hear(bytes),
      onClose: (closed) => {
        if (!isCurrent()) return;
        this.#transport = undefined;
        this.#lose(closed);
      },
    });
    this.#transport = transport;
  }

  #greet(): void {
    const hello = { version: protocolVersion, client: this.#settings.client };
    this.#ask({ hello }, 'welcome', this.#settings.connectTimeoutMs).then(
      (welcome) => this.#open(welcome as Welcome),
      (error: Error & { readonly code?: string }) => {
        this.#lastFailure = error.message;
        if (hopeless.has(error.code ?? '')) this.close(error);
      },
    );
  }

  #open(welcome: Welcome): void {
    if (this.#phase.name !== 'greeting') return;
    if (welcome.version !== protocolVersion) {
      this.close(new ProtocolError('unsupported-version', `the server speaks version ${welcome.version} of the protocol`));
      return;
    }
    const { id } = this.#cluster;
    if (id !== undefined && id !== welcome.clusterId) {
      const message = `cluster ${welcome.clusterId} answers where ${id} was`;
      this.close(new ClusterChangedError('cluster-changed', message, false, 'connect anew, and begin without old positions'));
      return;
    }
    this.#cluster.id = welcome.clusterId;
    this.#welcome = welcome;
    this.#limits = welcome.limits ?? undefined;
    this.#session++;
    this.#happened({ type: 'welcomed', idleMsMax: welcome.limits?.idleMsMax ?? 0 });
    const { url } = this.#settings;
    this.#around.observe('connection.open', { url, nodeId: welcome.nodeId, clusterId: welcome.clusterId });
    for (const waiter of [...this.#waiters]) waiter.resolve();
    for (const listener of [...this.#listeners]) listener.onOpen?.(welcome);
  }

  #hear(bytes: Uint8Array): void {
    this.#note('heard');
    const decoded = decodeServerMessage(bytes);
    if (!decoded.ok) this.reset(`a message of the server is ${decoded.error}`);
    else if (decoded.value.requestId === 0) this.#told(decoded.value);
    else this.#answered(decoded.value);
  }

  #answered(message: ServerMessage): void {
    if (!this.#pending.answer(message)) this.reset(`an answer to request ${message.requestId}, which was not asked`);
    if (this.#pending.count === 0) this.#happenedIfDraining();
  }

  // Not before who waits for the last answer has it: the drop tells them that all is lost.
  #happenedIfDraining(): void {
    if (this.#phase.name !== 'draining') return;
    queueMicrotask(() => {
      if (this.#pending.count === 0) this.#happened({ type: 'drained' });
    });
  }

  #told(message: ServerMessage): void {
    switch (message.body) {
      case 'push':
        for (const listener of this.#listeners) listener.onPush?.(message.push);
        return;
      case 'event':
        for (const listener of this.#listeners) listener.onEvent?.(message.event);
        return;
      case 'goodbye':
        this.#lastFailure = message.goodbye.reason;
        this.#happened({ type: 'goodbye', reconnectAfterMs: message.goodbye.reconnectAfterMs });
        if (this.#pending.count === 0) this.#happenedIfDraining();
        return;
      case 'error': {
        const error = errorOf(message.error);
        this.#lastFailure = error.message;
        // The close follows; the next attempt waits, unless it would only meet the same.
        if (hopeless.has(error.code)) this.close(error);
        return;
      }
      default:
        // Of a newer server: nothing that version 1 must understand.
        return;
    }
  }

  #drop(code: number, reason: string): void {
    const transport = this.#transport;
    this.#transport = undefined;
    transport?.close(code, reason);
  }

  #lose(closed: Closed): void {
    this.#happened({ type: 'lost' });
    this.#lost(closed);
  }

  #lost({ code, reason }: Closed): void {
    const why = reason || (code >= closeCodeBase ? `closed with ${code}` : this.#failureOf(code));
    if (reason !== '' || code !== closedNormally) this.#lastFailure = why;
    this.#welcome = undefined;
    this.#around.observe('connection.lost', { url: this.#settings.url, code, reason: why });
    this.#pending.failAll(this.#ended ?? connectionLost(why));
    for (const listener of [...this.#listeners]) listener.onLost?.();
  }

  #failureOf(code: number): string {
    return code === 1006 ? `no connection to ${this.#settings.url}` : `closed with ${code}`;
  }
}

function answerIn(message: ServerMessage, expects: Body): unknown {
  if (message.body === 'error') return errorOf(message.error);
  if (message.body === expects) return (message as unknown as Record<string, unknown>)[expects];
  return new ProtocolError(
    'unexpected-reply',
    `asked for ${expects}, the server answered with ${message.body ?? 'nothing known'}`,
  );
}
