/** Ends of a message channel, as far as the link needs them: Node's MessagePort, or two queues in a test. */
export interface LinkPort<Out, In> {
  send(message: Out, transfer: readonly ArrayBuffer[]): void;
  receive(callback: (message: In) => void): void;
}

/** A batch that can never fit a ring, on its way to the shard. Its acknowledgement comes through the ring like any other. */
export interface LargeAppend {
  readonly handle: number;
  readonly ticket: number;
  readonly batch: Uint8Array;
}

/** What was read, where a single batch is larger than a reply may be. */
export interface LargeRead {
  readonly ticket: number;
  /** As in a reply. */
  readonly words: Float64Array;
  readonly bytes: Uint8Array;
  /** The number of the answer memory that they lie in; absent: in their own. */
  readonly memory?: number;
}

export type GatewayPort = LinkPort<LargeAppend, LargeRead>;
export type ShardLinkPort = LinkPort<LargeRead, LargeAppend>;

/** Large appends under way: one per partition, and a budget for all (DURABILITY.md rule 19). */
export class LargeBatches {
  readonly #port: GatewayPort;
  readonly #sizeMax: number;
  readonly #sizes = new Map<number, number>();
  #size = 0;

  constructor(port: GatewayPort, sizeMax: number) {
    this.#port = port;
    this.#sizeMax = sizeMax;
  }

  isUnderWay(handle: number): boolean {
    return this.#sizes.has(handle);
  }

  /** A batch above the whole budget goes alone: topics are refused such a limit, so it is close to it. */
  hasRoom(size: number): boolean {
    return this.#size === 0 || this.#size + size <= this.#sizeMax;
  }

  /** Copies the batch: its memory is the caller's again. */
  send(handle: number, ticket: number, batch: Uint8Array): void {
    const copy = new Uint8Array(batch);
    this.#sizes.set(handle, copy.length);
    this.#size += copy.length;
    this.#port.send({ handle, ticket, batch: copy }, [copy.buffer]);
  }

  answered(handle: number): void {
    this.#size -= this.#sizes.get(handle) ?? 0;
    this.#sizes.delete(handle);
  }

  onRead(callback: (read: LargeRead) => void): void {
    this.#port.receive(callback);
  }
}
