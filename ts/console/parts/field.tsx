import type { ComponentChildren } from 'preact';

interface FieldProps {
  readonly label: string;
  /** What is wrong with it. */
  readonly problem?: string | undefined;
  readonly hint?: string;
  readonly children: ComponentChildren;
}

/** A control under its name. */
export function Field({ label, problem, hint, children }: FieldProps) {
  return (
    <div class={problem === undefined ? 'field' : 'field wrong'}>
      {/* biome-ignore lint/a11y/noLabelWithoutControl: the control is what it is given */}
      <label>
        <span>{label}</span>
        {children}
      </label>
      {hint !== undefined && problem === undefined && <small>{hint}</small>}
      {problem !== undefined && <small role="alert">{problem}</small>}
    </div>
  );
}
