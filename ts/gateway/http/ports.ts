import type { Offset } from '../../model/offset.js';
import type { Failure } from '../../model/ports.js';
import type { Result } from '../../model/result.js';

/** Text where the bytes are UTF-8, else base64, and then `encoding` says so. Null is null. */
export interface BytesView {
  readonly text: string | null;
  readonly encoding?: 'base64';
}

export interface RecordView {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: BytesView;
  readonly value: BytesView;
  readonly headers: readonly { readonly name: string; readonly value: BytesView }[];
}

export interface ViewLimits {
  readonly countMax: number;
  /** Of keys, values and headers together, and of one batch once its compression is undone. */
  readonly sizeMax: number;
}

/** Looks into batches, away from the thread that serves sockets: the gateway itself never does. */
export interface RecordViews {
  /** Records of whole batches from an offset on; no more than so many, and no more than so many bytes of them. */
  decode(batches: Uint8Array, from: Offset, limits: ViewLimits): Promise<Result<DecodedRecords, Failure>>;
}

export interface DecodedRecords {
  readonly records: readonly RecordView[];
  /** Where the next call begins. */
  readonly next: Offset;
}

/** Bytes that belong to the program: the console's page and what it loads, the SDK for browsers. */
export interface StaticFiles {
  /** Undefined: there is none of this path. A path has no dots in it that lead anywhere. */
  find(path: string): { readonly bytes: Uint8Array; readonly etag: string } | undefined;
}
