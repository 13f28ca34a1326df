/** What stands in the form. */
export interface TopicForm {
  readonly name: string;
  readonly partitions: string;
  readonly durability: 'fsync' | 'replicated';
  /** A setting on each line: name=value. */
  readonly settings: string;
}

export interface TopicWish {
  readonly name: string;
  readonly partitions: number;
  readonly configs: Readonly<Record<string, string>>;
}

/** A field of the form, and what is wrong with it. */
export interface Problem {
  readonly field: keyof TopicForm;
  readonly why: string;
}

export type TopicResult =
  | { readonly isValid: true; readonly wish: TopicWish }
  | { readonly isValid: false; readonly problem: Problem };

const wrong = (field: keyof TopicForm, why: string): TopicResult => ({ isValid: false, problem: { field, why } });

/** Only what no server has to be asked for: the rest it says itself. */
export function wishOf({ name, partitions, durability, settings }: TopicForm): TopicResult {
  const wanted = name.trim();
  if (!/^[\w.-]{1,249}$/.test(wanted) || wanted === '.' || wanted === '..') {
    return wrong('name', 'A name has 1 to 249 letters, digits, dots, dashes and underscores.');
  }
  const number = Number(partitions.trim());
  if (!/^\d+$/.test(partitions.trim()) || number < 1) return wrong('partitions', 'A topic has 1 partition or more.');
  const configs: Record<string, string> = {};
  for (const line of settings.split('\n').map((each) => each.trim())) {
    if (line === '') continue;
    const at = line.indexOf('=');
    if (at < 1) return wrong('settings', `“${line}” is no setting: name=value, one on each line.`);
    configs[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  // The default is left to the node, which says so among the settings.
  if (durability === 'replicated') configs['durability'] = durability;
  return { isValid: true, wish: { name: wanted, partitions: number, configs } };
}
