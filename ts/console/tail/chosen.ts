import type { RecordRow } from './row.js';

/** A record that was chosen in the list: kept, so that it stays when the list has dropped it. */
export interface Chosen {
  /** Its row's, in the buffer. */
  readonly number: number;
  readonly row: RecordRow;
}
