import type { ClusterCommands, Failure, NodeCommands } from '../model/ports.js';
import type { Result } from '../model/result.js';
import type { CommandCall, CommandName } from './messages.js';
import { Requests } from './requests.js';

/** The controller, as a thread sees it that has only a message port to it. */
export class RemoteCommands implements ClusterCommands, NodeCommands {
  readonly #requests = new Requests<Result<unknown, Failure>>();
  readonly #send: (id: number, call: CommandCall) => void;

  constructor(send: (id: number, call: CommandCall) => void) {
    this.#send = send;
  }

  createTopic: ClusterCommands['createTopic'] = (...args) => this.#ask('createTopic', args);
  createOffsetsTopic: ClusterCommands['createOffsetsTopic'] = (...args) => this.#ask('createOffsetsTopic', args);
  deleteTopic: ClusterCommands['deleteTopic'] = (...args) => this.#ask('deleteTopic', args);
  addPartitions: ClusterCommands['addPartitions'] = (...args) => this.#ask('addPartitions', args);
  alterTopic: ClusterCommands['alterTopic'] = (...args) => this.#ask('alterTopic', args);
  allocateProducer: ClusterCommands['allocateProducer'] = (...args) => this.#ask('allocateProducer', args);
  setLogLevel: NodeCommands['setLogLevel'] = (...args) => this.#ask('setLogLevel', args);

  #ask<T>(name: CommandName, args: readonly unknown[]): Promise<Result<T, Failure>> {
    const answer = this.#requests.ask((id) => this.#send(id, { name, args }));
    return answer as Promise<Result<T, Failure>>;
  }

  answer(id: number, result: Result<unknown, Failure>): void {
    this.#requests.answer(id, result);
  }
}
