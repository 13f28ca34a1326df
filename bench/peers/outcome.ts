/** A peer that is ready to be measured, or why this machine has none, in one line. */
export type Peer<T> = { readonly value: T } | { readonly lacks: string };

export function isThere<T>(peer: Peer<T>): peer is { readonly value: T } {
  return 'value' in peer;
}
