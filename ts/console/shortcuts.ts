import type { Route } from './route.js';

export type Action =
  | 'topics'
  | 'node'
  | 'find'
  | 'create'
  | 'produce'
  | 'pause'
  | 'end'
  | 'beginning'
  | 'jump'
  | 'next'
  | 'previous'
  | 'theme'
  | 'shortcuts';

interface Shortcut {
  readonly keys: readonly string[];
  readonly action: Action;
  readonly does: string;
  /** Where it works; undefined: everywhere. */
  readonly where?: 'topics' | 'topic' | 'records';
}

/** What `?` lists. Keys are those of KeyboardEvent.key. */
export const shortcuts: readonly Shortcut[] = [
  { keys: ['t'], action: 'topics', does: 'Go to the topics' },
  { keys: ['n'], action: 'node', does: 'Go to the node' },
  { keys: ['/'], action: 'find', does: 'Filter what is shown' },
  { keys: ['c'], action: 'create', does: 'Create a topic', where: 'topics' },
  { keys: ['p'], action: 'produce', does: 'Produce a record', where: 'topic' },
  { keys: [' '], action: 'pause', does: 'Pause and go on', where: 'records' },
  { keys: ['e'], action: 'end', does: 'Jump to the end: live', where: 'records' },
  { keys: ['b'], action: 'beginning', does: 'Jump to the beginning', where: 'records' },
  { keys: ['g'], action: 'jump', does: 'Jump to an offset or time', where: 'records' },
  { keys: ['j', 'ArrowDown'], action: 'next', does: 'Next record', where: 'records' },
  { keys: ['k', 'ArrowUp'], action: 'previous', does: 'Previous record', where: 'records' },
  { keys: ['d'], action: 'theme', does: 'Dark, light, or as the system' },
  { keys: ['?'], action: 'shortcuts', does: 'This list' },
];

/** What is pressed, and where the focus is. */
export interface Press {
  readonly key: string;
  readonly hasModifier: boolean;
  /** The focus is where keys are text, or is a control that has a meaning for them. */
  readonly isTaken: boolean;
}

export function actionOf({ key, hasModifier, isTaken }: Press, route: Route): Action | undefined {
  if (hasModifier || isTaken) return undefined;
  return shortcuts.find(({ keys, where }) => keys.includes(key) && isAt(where, route))?.action;
}

function isAt(where: Shortcut['where'], route: Route): boolean {
  if (where === undefined) return true;
  if (where === 'records') return route.view === 'topic' && route.tab === 'records';
  return route.view === where;
}
