/** What a view asks for: not there yet, there, or not to be had. What was there stays while newer news fail. */
export type Loaded<T> =
  | { readonly is: 'loading' }
  | { readonly is: 'ready'; readonly value: T }
  | { readonly is: 'failed'; readonly why: string; readonly code: string };

export const loading = { is: 'loading' } as const;

export function ready<T>(value: T): Loaded<T> {
  return { is: 'ready', value };
}

export function failedBy(error: unknown): { readonly is: 'failed'; readonly why: string; readonly code: string } {
  return { is: 'failed', why: messageOf(error), code: codeOf(error) };
}

export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text === '' ? 'no reason was given' : text;
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
