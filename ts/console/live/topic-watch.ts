import { type ReadonlySignal, signal } from '@preact/signals';
import type { Admin, TopicDetails } from '../../sdk/browser/index.js';
import { History } from '../metrics/history.js';
import { type Usage, usageOf } from '../metrics/usage.js';
import { failedBy, type Loaded, loading, ready } from './loaded.js';
import { repeating } from './repeating.js';

const pauseMs = 1_000;
const pointsMax = 300;

/** One topic: partitions, offsets, settings, and how fast it grows. */
export class TopicWatch {
  readonly name: string;
  readonly #admin: Admin;
  readonly #details = signal<Loaded<TopicDetails>>(loading);
  readonly #usage = signal<Usage | undefined>(undefined);
  readonly #growth = signal(History.of(1, pointsMax));

  constructor(admin: Admin, name: string) {
    this.#admin = admin;
    this.name = name;
  }

  get details(): ReadonlySignal<Loaded<TopicDetails>> {
    return this.#details;
  }

  get usage(): ReadonlySignal<Usage | undefined> {
    return this.#usage;
  }

  /** Records per second. */
  get growth(): ReadonlySignal<History> {
    return this.#growth;
  }

  start(): () => void {
    return repeating(pauseMs, () => this.look());
  }

  /** Also between two looks of its own, when something was changed. */
  async look(): Promise<void> {
    try {
      // A question about a topic that this page has made is repeated for a while: here it is known whether it is missing.
      const [there] = await this.#admin.listTopics([this.name]);
      if (there === undefined) {
        this.#details.value = { is: 'failed', code: 'unknown-topic', why: 'there is no such topic' };
        return;
      }
      const details = await this.#admin.describeTopic(this.name);
      const usage = usageOf(this.#usage.value, details.topicId, details.usage, performance.now());
      this.#details.value = ready(details);
      this.#usage.value = usage;
      this.#growth.value = this.#growth.value.with(Date.now(), [usage.recordRate]);
    } catch (error) {
      const failed = failedBy(error);
      this.#growth.value = this.#growth.value.with(Date.now(), []);
      // A node that is away says nothing of the topic: what was known stays.
      if (failed.code === 'unknown-topic' || this.#details.value.is !== 'ready') this.#details.value = failed;
    }
  }
}
