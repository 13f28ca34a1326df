// What a client may want of a topic, in the words of the control plane.

/** For each partition the nodes that have a replica, the leader first. */
export type Assignments = readonly (readonly number[])[];

export interface ConfigChange {
  readonly set: Readonly<Record<string, string>>;
  readonly reset: readonly string[];
  /** To what a list has in it now. */
  readonly append?: Readonly<Record<string, readonly string[]>>;
  /** Out of what a list has in it now. */
  readonly subtract?: Readonly<Record<string, readonly string[]>>;
  /** What the change does not name goes back to its default. */
  readonly resetsOthers?: boolean;
}
