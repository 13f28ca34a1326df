import type { LogRecord } from '../model/group-ports.js';
import { StoredGroup } from './group/stored-group.js';
import { decodeRecord } from './records/record.js';

/** Records in, groups out: what the log says, whatever was rewritten or repeated in it. */
export class Replay {
  readonly #groups = new Map<string, StoredGroup>();
  #count = 0;
  #problem: string | undefined;

  get groups(): Iterable<StoredGroup> {
    return this.#groups.values();
  }

  /** Records that were taken. */
  get count(): number {
    return this.#count;
  }

  /** What could not be read: nothing behind it was looked at. */
  get problem(): string | undefined {
    return this.#problem;
  }

  take(records: readonly LogRecord[]): void {
    for (const record of records) if (this.#problem === undefined) this.#apply(record);
  }

  #apply(logged: LogRecord): void {
    const decoded = decodeRecord(logged);
    if (!decoded.ok) {
      this.#problem = `record ${this.#count} cannot be read: ${decoded.error}`;
      return;
    }
    this.#count += 1;
    const record = decoded.value;
    if (record === undefined) return;
    const group = this.#groups.get(record.groupId) ?? new StoredGroup(record.groupId);
    group.apply(record);
    if (group.isEmpty) this.#groups.delete(record.groupId);
    else this.#groups.set(record.groupId, group);
  }
}
