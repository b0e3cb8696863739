import type { SheetGroup } from './ui-store';

/** A shortcut of a page: `on` are what {@link useShortcuts} is given for it, keys one after the other with a space between. */
interface Shortcut {
  readonly on: readonly string[];
  readonly keys: readonly string[];
  readonly meaning: string;
}

interface Group {
  readonly title: string;
  readonly shortcuts: readonly Shortcut[];
}

const one = (on: string, meaning: string, key = on.toUpperCase()): Shortcut => ({ on: [on], keys: [key], meaning });

/** Every shortcut there is but those of the canvas, which are in `canvas/interact/shortcuts.ts`. A test finds one that is missing here. */
export const shortcutList: readonly Group[] = [
  {
    title: 'Anywhere',
    shortcuts: [
      { on: ['ctrl+k'], keys: ['Ctrl', 'K'], meaning: 'Anything by its name: pages, jobs, actions, search' },
      one('/', 'The same, or search where the page has its own'),
      one('c', 'New job'),
      one('?', 'This list'),
      one('escape', 'Close what is open', 'Esc'),
    ],
  },
  {
    title: 'Go to',
    shortcuts: [
      one('g b', 'Board'),
      one('g l', 'Backlog'),
      one('g c', 'Canvases'),
      one('g d', 'Dependencies'),
      one('g i', 'Inbox'),
      one('g v', 'Activity'),
      one('g a', 'Analytics'),
      one('g s', 'Search'),
      one('g r', 'Runners'),
      one('g m', 'Members'),
      one('g t', 'Settings'),
    ],
  },
  {
    title: 'Board',
    shortcuts: [
      { on: ['j', 'arrowdown'], keys: ['J', '↓'], meaning: 'Next card' },
      { on: ['k', 'arrowup'], keys: ['K', '↑'], meaning: 'Previous card' },
      { on: ['arrowleft', 'arrowright', 'h', 'l'], keys: ['←', '→'], meaning: 'Column beside' },
      { on: ['enter'], keys: ['Enter'], meaning: 'Open the job' },
      one('m', 'Move the job to…'),
    ],
  },
  {
    title: 'Open job',
    shortcuts: [
      { on: ['1', '2', '3', '4', '5', '6'], keys: ['1', '–', '6'], meaning: 'Details, Log, Changes, Notes, Files, Attempts' },
      one('f', 'Wide or narrow'),
      one('a', 'Allow what the agent asks, once'),
      one('d', 'Deny what the agent asks'),
      { on: ['n', 'p'], keys: ['N', 'P'], meaning: 'Next and previous file of the changes' },
    ],
  },
  {
    title: 'Inbox',
    shortcuts: [{ on: ['j', 'k'], keys: ['J', 'K'], meaning: 'Next and previous entry' }, one('e', 'Put the entry away, or back')],
  },
];

/** The key that goes to a page of this name, after G. */
export function keyOfPage(label: string): string | undefined {
  const there = shortcutList.find(({ title }) => title === 'Go to')?.shortcuts.find(({ meaning }) => meaning === label);
  return there?.on[0];
}

/** The list as the sheet shows it. Pages that are not there are left out. */
export function sheetGroups(pages: readonly string[]): SheetGroup[] {
  return shortcutList.map(({ title, shortcuts }) => ({
    title,
    keys: shortcuts
      .filter(({ meaning }) => title !== 'Go to' || pages.includes(meaning))
      .map(({ keys, meaning }) => [keys.flatMap((key) => key.split(' ')), meaning]),
  }));
}
