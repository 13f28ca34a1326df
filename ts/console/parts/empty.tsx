import type { ComponentChildren } from 'preact';

interface EmptyProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly isAlert?: boolean;
}

/** Nothing to show: why, and what to do next. */
export function Empty({ title, children, isAlert = false }: EmptyProps) {
  return (
    <div class="empty" role={isAlert ? 'alert' : undefined}>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Loading({ what }: { readonly what: string }) {
  return (
    <p class="loading" role="status">
      Loading {what}…
    </p>
  );
}
