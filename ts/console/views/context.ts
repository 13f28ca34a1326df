import { createContext } from 'preact';
import { useContext, useEffect } from 'preact/hooks';
import type { Console } from '../live/console.js';
import type { Action } from '../shortcuts.js';

export const ConsoleContext = createContext<Console | undefined>(undefined);

export function useConsole(): Console {
  const shared = useContext(ConsoleContext);
  if (shared === undefined) throw new Error('a view outside of the console');
  return shared;
}

/** The actions that this view performs while it is on the screen. Each says whether there was something to do. */
export function useActions(actions: Partial<Readonly<Record<Action, () => void>>>): void {
  const shared = useConsole();
  useEffect(() =>
    shared.performWith((action) => {
      const act = actions[action];
      act?.();
      return act !== undefined;
    }),
  );
}
