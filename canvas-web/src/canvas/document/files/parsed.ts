/** What reading a file comes to. */
import type { Fragment } from '../commands/copies';

/** What is wrong: where, as `objects[3].color` or `row 3`, and why. */
export interface Fault {
  readonly field: string;
  readonly why: string;
}

export type Parsed =
  | { readonly ok: true; readonly name: string | null; readonly fragment: Fragment }
  | { readonly ok: false; readonly reason: string; readonly faults: readonly Fault[] };

/** Most faults that are told. */
const most = 20;

/** Gathers what is wrong in a file. */
export class Check {
  readonly faults: Fault[] = [];

  that(good: boolean, field: string, why: string): boolean {
    if (!good && this.faults.length < most) {
      this.faults.push({ field, why });
    }
    return good;
  }

  get failed(): boolean {
    return this.faults.length > 0;
  }

  refusal(what: string): Parsed & { ok: false } {
    const [first] = this.faults;
    return unreadable(`${what} cannot be read: ${first?.field} ${first?.why}.`, this.faults);
  }
}

export const unreadable = (reason: string, faults: readonly Fault[] = []) => ({ ok: false as const, reason, faults });

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
