/**
 * Why bytes are no message, or a value none that can be written: the only thing that the codec throws. Of a request it is the
 * client's fault and ends its connection; of an answer it is ours.
 */
export class CodecError extends Error {
  override readonly name = 'CodecError';
  readonly reason: string;
  /** Of the byte at which it was noticed, in what is read or written. */
  readonly position: number;
  #path = '';
  #where = '';

  constructor(reason: string, position: number) {
    super();
    this.reason = reason;
    this.position = position;
  }

  /** From the message down to the field, as in `topics[3].name`. */
  get path(): string {
    return this.#path;
  }

  override get message(): string {
    const at = this.#path === '' ? '' : ` ${this.#path}`;
    return `${this.#where}${at}: ${this.reason}, at byte ${this.position}`;
  }

  /** On its way out the error learns where it was, level by level: reading itself keeps no path. */
  under(step: string | number): void {
    const joint = this.#path === '' || this.#path.startsWith('[') ? '' : '.';
    this.#path = `${typeof step === 'number' ? `[${step}]` : step}${joint}${this.#path}`;
  }

  /** The message and its version, as in `Fetch request v12`. */
  of(where: string): void {
    this.#where = where;
  }
}

/** For the catch of one level: passes on what was thrown, with the level's own step. */
export function under(error: unknown, step: string | number): unknown {
  if (error instanceof CodecError) error.under(step);
  return error;
}
