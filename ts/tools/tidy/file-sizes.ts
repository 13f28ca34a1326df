// Files above the general limit, with the size they may not pass. A row wants a reason beside it: one thing that is long.
export const fileSizes: ReadonlyMap<string, number> = new Map<string, number>([]);
