import { Worker } from 'node:worker_threads';
import type { ViewChange } from '../cluster/view.js';
import { assert } from '../model/assert.js';
import type { HostAnswer, ShardAssignment } from '../model/assignment.js';
import type { Failure } from '../model/ports.js';
import type { Result } from '../model/result.js';
import type { TopicUsage } from '../shard/measures.js';
import type { DataThreadStart } from './data-thread.js';
import { endOnFailure } from './fault.js';
import type { CommandCall, FromDataThread, GatewayAddresses, NodeCondition, ToDataThread } from './messages.js';
import type { LogLine } from './thread-log.js';
import { portsOf } from './wiring.js';

export interface ThreadEvents {
  command(call: CommandCall): Promise<Result<unknown, Failure>>;
  assigned(number: number, shard: number, answers: readonly HostAnswer[]): void;
  viewed(version: number): void;
  fenced(shard: number, reason: string): void;
  noSpace(): void;
  groupsProblem(shard: number, problem: string): void;
  log(line: LogLine): void;
  usage(thread: DataThreadHost, topics: readonly TopicUsage[]): void;
}

type Once = Exclude<
  FromDataThread['kind'],
  'assigned' | 'viewed' | 'command' | 'fenced' | 'no-space' | 'groups-problem' | 'log' | 'usage'
>;

/**
 * Six times less than by default. What a turn allocates fits, collecting it is as short, and ten thousand connections do not leave 2 KiB
 * each of touched and empty heap behind them.
 */
const maxYoungGenerationSizeMb = 8;

/** A data thread, as the cluster thread has it. Each of its steps is asked for once and answered once. */
export class DataThreadHost {
  readonly #worker: Worker;
  readonly #steps = new Map<Once, (message: FromDataThread) => void>();
  readonly #events: ThreadEvents;
  #isEnding = false;

  constructor(start: DataThreadStart, events: ThreadEvents) {
    this.#events = events;
    const transferList = [...portsOf(start.wiring)];
    const options = { workerData: start, transferList, resourceLimits: { maxYoungGenerationSizeMb } };
    this.#worker = new Worker(new URL('./data-worker.js', import.meta.url), options);
    this.#worker.on('message', (message: FromDataThread) => this.#receive(message));
    this.#worker.on('error', endOnFailure);
    this.#worker.on('exit', (code) => {
      if (!this.#isEnding) endOnFailure(new Error(`a data thread ended with code ${code}`));
    });
  }

  #send(message: ToDataThread): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromDataThread): void {
    switch (message.kind) {
      case 'assigned':
        this.#events.assigned(message.number, message.shard, message.answers);
        return;
      case 'viewed':
        this.#events.viewed(message.version);
        return;
      case 'command':
        return void this.#command(message.id, message.call);
      case 'fenced':
        this.#events.fenced(message.shard, message.reason);
        return;
      case 'no-space':
        this.#events.noSpace();
        return;
      case 'groups-problem':
        this.#events.groupsProblem(message.shard, message.problem);
        return;
      case 'log':
        this.#events.log(message.line);
        return;
      case 'usage':
        this.#events.usage(this, message.topics);
        return;
      default:
        this.#stepDone(message);
        return;
    }
  }

  async #command(id: number, call: CommandCall): Promise<void> {
    this.#send({ kind: 'answer', id, result: await this.#events.command(call) });
  }

  #stepDone(message: FromDataThread & { kind: Once }): void {
    const resolve = this.#steps.get(message.kind);
    assert(resolve !== undefined, `a data thread says "${message.kind}", which nobody asked for`);
    this.#steps.delete(message.kind);
    resolve(message);
  }

  #step<K extends Once>(kind: K): Promise<Extract<FromDataThread, { kind: K }>> {
    return new Promise((resolve) => {
      this.#steps.set(kind, resolve as (message: FromDataThread) => void);
    });
  }

  async opened(): Promise<void> {
    await this.#step('opened');
  }

  assign(number: number, assignment: ShardAssignment): void {
    this.#send({ kind: 'assign', number, assignment });
  }

  view(change: ViewChange): void {
    this.#send({ kind: 'view', change });
  }

  /** The addresses of its gateways, or why there is none. */
  async listen(): Promise<readonly Result<GatewayAddresses, string>[]> {
    this.#send({ kind: 'listen' });
    return (await this.#step('listening')).addresses;
  }

  setCondition(condition: NodeCondition): void {
    this.#send({ kind: 'condition', condition });
  }

  async drain(reason: string, reconnectAfterMs: number): Promise<void> {
    this.#send({ kind: 'drain', reason, reconnectAfterMs });
    await this.#step('drained');
  }

  /** What went wrong while closing, for the log. */
  async close(): Promise<readonly string[]> {
    this.#isEnding = true;
    this.#send({ kind: 'close' });
    const { problems } = await this.#step('closed');
    await this.#worker.terminate();
    return problems;
  }
}
