// The readers of a feed that get what is published. Their grants are numbers in one array: most publishes compare one number and
// touch no reader.

/** A reader as this set sees it. */
export interface LiveReader {
  /** Where it stands in the set; -1: not in it. */
  place: number;
  /** Bytes granted for this publish and maybe some more; 0: it cannot take it. What an old grant left comes back first. */
  renew(left: number, size: number): number;
  /** It leaves, and gets back what it was granted and did not use. */
  refund(left: number): void;
}

export class LiveSet<Reader extends LiveReader> {
  readonly #readers: Reader[] = [];
  /** Of `published`, up to which each reader's grant lasts. */
  readonly #limits: number[] = [];
  /** Not above the smallest of them. */
  #limitMin = Number.POSITIVE_INFINITY;
  /** Bytes published so far. */
  #published = 0;

  get count(): number {
    return this.#readers.length;
  }

  get readers(): readonly Reader[] {
    return this.#readers;
  }

  add(reader: Reader): void {
    reader.place = this.#readers.length;
    this.#readers.push(reader);
    this.#limits.push(this.#published);
    this.#limitMin = Math.min(this.#limitMin, this.#published);
  }

  remove(reader: Reader): void {
    const place = reader.place;
    if (place < 0) return;
    reader.refund((this.#limits[place] ?? 0) - this.#published);
    reader.place = -1;
    const last = this.#readers.pop();
    const limit = this.#limits.pop();
    if (last === undefined || limit === undefined || last === reader) return;
    this.#readers[place] = last;
    this.#limits[place] = limit;
    last.place = place;
  }

  /** Makes room for a publish of this size: those that cannot take it are out of the set, and the answer. */
  prepare(size: number): readonly Reader[] {
    const end = this.#published + size;
    if (end <= this.#limitMin) return nobody;
    const leaving: Reader[] = [];
    let limitMin = Number.POSITIVE_INFINITY;
    for (let place = 0; place < this.#readers.length; ) {
      const reader = this.#readers[place] as Reader;
      let limit = this.#limits[place] as number;
      if (limit < end) {
        limit = this.#published + reader.renew(limit - this.#published, size);
        this.#limits[place] = limit;
      }
      if (limit < end) {
        // What it was given back is given back: it leaves with nothing.
        this.#limits[place] = this.#published;
        this.remove(reader);
        leaving.push(reader);
        continue;
      }
      limitMin = Math.min(limitMin, limit);
      place += 1;
    }
    this.#limitMin = limitMin;
    return leaving;
  }

  onPublished(size: number): void {
    this.#published += size;
  }
}

const nobody: readonly never[] = [];
