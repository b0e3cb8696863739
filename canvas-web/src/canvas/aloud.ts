/**
 * Words for a live region. The same words twice are no change, and would not be read again: a space at their end, which nobody hears, makes
 * them one.
 */
export const aloud = (words: string, before: string): string => (words === before ? `${words}\u00a0` : words);
