import { View, type ViewChange, type ViewFacts } from '../cluster/view.js';
import type { TopicId } from '../model/ids.js';
import type { ClusterView, ClusterWatch } from '../model/ports.js';

type Changed = readonly { readonly name: string; readonly topicId: TopicId }[];

/** The view of one gateway, and those who want to know when it changes. */
export class ViewWatch implements ClusterWatch {
  readonly #view: View;
  readonly #callbacks: ((changed: Changed) => void)[] = [];

  constructor(facts: ViewFacts) {
    this.#view = new View(facts);
  }

  get view(): ClusterView {
    return this.#view;
  }

  onChange(callback: (changed: Changed) => void): void {
    this.#callbacks.push(callback);
  }

  apply(change: ViewChange): void {
    const changed = this.#view.apply(change);
    for (const callback of this.#callbacks) callback(changed);
  }
}
