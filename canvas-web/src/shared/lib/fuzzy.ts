/** How well a text fits what is typed; `undefined` when it does not. Smaller fits better. */
function nearness(text: string, query: string): number | undefined {
  const wanted = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const lower = text.toLocaleLowerCase();
  const words = lower.split(/[\s,:;#()/._-]+/);
  let sum = lower.length / 1000;
  for (const want of wanted) {
    const one = fitOne(lower, words, want);
    if (one === undefined) {
      return undefined;
    }
    sum += one;
  }
  return sum;
}

function fitOne(text: string, words: readonly string[], want: string): number | undefined {
  if (text.startsWith(want)) {
    return 0;
  }
  if (words.some((word) => word.startsWith(want)) || text.includes(` ${want}`)) {
    return 1;
  }
  if (text.includes(want)) {
    return 2;
  }
  // First letters: `nj` is "New job".
  if (
    want.length > 1 &&
    words
      .map((word) => word[0] ?? '')
      .join('')
      .startsWith(want)
  ) {
    return 3;
  }
  // Letters left out of one word: `rnner`. Fewer than three would fit nearly everything.
  return want.length > 2 && words.some((word) => word[0] === want[0] && isLeftOf(want, word)) ? 4 : undefined;
}

function isLeftOf(letters: string, word: string): boolean {
  let at = 0;
  for (const letter of word) {
    if (letter === letters[at]) {
      at += 1;
    }
  }
  return at === letters.length;
}

/** Those that fit, best first; all in their order when nothing is typed. */
export function fitting<T>(items: readonly T[], query: string, text: (item: T) => string): T[] {
  if (query.trim() === '') {
    return [...items];
  }
  return items
    .map((item, at) => ({ item, at, near: nearness(text(item), query) }))
    .filter((each): each is typeof each & { near: number } => each.near !== undefined)
    .sort((a, b) => a.near - b.near || a.at - b.at)
    .map(({ item }) => item);
}
