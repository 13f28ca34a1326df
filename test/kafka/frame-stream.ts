/** Whole frames of a stream of bytes, without their sizes. */
export class FrameStream {
  #received: Uint8Array[] = [];
  #size = 0;

  push(bytes: Uint8Array): readonly Uint8Array[] {
    this.#received.push(bytes);
    this.#size += bytes.length;
    const frames: Uint8Array[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Uint8Array | undefined {
    if (this.#size < 4) return undefined;
    let first = this.#received[0] as Uint8Array;
    if (first.length < 4) first = this.#join();
    const size = new DataView(first.buffer, first.byteOffset).getInt32(0);
    if (this.#size < 4 + size) return undefined;
    const whole = this.#join();
    this.#received = whole.length > 4 + size ? [whole.subarray(4 + size)] : [];
    this.#size -= 4 + size;
    return whole.subarray(4, 4 + size);
  }

  #join(): Uint8Array {
    const whole = Buffer.concat(this.#received);
    this.#received = [whole];
    return whole;
  }
}
