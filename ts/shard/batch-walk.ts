import { layout } from '../wire/records/layout.js';

/** The base offset of the first of whole batches that lie one behind the other, and the leader epoch of the last. */
export function endsOfBatches(bytes: Uint8Array): { readonly base: number; readonly leaderEpoch: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let last = 0;
  for (let at = 0; at < bytes.length; at += sizeAt(view, at)) last = at;
  return { base: Number(view.getBigInt64(layout.baseOffset)), leaderEpoch: view.getInt32(last + layout.leaderEpoch) };
}

function sizeAt(view: DataView, at: number): number {
  return layout.prefixSize + view.getInt32(at + layout.length);
}
