import { fstatSync } from 'node:fs';

/** Of stdin where it is a file; else nobody knows how much will come. */
export function sizeOfInput(): number | undefined {
  const found = fstatSync(process.stdin.fd);
  return found.isFile() && found.size > 0 ? found.size : undefined;
}
