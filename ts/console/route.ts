export const tabs = ['records', 'partitions', 'settings'] as const;
export type Tab = (typeof tabs)[number];

export type Route =
  | { readonly view: 'topics' }
  | { readonly view: 'topic'; readonly topic: string; readonly tab: Tab }
  | { readonly view: 'node' }
  | { readonly view: 'nowhere' };

/** What stands behind # in the address. */
export function routeOf(hash: string): Route {
  const [first = '', name = '', tab = 'records', ...more] = hash.replace(/^#?\/?/, '').split('/');
  if (more.length > 0) return { view: 'nowhere' };
  if (first === '' || (first === 'topics' && name === '')) return { view: 'topics' };
  if (first === 'node' && name === '') return { view: 'node' };
  const topic = decoded(name);
  if (first !== 'topics' || topic === undefined || !isTab(tab)) return { view: 'nowhere' };
  return { view: 'topic', topic, tab };
}

export function hashOf(route: Route): string {
  if (route.view === 'topic') return `#/topics/${encodeURIComponent(route.topic)}/${route.tab}`;
  return route.view === 'node' ? '#/node' : '#/topics';
}

function isTab(text: string): text is Tab {
  return (tabs as readonly string[]).includes(text);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
