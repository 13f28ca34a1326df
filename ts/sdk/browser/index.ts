import { type Client, type ConnectOptions, connectWith, type Runtime } from '../core/client.js';
import { systemClock } from '../core/clock.js';
import { codecLoaders } from '../core/compression/loaders.js';
import { version } from '../core/version.js';
import { page } from './page.js';
import { dial } from './websocket.js';

export * from '../core/index.js';

const runtime: Runtime = {
  name: `millrace-js/${version} browser`,
  dial,
  clock: systemClock,
  chance: Math.random,
  codecs: codecLoaders,
  observe: () => undefined,
  onWake,
};

/** Timers stand still while a page sleeps or is offline: what wakes it is told, so that no time-out has to pass first. */
function onWake(wake: () => void): () => void {
  const { document } = page;
  const onVisible = () => {
    if (document?.visibilityState === 'visible') wake();
  };
  page.addEventListener('online', wake);
  document?.addEventListener('visibilitychange', onVisible);
  return () => {
    page.removeEventListener('online', wake);
    document?.removeEventListener('visibilitychange', onVisible);
  };
}

/** Connects to the gateway that served this page, unless another one is named. */
export function connect(url: string = ownGateway(), options: ConnectOptions = {}): Promise<Client> {
  return connectWith(url, options, runtime);
}

function ownGateway(): string {
  const { location } = page;
  return location === undefined ? '127.0.0.1:9080' : `${location.protocol}//${location.host}`;
}
