import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { hashOf, type Route, routeOf } from '../route.js';
import type { Action } from '../shortcuts.js';
import { Link } from './link.js';
import { NodeWatch } from './node-watch.js';
import { ThemeChoice } from './theme.js';

export type DialogName = 'create' | 'delete' | 'produce' | 'shortcuts';

/** What all views share. Lives as long as the page. */
export class Console {
  readonly link = new Link();
  readonly node = new NodeWatch();
  readonly theme = new ThemeChoice();
  readonly #hash = signal(location.hash);
  readonly #dialog = signal<DialogName | undefined>(undefined);
  readonly #notice = signal('');
  readonly #performers = new Set<(action: Action) => boolean>();
  readonly route: ReadonlySignal<Route> = computed(() => routeOf(this.#hash.value));

  get dialog(): ReadonlySignal<DialogName | undefined> {
    return this.#dialog;
  }

  /** What was just done, for whoever looks and for screen readers. */
  get notice(): ReadonlySignal<string> {
    return this.#notice;
  }

  start(): void {
    window.addEventListener('hashchange', () => {
      this.#hash.value = location.hash;
      this.#dialog.value = undefined;
    });
    this.node.start();
    this.link.open().catch((error: unknown) => this.tell(String(error)));
  }

  go(route: Route): void {
    location.hash = hashOf(route);
  }

  open(dialog: DialogName): void {
    this.#dialog.value = dialog;
  }

  close(): void {
    this.#dialog.value = undefined;
  }

  tell(notice: string): void {
    this.#notice.value = notice;
  }

  /** A view that can do some of the actions: true where it did. */
  performWith(perform: (action: Action) => boolean): () => void {
    this.#performers.add(perform);
    return () => this.#performers.delete(perform);
  }

  perform(action: Action): boolean {
    for (const perform of this.#performers) if (perform(action)) return true;
    return this.#performEverywhere(action);
  }

  #performEverywhere(action: Action): boolean {
    switch (action) {
      case 'topics':
        this.go({ view: 'topics' });
        return true;
      case 'node':
        this.go({ view: 'node' });
        return true;
      case 'theme':
        this.theme.next();
        return true;
      case 'create':
      case 'produce':
      case 'shortcuts':
        this.open(action);
        return true;
      default:
        return false;
    }
  }
}
