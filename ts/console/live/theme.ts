import { type ReadonlySignal, signal } from '@preact/signals';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const storageKey = 'millrace.theme';

/** Dark or light: as the system says, unless it was chosen here. */
export class ThemeChoice {
  readonly #theme = signal<Theme>(stored());
  readonly #drawn = signal(0);

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#drawn.value++);
    this.#show();
  }

  get theme(): ReadonlySignal<Theme> {
    return this.#theme;
  }

  /** Changes when colours have changed: a canvas has to be drawn anew then. */
  get drawn(): ReadonlySignal<number> {
    return this.#drawn;
  }

  choose(theme: Theme): void {
    this.#theme.value = theme;
    try {
      localStorage.setItem(storageKey, theme);
    } catch {
      // A browser that keeps nothing forgets it with the page.
    }
    this.#show();
  }

  next(): void {
    this.choose(themes[(themes.indexOf(this.#theme.value) + 1) % themes.length] ?? 'system');
  }

  #show(): void {
    document.documentElement.dataset['theme'] = this.#theme.value;
    this.#drawn.value++;
  }
}

function stored(): Theme {
  try {
    return themes.find((theme) => theme === localStorage.getItem(storageKey)) ?? 'system';
  } catch {
    return 'system';
  }
}
