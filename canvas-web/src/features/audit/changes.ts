import type { AuditLine } from '@/api/people';

export interface Change {
  what: string;
  before?: string;
  after?: string;
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What a line says that changed, part by part; ids of members by their names. */
export function changes(line: AuditLine, nameOf: (user: string) => string | undefined): Change[] {
  const before = flat(line.before);
  const after = flat(line.after);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const said = (value: unknown): string | undefined => {
    if (value === undefined || value === null) {
      return undefined;
    }
    return typeof value === 'string' ? (nameOf(value) ?? value) : shortJson(value, nameOf);
  };
  return names
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => ({ what: name.replaceAll('_', ' '), before: said(before[name]), after: said(after[name]) }))
    .filter((change) => change.before !== undefined || change.after !== undefined);
}

/** Parts of parts side by side: `settings.domains` stands for itself. */
function flat(value: unknown, prefix = ''): Record<string, unknown> {
  if (!isRecord(value)) {
    return {};
  }
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, part]) => (isRecord(part) ? flat(part, `${prefix}${name} `) : { [prefix + name]: part })),
  );
}

function shortJson(value: unknown, nameOf: (user: string) => string | undefined): string {
  if (Array.isArray(value)) {
    return value.length === 0 ? 'none' : value.map((one) => shortJson(one, nameOf)).join(', ');
  }
  if (isRecord(value)) {
    return Object.values(value)
      .map((one) => shortJson(one, nameOf))
      .join(' ');
  }
  return typeof value === 'string' ? (nameOf(value) ?? value) : String(value);
}
