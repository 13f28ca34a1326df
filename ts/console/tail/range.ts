/** Of a list whose rows are all as high as each other: those to draw, in row numbers, and how far down the first of them is. */
export interface Range {
  readonly from: number;
  /** Behind the last. */
  readonly to: number;
  readonly top: number;
}

export interface Viewport {
  readonly scrollTop: number;
  readonly height: number;
}

/** Drawn beyond either edge, so that a quick scroll does not show gaps. */
const overscan = 10;

export function rangeOf(first: number, end: number, rowHeight: number, { scrollTop, height }: Viewport): Range {
  const count = end - first;
  const at = Math.min(count, Math.max(0, Math.floor(scrollTop / rowHeight) - overscan));
  const to = Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + overscan);
  return { from: first + at, to: first + Math.max(at, to), top: at * rowHeight };
}

/** Where to scroll so that a row is seen whole, with as little movement as that takes. */
export function scrollToRow(number: number, first: number, rowHeight: number, { scrollTop, height }: Viewport): number {
  const top = (number - first) * rowHeight;
  if (top < scrollTop) return top;
  return top + rowHeight > scrollTop + height ? top + rowHeight - height : scrollTop;
}
