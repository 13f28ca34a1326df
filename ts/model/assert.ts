/** Our own bug: an invariant that did not hold. The thread's entry ends the process with its exit code. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
}

/**
 * Stays on in production. Never for what a client, a peer or a disk may send: those answer with a `Result`. Where it is asked for each
 * batch, a function makes the message: the text of a large number costs more than the question.
 */
export function assert(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new BrokenInvariant(typeof message === 'string' ? message : message());
}
