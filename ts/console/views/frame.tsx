import { useEffect } from 'preact/hooks';
import { actionOf } from '../shortcuts.js';
import { useConsole } from './context.js';
import { CreateTopic } from './create-topic.js';
import { Header } from './header.js';
import { NodeView } from './node-view.js';
import { Shortcuts } from './shortcuts-list.js';
import { TopicView } from './topic-view.js';
import { TopicsView } from './topics-view.js';

/** Where keys are text, or choose among options. */
const textual = 'input, textarea, select, [contenteditable], dialog';
/** What has a meaning of its own for a press of the space bar. */
const pressable = 'button, a, summary';

export function Frame() {
  const shared = useConsole();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : undefined;
      const isTaken = target?.closest(textual) != null || (event.key === ' ' && target?.closest(pressable) != null);
      const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
      const action = actionOf({ key: event.key, hasModifier, isTaken }, shared.route.value);
      if (action !== undefined && shared.dialog.value === undefined && shared.perform(action)) event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [shared]);
  return (
    <>
      <Header />
      <main id="main">
        <Unreachable />
        <View />
      </main>
      <p class="notice" role="status" aria-label="Last action">
        {shared.notice.value}
      </p>
      {shared.dialog.value === 'shortcuts' && <Shortcuts />}
      {shared.dialog.value === 'create' && <CreateTopic />}
    </>
  );
}

function View() {
  const route = useConsole().route.value;
  switch (route.view) {
    case 'topics':
      return <TopicsView />;
    case 'topic':
      return <TopicView key={route.topic} topic={route.topic} tab={route.tab} />;
    case 'node':
      return <NodeView />;
    case 'nowhere':
      return (
        <section class="empty">
          <h1>There is nothing at this address</h1>
          <p>
            Go to the <a href="#/topics">topics</a> or the <a href="#/node">node</a>.
          </p>
        </section>
      );
  }
}

/** Said once, above whatever is shown: what was known stays on the screen. */
function Unreachable() {
  const { link } = useConsole();
  if (link.state.value === 'connected') return null;
  const isFirst = link.client.value === undefined;
  if (isFirst && link.why.value === '') return null;
  return (
    <div class="banner" role="alert">
      <strong>{isFirst ? 'The node does not answer.' : 'The connection to the node is lost.'}</strong>{' '}
      {isFirst
        ? 'Is it running, and does this address lead to its gateway? It is tried again by itself.'
        : 'It is tried again by itself, and everything goes on where it was. If this lasts, see whether the node is running.'}
    </div>
  );
}
