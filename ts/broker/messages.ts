import type { PartitionHandle, ShardAssignment } from '../model/assignment.js';
import type { TopicId } from '../model/ids.js';
import type { Failure, ClusterCommands, TopicRoute } from '../model/ports.js';
import type { Result } from '../model/result.js';
import type { TopicConfigs } from '../model/topic-config.js';

// What the cluster thread and the data threads tell each other, by message port.

/** A topic as gateways have to know it. */
export interface RoutedTopic {
  readonly route: TopicRoute;
  readonly configs: TopicConfigs;
}

export interface RouteUpdate {
  readonly topics: readonly RoutedTopic[];
  readonly removed: readonly { readonly name: string; readonly topicId: TopicId }[];
}

/** What the node can do at the moment, and why not more. */
export interface NodeCondition {
  readonly isReady: boolean;
  /** Absent: batches are taken. */
  readonly produceRefusal?: Failure;
  /** For people: /readyz, the console, the log. */
  readonly reasons: readonly string[];
}

export type CommandName = keyof ClusterCommands;

export interface CommandCall {
  readonly name: CommandName;
  readonly args: readonly unknown[];
}

export type ToDataThread =
  | { readonly kind: 'assign'; readonly id: number; readonly shard: number; readonly assignment: ShardAssignment }
  | { readonly kind: 'routes'; readonly id: number; readonly update: RouteUpdate }
  | { readonly kind: 'listen' }
  | { readonly kind: 'answer'; readonly id: number; readonly result: Result<unknown, Failure> }
  | { readonly kind: 'condition'; readonly condition: NodeCondition }
  | { readonly kind: 'drain'; readonly reason: string; readonly reconnectAfterMs: number }
  | { readonly kind: 'close' };

export type FromDataThread =
  | { readonly kind: 'opened' }
  | { readonly kind: 'assigned'; readonly id: number; readonly result: Result<readonly PartitionHandle[], Failure> }
  | { readonly kind: 'routed'; readonly id: number }
  | { readonly kind: 'listening'; readonly addresses: readonly string[] }
  | { readonly kind: 'command'; readonly id: number; readonly call: CommandCall }
  | { readonly kind: 'fenced'; readonly shard: number; readonly reason: string }
  | { readonly kind: 'drained' }
  | { readonly kind: 'closed'; readonly problems: readonly string[] };
