import { type ReadonlySignal, signal } from '@preact/signals';
import type { Admin, TopicDescription } from '../../sdk/browser/index.js';
import { type Usage, usageOf } from '../metrics/usage.js';
import { failedBy, type Loaded, loading, ready } from './loaded.js';
import { repeating } from './repeating.js';

const pauseMs = 1_000;
const atOnceMax = 4;

/** All topics, and of those that are on the screen how large they are and how fast they grow. */
export class TopicsWatch {
  readonly #admin: Admin;
  readonly #topics = signal<Loaded<readonly TopicDescription[]>>(loading);
  readonly #usages = signal<ReadonlyMap<string, Usage>>(new Map());
  #shown: readonly string[] = [];

  constructor(admin: Admin) {
    this.#admin = admin;
  }

  get topics(): ReadonlySignal<Loaded<readonly TopicDescription[]>> {
    return this.#topics;
  }

  get usages(): ReadonlySignal<ReadonlyMap<string, Usage>> {
    return this.#usages;
  }

  /** Only of these usages are asked for: a cluster may have thousands of topics, a screen has not. */
  show(names: readonly string[]): void {
    this.#shown = names;
  }

  start(): () => void {
    return repeating(pauseMs, () => this.refresh());
  }

  async refresh(): Promise<void> {
    try {
      const topics = await this.#admin.listTopics();
      this.#topics.value = ready([...topics].sort((a, b) => (a.name < b.name ? -1 : 1)));
      await this.#describe(topics);
    } catch (error) {
      if (this.#topics.value.is !== 'ready') this.#topics.value = failedBy(error);
    }
  }

  async #describe(topics: readonly TopicDescription[]): Promise<void> {
    const there = new Set(topics.map(({ name }) => name));
    const names = this.#shown.length > 0 ? this.#shown : topics.slice(0, 20).map(({ name }) => name);
    const wanted = names.filter((name) => there.has(name));
    const found = new Map([...this.#usages.value].filter(([name]) => there.has(name)));
    const next = wanted[Symbol.iterator]();
    await Promise.all(Array.from({ length: atOnceMax }, () => this.#describeEach(next, found)));
    this.#usages.value = found;
  }

  async #describeEach(names: Iterator<string>, found: Map<string, Usage>): Promise<void> {
    for (let name = names.next(); name.done !== true; name = names.next()) {
      // One that was deleted meanwhile is not on the next list.
      const details = await this.#admin.describeTopic(name.value).catch(() => undefined);
      if (details === undefined) continue;
      found.set(name.value, usageOf(found.get(name.value), details.topicId, details.usage, performance.now()));
    }
  }
}
