import type { Push } from '../../../wire/proto/generated/messages.js';
import type { MillraceError } from '../errors.js';
import type { ConsumerEvent } from './events.js';
import type { PartitionReader } from './partition-reader.js';

/** Whose items these are: told when they were read. */
export interface ItemOwner {
  consumed(size: number): void;
}

export type InboxItem =
  | {
      readonly kind: 'push';
      readonly owner: ItemOwner;
      readonly partition: PartitionReader;
      /** Of the partition when it came: a seek since then makes it stale. */
      readonly generation: number;
      readonly push: Push;
      /** Records from here on were cut from the log after they came. */
      limit: number;
    }
  | { readonly kind: 'event'; readonly owner: ItemOwner; readonly event: ConsumerEvent; readonly onReached: () => boolean }
  | { readonly kind: 'failure'; readonly owner: ItemOwner; readonly error: MillraceError };

/** What has come and was not read, in the order in which it came. Bounded by the credit that the server was given. */
export class Inbox {
  #items: InboxItem[] = [];
  #at = 0;
  #size = 0;
  #wake: (() => void) | undefined;

  /** Of the pushed batches in it, in bytes. */
  get size(): number {
    return this.#size;
  }

  put(item: InboxItem): void {
    this.#items.push(item);
    if (item.kind === 'push') this.#size += item.push.batches.length;
    this.tell();
  }

  take(): InboxItem | undefined {
    const item = this.#items[this.#at];
    if (item === undefined) return undefined;
    this.#at++;
    if (this.#at === this.#items.length) {
      this.#items = [];
      this.#at = 0;
    } else if (this.#at >= 1024) {
      this.#items = this.#items.slice(this.#at);
      this.#at = 0;
    }
    if (item.kind === 'push') this.#size -= item.push.batches.length;
    return item;
  }

  /** Those that wait, oldest first. */
  *waiting(): Generator<InboxItem, void> {
    for (let index = this.#at; index < this.#items.length; index++) yield this.#items[index] as InboxItem;
  }

  dropOf(owner: ItemOwner): void {
    this.#items = this.#items.slice(this.#at).filter((item) => item.owner !== owner);
    this.#at = 0;
    this.#size = this.#items.reduce((sum, item) => sum + (item.kind === 'push' ? item.push.batches.length : 0), 0);
  }

  /** Resolves when something comes, or at `tell`. */
  more(): Promise<void> {
    return new Promise((resolve) => {
      const before = this.#wake;
      this.#wake = () => {
        before?.();
        resolve();
      };
    });
  }

  tell(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
