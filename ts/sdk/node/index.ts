import { type Client, type ConnectOptions, connectWith, type Runtime } from '../core/client.js';
import { systemClock } from '../core/clock.js';
import { codecLoaders } from '../core/compression/loaders.js';
import { version } from '../core/version.js';
import { observe } from './diagnostics.js';
import { gzip } from './gzip.js';
import { dial } from './websocket.js';

export * from '../core/index.js';

const runtime: Runtime = {
  name: `millrace-js/${version} node/${process.versions.node}`,
  dial,
  clock: systemClock,
  chance: Math.random,
  codecs: { ...codecLoaders, gzip: async () => gzip },
  observe,
  onWake: () => () => undefined,
};

/** Connects to the gateway of any node of a cluster: `host:port`, or `ws://host:port`. */
export function connect(url = '127.0.0.1:9080', options: ConnectOptions = {}): Promise<Client> {
  return connectWith(url, options, runtime);
}
