/** A table of ideas: columns title, text, colour and group, in any order, named in the first row. */
import { schema } from '../../schema.gen';
import type { Color } from '../../types';
import { grid } from '../commands/arrange';
import { isColor, limits } from '../heal';
import { readTable } from './csv';
import { Draft } from './draft';
import { Check, type Parsed } from './parsed';

const names: Readonly<Record<string, readonly string[]>> = {
  title: ['title', 'name', 'summary', 'idea', 'subject'],
  text: ['text', 'description', 'body', 'details', 'notes'],
  color: ['colour', 'color'],
  group: ['group', 'section', 'column', 'list', 'status', 'category'],
};

/** Words of other programs for our colours. */
const alike: Readonly<Record<string, Color>> = {
  grey: 'gray',
  yellow: 'amber',
  purple: 'violet',
  cyan: 'teal',
  white: 'gray',
  black: 'gray',
};

export function colorOf(word: string): Color | null {
  const lower = word.trim().toLowerCase();
  return isColor(lower) ? lower : Object.hasOwn(alike, lower) ? (alike[lower] ?? null) : null;
}

interface Row {
  readonly text: string;
  readonly color: Color | undefined;
  readonly group: string;
}

export function fromTable(source: string): Parsed {
  const [heads = [], ...rows] = readTable(source);
  const check = new Check();
  const column = (key: string) => heads.findIndex((head) => names[key]?.includes(head.toLowerCase()));
  const [title, text, color, group] = ['title', 'text', 'color', 'group'].map(column) as [number, number, number, number];
  check.that(title >= 0 || text >= 0, 'the first row', 'must name the columns: title, text, colour, group');
  check.that(rows.length <= limits.objects, 'the table', `must have at most ${limits.objects} rows`);
  if (check.failed) {
    return check.refusal('This table');
  }
  const cards = rows.map((cells, index): Row => {
    const cell = (at: number) => cells[at] ?? '';
    const words = [cell(title), cell(text)].filter((part) => part !== '').join('\n');
    const shade = cell(color) === '' ? undefined : colorOf(cell(color));
    check.that(words.length <= limits.text, `row ${index + 2}`, `must have at most ${limits.text} characters`);
    check.that(shade !== null, `row ${index + 2}`, `has the colour ${cell(color)}, which must be one of ${schema.colors.join(', ')}`);
    return { text: words, color: shade ?? undefined, group: cell(group) };
  });
  return check.failed ? check.refusal('This table') : { ok: true, name: null, fragment: laidOut(cards) };
}

const [gap, padding, heading] = [24, 32, 64];

/** Groups side by side, in the order in which they first appear; what is in none comes first. */
function laidOut(cards: readonly Row[]) {
  const draft = new Draft();
  let x = 0;
  for (const name of new Set(['', ...cards.map((card) => card.group)])) {
    const mine = cards.filter((card) => card.group === name);
    if (mine.length === 0) {
      continue;
    }
    const sizes = mine.map(() => schema.types.idea);
    const inside = name !== '';
    const corner = inside ? { x: padding, y: heading } : { x, y: 0 };
    const places = grid(sizes, corner, gap, inside ? Math.max(1, Math.ceil(Math.sqrt(mine.length / 3))) : undefined);
    const right = Math.max(...places.map((place) => place.x)) + schema.types.idea.w;
    const bottom = Math.max(...places.map((place) => place.y)) + schema.types.idea.h;
    const parent = inside ? draft.add({ type: 'group', x, y: 0, w: right + padding, h: bottom + padding, text: name }) : null;
    mine.forEach((card, place) => {
      draft.add({ type: 'idea', parent, ...(places[place] ?? corner), color: card.color, text: card.text });
    });
    x = (inside ? x + right + padding : right) + 2 * gap;
  }
  return draft.fragment();
}
