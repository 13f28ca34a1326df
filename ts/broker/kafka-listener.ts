import type { KafkaDoor } from '../gateway/kafka/door.js';
import type { KafkaSettings } from '../gateway/settings.js';
import { assert } from '../model/assert.js';
import type { Clock, Random } from '../model/ports.js';
import { addressText } from '../model/quantities.js';
import { failed, ok, type Result } from '../model/result.js';
import { Net } from '../native/net.js';
import { allocateShared } from '../ring/memory.js';
import { systemRandom } from './clock.js';
import type { DutyCycle } from './duty-cycle.js';

/** The Kafka door's sockets, and its turns on this thread. */
export class KafkaListener {
  readonly net: Net;
  readonly wake: () => void;
  readonly random: Random = systemRandom;
  readonly #settings: KafkaSettings;
  readonly #duty: DutyCycle;
  readonly #clock: Clock;
  readonly #watch: { close(): void };
  #isClosed = false;

  constructor(settings: KafkaSettings, duty: DutyCycle, clock: Clock) {
    const { poolSize, connectionsMax, connectionsPerAddressMax, requestSizeMax, idleMs } = settings;
    const limits = { connectionsMax, connectionsPerAddressMax, frameSizeMax: requestSizeMax, idleMs };
    const opened = Net.open({ pool: allocateShared(poolSize), ...limits });
    assert(opened.ok, opened.ok ? '' : `no sockets for Kafka clients: ${opened.error.message}`);
    this.net = opened.value;
    this.wake = () => duty.wakeSoon();
    this.#settings = settings;
    this.#duty = duty;
    this.#clock = clock;
    this.#watch = this.net.watch(() => duty.wake());
  }

  /** In each turn of the thread requests come first, and answers to all that was done leave last. */
  serve(door: KafkaDoor): void {
    const isOpen = () => !this.#isClosed;
    const deadlineMs = () => (isOpen() ? door.deadlineMs : undefined);
    this.#duty.addFirst({ turn: () => isOpen() && door.receive(this.#clock.monotonicMs()), deadlineMs });
    this.#duty.add({ turn: () => isOpen() && door.send() }, [], []);
  }

  /** The addresses, or why there is one too few. */
  listen(): Result<readonly string[], string> {
    const { listeners, sharesPort } = this.#settings;
    const addresses: string[] = [];
    for (const { host, port } of listeners) {
      const listening = this.net.listen(host, port, sharesPort);
      if (!listening.ok) return failed(`${addressText({ host, port })}: ${listening.error.message}; choose another --kafka`);
      addresses.push(addressText(listening.value));
    }
    return ok(addresses);
  }

  /** Before a file that was lent may change. */
  takeBack(file: number): void {
    if (this.#isClosed) return;
    this.net.takeBack(file);
    this.wake();
  }

  /** Before its sockets are shut. */
  close(): void {
    this.#isClosed = true;
    this.#watch.close();
  }
}
