import { type Counter, type Page, PageWriter } from '../metrics/page.js';
import type { DoorCounts, NetCounters } from './kafka/door.js';
import { closeCodes } from './kafka/ends.js';
import { copyPlaces, gatewayProbe } from './probe.js';
import type { ConnectionCounts } from './websocket/connection.js';
import { type RequestName, requestNames } from './websocket/messages/table.js';
import { closeCodeOf, tooBig } from './websocket/session.js';

const requestIndex = new Map(requestNames.map((name, index) => [name, index]));
const reasons = gatewayProbe.connectionsClosed.series.map(({ reason }) => reason);

const reasonOf: ReadonlyMap<number, string> = new Map([
  [closeCodeOf('idle'), 'idle'],
  [closeCodeOf('shutting-down'), 'restart'],
  [closeCodeOf('internal'), 'internal'],
  [closeCodeOf('limit-exceeded'), 'limit'],
  [tooBig, 'limit'],
]);

/** The probe of this gateway, bound to its words. */
export class GatewayCounts implements ConnectionCounts {
  readonly #page: PageWriter;
  readonly #requests;
  readonly #closed;
  readonly #received;
  readonly #failed;
  readonly pushed;
  readonly publishes;
  readonly deliveries;
  readonly caughtUp;
  readonly opened;
  readonly refused;
  readonly produceTime;
  readonly kafka: DoorCounts;

  constructor(page: Page) {
    const writer = new PageWriter(page);
    this.#page = writer;
    this.#requests = requestNames.map((_, index) => writer.counter('requests', index));
    this.#closed = reasons.map((_, index) => writer.counter('connectionsClosed', index));
    this.#received = writer.counter('received');
    this.#failed = writer.counter('requestsFailed');
    this.pushed = writer.counter('pushed');
    this.publishes = writer.counter('publishes');
    this.deliveries = writer.counter('deliveries');
    this.caughtUp = writer.counter('caughtUp');
    this.opened = writer.counter('connectionsOpened');
    this.refused = writer.counter('connectionsRefused');
    this.produceTime = writer.histogram('produceTime');
    this.kafka = doorCounts(writer);
  }

  received(size: number): void {
    this.#received.add(size);
  }

  began(request: RequestName): void {
    this.#requests[requestIndex.get(request) ?? 0]?.add();
  }

  failed(): void {
    this.#failed.add();
  }

  closed(code: number): void {
    this.#countClosed(reasonOf.get(code) ?? 'protocol');
  }

  stalled(count: number): void {
    for (let index = 0; index < count; index++) this.#countClosed('stalled');
  }

  http(status: number): void {
    this.#page.counter('httpRequests', Math.min(3, Math.max(0, Math.floor(status / 100) - 2))).add();
  }

  set(
    gauge:
      | 'connections'
      | 'subscriptions'
      | 'unsent'
      | 'stalled'
      | 'waitingCalls'
      | 'waitingSize'
      | 'waitingFetches'
      | 'kafkaBurden'
      | 'kafkaPostponed'
      | 'kafkaFetchSessions'
      | 'kafkaFetchSessionsSize',
    value: number,
  ) {
    this.#page.gauge(gauge).set(value);
  }

  /** So many since the start. */
  copied(totals: Readonly<Record<(typeof copyPlaces)[number], number>>): void {
    for (const [index, place] of copyPlaces.entries()) raise(this.#page.counter('copied', index), totals[place]);
  }

  kafkaSockets({ crossings, receivedSize, sentSize, fileSize, trailedSize }: NetCounters, isFallback: boolean): void {
    raise(this.#page.counter('kafkaCrossings'), crossings);
    raise(this.#page.counter('kafkaReceived'), receivedSize);
    raise(this.#page.counter('kafkaSent'), sentSize);
    raise(this.#page.counter('kafkaSentFromFiles'), fileSize);
    raise(this.#page.counter('kafkaSentOn'), trailedSize);
    this.#page.gauge('kafkaFallback').set(isFallback ? 1 : 0);
  }

  #countClosed(reason: string): void {
    this.#closed[reasons.indexOf(reason)]?.add();
  }
}

function raise(counter: Counter, total: number): void {
  // Of sockets that are closed nothing more is told.
  counter.add(Math.max(0, total - counter.value));
}

function doorCounts(writer: PageWriter): DoorCounts {
  const open = writer.gauge('kafkaConnections');
  const [opened, refused, requests] = [
    writer.counter('kafkaOpened'),
    writer.counter('kafkaRefused'),
    writer.counter('kafkaRequests'),
  ];
  const closed = new Map(closeCodes.map((code, index) => [code, writer.counter('kafkaClosed', index)]));
  let count = 0;
  return {
    opened: () => {
      opened.add();
      open.set(++count);
    },
    refused: () => refused.add(),
    closed: (code) => {
      closed.get(code)?.add();
      open.set(--count);
    },
    request: () => requests.add(),
  };
}
