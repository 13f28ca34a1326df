import type { ClusterCommands, Failure } from '../../model/ports.js';
import type { Routing } from '../routing.js';

const waitingMax = 10_000;

/** Topics that are created because somebody writes to them. Whoever needs one waits here, in the order in which they came. */
export class MissingTopics {
  readonly #routing: Routing;
  readonly #commands: ClusterCommands;
  readonly #waiting = new Map<string, ((failure: Failure | undefined) => void)[]>();
  #count = 0;

  constructor(routing: Routing, commands: ClusterCommands) {
    this.#routing = routing;
    this.#commands = commands;
  }

  /** Also while it is known already, if others still wait: nobody overtakes them. */
  isMissing(name: string): boolean {
    return this.#waiting.has(name) || this.#routing.topic(name) === undefined;
  }

  /** `ready` is called once, later: undefined when it is worth looking again. The answer is a refusal; then it is not called. */
  ensure(name: string, ready: (failure: Failure | undefined) => void): Failure | undefined {
    const others = this.#waiting.get(name);
    if (others === undefined && !this.#routing.view.autoCreateTopics) return { error: 'unknown-topic' };
    if (this.#count >= waitingMax) return { error: 'overloaded' };
    this.#count += 1;
    if (others !== undefined) others.push(ready);
    else {
      this.#waiting.set(name, [ready]);
      void this.#create(name);
    }
    return undefined;
  }

  async #create(name: string): Promise<void> {
    const created = await this.#commands.createTopic({ name, configs: {} }, false);
    const waiting = this.#waiting.get(name) ?? [];
    this.#waiting.delete(name);
    this.#count -= waiting.length;
    // Somebody else was faster.
    const failure = created.ok || created.error.error === 'topic-exists' ? undefined : created.error;
    for (const ready of waiting) ready(failure);
  }
}
