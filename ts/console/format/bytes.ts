const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });

/** Undefined: these bytes are no UTF-8. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** With what is no UTF-8 marked in it. */
export function text(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}

/** Indented; undefined: this is no JSON object, array or string. A number alone reads better as the text that it is. */
export function json(bytes: Uint8Array): string | undefined {
  const source = utf8(bytes);
  if (source === undefined || !/^\s*[[{"]/.test(source)) return undefined;
  try {
    return JSON.stringify(JSON.parse(source), null, 2);
  } catch {
    return undefined;
  }
}

const perLine = 16;
const hexOf = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

/** As hexdump shows it: place, sixteen bytes, and what of them is ASCII. */
export function hex(bytes: Uint8Array, linesMax = 1024): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length && lines.length < linesMax; at += perLine) {
    const line = [...bytes.subarray(at, at + perLine)];
    const digits = line.map((byte) => hexOf(byte, 2)).join(' ');
    const ascii = line.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${hexOf(at, 8)}  ${digits.padEnd(perLine * 3)} ${ascii}`);
  }
  const rest = bytes.length - linesMax * perLine;
  return rest > 0 ? `${lines.join('\n')}\n… ${rest} bytes more` : lines.join('\n');
}

/** One line for the list: the beginning as text, with control characters shown as what they are. */
export function preview(bytes: Uint8Array, sizeMax = 400): string {
  // A character that the cut falls into would be shown as broken: a few bytes more than can be shown.
  const part = lenient.decode(bytes.subarray(0, sizeMax + 4)).slice(0, sizeMax);
  return part.replace(/\s+/g, ' ').replace(/\p{Cc}/gu, pictureOf);
}

/** Unicode has a picture of each of the first 32 control characters; one stands for the others. */
function pictureOf(control: string): string {
  const code = control.charCodeAt(0);
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\u2421';
}

/** "00 ff 7a" or "00ff7a" to bytes; undefined: it is neither. */
export function bytesOfHex(source: string): Uint8Array | undefined {
  const digits = source.replace(/\s+/g, '');
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) return undefined;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
