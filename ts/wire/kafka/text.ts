// UTF-8, as Kafka reads it: what is no UTF-8 becomes U+FFFD, and a byte order mark is a character like others.

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = new TextEncoder();

/** From here on the decoder's set-up costs less than a loop. */
const shortMax = 48;

export function textOf(bytes: Uint8Array, from: number, end: number): string {
  if (end - from > shortMax) return decode(bytes, from, end);
  let text = '';
  for (let at = from; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x80) return decode(bytes, from, end);
    text += String.fromCharCode(byte);
  }
  return text;
}

// A copy, because decoders may refuse memory that threads share.
function decode(bytes: Uint8Array, from: number, end: number): string {
  return decoder.decode(bytes.slice(from, end));
}

/** In bytes, or undefined where the text is not ASCII and only encoding it tells. */
export function asciiSize(text: string): number | undefined {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) >= 0x80) return undefined;
  return text.length;
}

export function utf8Of(text: string): Uint8Array {
  return encoder.encode(text);
}
