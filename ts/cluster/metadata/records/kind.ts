import type { FieldReader, FieldWriter } from './fields.js';

/** One kind of record. Its number and its bytes stay readable forever; a new meaning gets a new kind. */
export interface Kind<T> {
  readonly kind: number;
  encode(record: T, fields: FieldWriter): void;
  /** Throws BadField. */
  decode(fields: FieldReader): T;
}
