import { type ReadonlySignal, signal } from '@preact/signals';
import { type Client, connect } from '../../sdk/browser/index.js';
import { messageOf } from './loaded.js';

export type LinkState = 'connecting' | 'connected' | 'reconnecting';

const watchMs = 200;
const attemptMs = 3_000;
const foreverMs = 2 ** 31 - 1;

/**
 * The connection to the node that served this page. The client comes back by itself after a break, with everything that reads through
 * it; only one that ended for good (another cluster answers at the same place) is replaced, and then all begins anew.
 */
export class Link {
  readonly #client = signal<Client | undefined>(undefined);
  readonly #state = signal<LinkState>('connecting');
  readonly #why = signal('');

  get client(): ReadonlySignal<Client | undefined> {
    return this.#client;
  }

  get state(): ReadonlySignal<LinkState> {
    return this.#state;
  }

  /** Of the last attempt that failed. */
  get why(): ReadonlySignal<string> {
    return this.#why;
  }

  async open(): Promise<never> {
    for (;;) {
      try {
        const client = await connect(undefined, {
          client: 'console',
          connectTimeoutMs: attemptMs,
          reconnectMs: { first: 100, most: 1_000 },
        });
        this.#client.value = client;
        await this.#watch(client);
      } catch (error) {
        this.#why.value = messageOf(error);
        this.#state.value = this.#client.value === undefined ? 'connecting' : 'reconnecting';
        await pause(watchMs * 5);
      }
    }
  }

  /** Until the client has ended for good: then it throws. */
  async #watch(client: Client): Promise<never> {
    for (;;) {
      if (client.isConnected) {
        this.#state.value = 'connected';
        this.#why.value = '';
        await pause(watchMs);
      } else {
        this.#state.value = 'reconnecting';
        await client.opened(foreverMs);
      }
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
