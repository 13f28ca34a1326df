import type { LinkState } from '../live/link.js';
import { type Theme, themes } from '../live/theme.js';
import { useConsole } from './context.js';

const linkTexts: Readonly<Record<LinkState, string>> = {
  connecting: 'Connecting…',
  connected: 'Connected',
  reconnecting: 'Reconnecting…',
};
const themeTexts: Readonly<Record<Theme, string>> = { system: 'System', light: 'Light', dark: 'Dark' };

export function Header() {
  const shared = useConsole();
  const { view } = shared.route.value;
  const isAt = (wanted: boolean) => (wanted ? 'page' : undefined);
  return (
    <header class="header">
      <button type="button" class="skip" onClick={focusMain}>
        Skip to the content
      </button>
      <a class="brand" href="#/topics">
        Millrace
      </a>
      <nav aria-label="Views">
        <a href="#/topics" aria-current={isAt(view === 'topics' || view === 'topic')}>
          Topics
        </a>
        <a href="#/node" aria-current={isAt(view === 'node')}>
          Node
        </a>
      </nav>
      <span class="grow" />
      <Health />
      <span class={`state ${shared.link.state.value}`} role="status" aria-label="Connection">
        {linkTexts[shared.link.state.value]}
      </span>
      <label class="theme">
        <span class="hidden">Theme</span>
        <select value={shared.theme.theme.value} onChange={(event) => choose(event.currentTarget.value)}>
          {themes.map((theme) => (
            <option key={theme} value={theme}>
              {themeTexts[theme]}
            </option>
          ))}
        </select>
      </label>
      <button
        type="button"
        class="quiet"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={() => shared.open('shortcuts')}
      >
        ?
      </button>
    </header>
  );

  function choose(value: string): void {
    const theme = themes.find((one) => one === value);
    if (theme !== undefined) shared.theme.choose(theme);
  }
}

/** No link: the address says what is shown. */
function focusMain(): void {
  const main = document.getElementById('main');
  main?.setAttribute('tabindex', '-1');
  main?.focus();
}

/** Only what is wrong takes room here. */
function Health() {
  const readiness = useConsole().node.readiness.value;
  if (readiness.is !== 'ready' || readiness.value.isReady) return null;
  return (
    <a class="state bad" href="#/node">
      Node not ready
    </a>
  );
}
