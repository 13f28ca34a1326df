import { crc32c } from '../../wire/records/crc32c.js';
import { BatchHeader, hasRightCrc } from '../../wire/records/header.js';

/** Of damaged bytes the log says that they are: then a producer sends them again, as one whose batch is refused for what it says should not. */
export function isWhole(batch: Uint8Array): boolean {
  const header = BatchHeader.parse(batch);
  return header.ok && hasRightCrc(batch, header.value, crc32c);
}
