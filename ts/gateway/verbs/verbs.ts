import type { Clock, ClusterCommands, NodeCommands, NodeView } from '../../model/ports.js';
import type { Routing } from '../routing.js';
import type { SessionLimits } from '../websocket/session.js';
import type { Fetch } from './fetch.js';
import type { Gather } from './gather.js';
import type { Groups } from './groups.js';
import type { MissingTopics } from './missing-topics.js';
import type { Produce } from './produce.js';

/** What requests mean, for every door of the node. */
export interface Verbs {
  readonly routing: Routing;
  readonly commands: ClusterCommands;
  readonly nodeCommands: NodeCommands;
  readonly missing: MissingTopics;
  readonly produce: Produce;
  readonly fetch: Fetch;
  readonly groups: Groups;
  readonly gather: Gather;
  readonly node: NodeView;
  readonly clock: Clock;
  readonly limits: SessionLimits;
  readonly counts: () => { readonly connections: number; readonly subscriptions: number };
}
