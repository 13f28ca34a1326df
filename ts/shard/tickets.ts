/** What the shard itself asks of the log. Never given twice, so that an answer belongs to one question. */
export class Tickets {
  #last = 0;

  next(): number {
    this.#last += 1;
    return this.#last;
  }
}
