import type { HeaderForm } from '../forms/new-record.js';

interface HeaderFieldsProps {
  readonly headers: readonly HeaderForm[];
  readonly problem: string | undefined;
  readonly onChange: (headers: readonly HeaderForm[]) => void;
}

const headersMax = 100;

export function HeaderFields({ headers, problem, onChange }: HeaderFieldsProps) {
  const change = (at: number, part: Partial<HeaderForm>) =>
    onChange(headers.map((header, index) => (index === at ? { ...header, ...part } : header)));
  return (
    <fieldset class={problem === undefined ? 'headers' : 'headers wrong'}>
      <legend>Headers</legend>
      {headers.map((header, index) => (
        // A header has no other name than its place
        <div class="header-row" key={index}>
          <input
            type="text"
            aria-label={`Name of header ${index + 1}`}
            placeholder="Name"
            spellcheck={false}
            value={header.name}
            onInput={(event) => change(index, { name: event.currentTarget.value })}
          />
          <input
            type="text"
            aria-label={`Value of header ${index + 1}`}
            placeholder="Value"
            spellcheck={false}
            value={header.value}
            onInput={(event) => change(index, { value: event.currentTarget.value })}
          />
          <button
            type="button"
            class="quiet"
            aria-label={`Remove header ${index + 1}`}
            onClick={() => onChange(headers.filter((_, other) => other !== index))}
          >
            ✕
          </button>
        </div>
      ))}
      <button
        type="button"
        disabled={headers.length >= headersMax}
        onClick={() => onChange([...headers, { name: '', value: '' }])}
      >
        Add header
      </button>
      {problem !== undefined && <small role="alert">{problem}</small>}
    </fieldset>
  );
}
