import type { ViewChange } from '../cluster/view.js';
import type { HostAnswer, ShardAssignment } from '../model/assignment.js';
import type { LogLevel } from '../model/log-level.js';
import type { ClusterCommands, Failure, NodeCommands } from '../model/ports.js';
import type { Result } from '../model/result.js';
import type { TopicUsage } from '../shard/measures.js';
import type { LogLine } from './thread-log.js';

// What the cluster thread and the data threads tell each other, by message port.

/** What the node can do at the moment, and why not more. */
export interface NodeCondition {
  readonly isReady: boolean;
  /** Absent: batches are taken. */
  readonly produceRefusal?: Failure;
  /** For people: /readyz, the console, the log. */
  readonly reasons: readonly string[];
  /** As of the last look; a topic once for each shard that has some of it. */
  readonly usage: readonly TopicUsage[];
  readonly diskFree: number;
  readonly diskSize: number;
  readonly logLevel: LogLevel;
}

export type CommandName = keyof ClusterCommands | keyof NodeCommands;

export interface CommandCall {
  readonly name: CommandName;
  readonly args: readonly unknown[];
}

/** Where a gateway listens. */
export interface GatewayAddresses {
  readonly gateway: string;
  readonly kafka: readonly string[];
}

export type ToDataThread =
  | { readonly kind: 'assign'; readonly number: number; readonly assignment: ShardAssignment }
  | { readonly kind: 'view'; readonly change: ViewChange }
  | { readonly kind: 'listen' }
  | { readonly kind: 'answer'; readonly id: number; readonly result: Result<unknown, Failure> }
  | { readonly kind: 'condition'; readonly condition: NodeCondition }
  | { readonly kind: 'drain'; readonly reason: string; readonly reconnectAfterMs: number }
  | { readonly kind: 'close' };

export type FromDataThread =
  | { readonly kind: 'opened' }
  | { readonly kind: 'assigned'; readonly number: number; readonly shard: number; readonly answers: readonly HostAnswer[] }
  | { readonly kind: 'viewed'; readonly version: number }
  | { readonly kind: 'listening'; readonly addresses: readonly Result<GatewayAddresses, string>[] }
  | { readonly kind: 'usage'; readonly topics: readonly TopicUsage[] }
  | { readonly kind: 'command'; readonly id: number; readonly call: CommandCall }
  | { readonly kind: 'fenced'; readonly shard: number; readonly reason: string }
  | { readonly kind: 'no-space' }
  | { readonly kind: 'groups-problem'; readonly shard: number; readonly problem: string }
  | { readonly kind: 'log'; readonly line: LogLine }
  | { readonly kind: 'drained' }
  | { readonly kind: 'closed'; readonly problems: readonly string[] };
