/** The letters of a runner's code; no vowels, so that no words come out. */
const letters = /[^BCDFGHJKLMNPQRSTVWXZ]/g;

/** What was typed, as a code is written: `BCDF-GHJK`. What cannot be part of one is left out. */
export function asCode(typed: string): string {
  const plain = typed.toUpperCase().replace(letters, '').slice(0, 8);
  return plain.length > 4 ? `${plain.slice(0, 4)}-${plain.slice(4)}` : plain;
}

export const isWhole = (code: string): boolean => code.length === 9;
