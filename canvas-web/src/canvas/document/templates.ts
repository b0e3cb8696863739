/** What a new canvas can begin with. The words are there to be typed over, and tell how the canvas is meant to be used. */
import { schema } from '../schema.gen';
import type { Color } from '../types';
import type { Fragment } from './commands/copies';
import { groupBy } from './edit';
import { toCanvasFile } from './files/canvas-file';
import { Draft } from './files/draft';
import { keysAt } from './order';
import type { CanvasFile } from './wire';

export type TemplateName = 'retro' | 'roadmap' | 'breakdown';

const { idea, sticky } = schema.types;
const [gap, padding, heading] = [24, 32, 72];

/** A column of notes, two beside each other. */
function column(draft: Draft, x: number, name: string, color: Color, notes: readonly string[]): void {
  const w = 2 * sticky.w + gap + 2 * padding;
  const parent = draft.add({ type: 'group', x, y: 0, w, h: heading + 2 * sticky.h + gap + padding + 120, color, text: name });
  notes.forEach((text, place) => {
    const at = { x: padding + (place % 2) * (sticky.w + gap), y: heading + Math.floor(place / 2) * (sticky.h + gap) };
    draft.add({ type: 'sticky', parent, ...at, color, text });
  });
}

function retro(): Fragment {
  const draft = new Draft();
  const across = 2 * sticky.w + gap + 2 * padding + 2 * gap;
  column(draft, 0, 'What went well', 'green', [
    'What should we keep doing?',
    'Who helped you, and how?',
    'What was easier than we thought?',
  ]);
  column(draft, across, 'What did not', 'orange', ['What slowed us down?', 'Where did we wait, and for whom?', 'What surprised us?']);
  const x = 2 * across;
  const h = heading + 2 * sticky.h + gap + padding + 120;
  const parent = draft.add({ type: 'group', x, y: 0, w: 2 * idea.w + gap + 2 * padding, h, color: 'violet', text: 'What to try' });
  const tries = ['One small change until next time', 'Something to stop doing', 'Something to measure'];
  tries.forEach((text, place) => {
    const at = { x: padding + (place % 2) * (idea.w + gap), y: heading + Math.floor(place / 2) * (idea.h + gap) };
    draft.add({ type: 'idea', parent, ...at, text });
  });
  const text = 'Write alone for five minutes, then read aloud. Pick what to try: an idea becomes a job with one click.';
  draft.add({ type: 'text', x: 0, y: -72, w: 1200, text });
  return draft.fragment();
}

function roadmap(): Fragment {
  const draft = new Draft();
  const lanes: readonly (readonly [string, Color, readonly string[]])[] = [
    ['Now: we work on it', 'green', ['What people wait for most', 'What it takes to finish it', 'What must not break']],
    ['Next: decided, not begun', 'blue', ['What becomes possible then', 'What builds on it', 'What would hurt if we left it out']],
    ['Later: worth keeping', 'gray', ['What we want to learn first', 'What may be more than we can do']],
  ];
  const h = heading + idea.h + padding;
  const across = idea.w + 3 * gap;
  const ids = lanes.map(([name, color, ideas], lane) => {
    const parent = draft.add({ type: 'group', x: 0, y: lane * (h + gap), w: 4 * across, h, color, text: name });
    return ideas.map((text, place) =>
      draft.add({ type: 'idea', parent, x: padding + place * across, y: heading, color: color === 'gray' ? 'violet' : color, text }),
    );
  });
  // Straight down, and not through the name of the lane.
  const [now, next] = [ids[0]?.[1], ids[1]?.[1]];
  if (now !== undefined && next !== undefined) {
    draft.link(now, next, { kind: 'dep', sides: ['bottom', 'top'] });
  }
  draft.add({ type: 'text', x: 0, y: -72, w: 1000, text: 'Drag ideas between the lanes. An arrow says what has to be done first.' });
  return draft.fragment();
}

function breakdown(): Fragment {
  const draft = new Draft();
  const across = idea.w + 5 * gap;
  const goal = { w: 360, h: 120 };
  const top = draft.add({
    type: 'sticky',
    x: across + (idea.w - goal.w) / 2,
    y: 0,
    ...goal,
    color: 'blue',
    text: 'The goal\nWhat is different for whom, once it is done?',
  });
  const parts = ['The smallest part that already helps somebody', 'What makes it safe to rely on', 'What makes it pleasant to use'];
  const steps = ['A first step of a day or less', 'How we will know that it works', 'What can wait until later'];
  const ids = parts.map((text, place) => {
    const part = draft.add({ type: 'idea', x: place * across, y: 240, text });
    draft.link(top, part, { sides: ['bottom', 'top'] });
    const step = draft.add({ type: 'idea', x: place * across, y: 460, color: 'teal', text: steps[place] });
    draft.link(part, step, { sides: ['bottom', 'top'] });
    return part;
  });
  ids.slice(1).forEach((part, place) => {
    draft.link(ids[place] as string, part, { kind: 'dep', sides: ['right', 'left'] });
  });
  const text = 'Cut the goal until each idea is a job for a day. Make jobs of them: the arrows between ideas become dependencies.';
  draft.add({ type: 'text', x: 0, y: -72, w: 1080, text });
  return draft.fragment();
}

const makers: Readonly<Record<TemplateName, () => Fragment>> = { retro, roadmap, breakdown };

/** To be added with `insert` or `pasteFragment`. */
export const template = (name: TemplateName): Fragment => makers[name]();

/** The same as a file, for `POST /canvases/{canvas}/import`. */
export function templateFile(name: TemplateName, title: string): CanvasFile {
  const { objects, links } = template(name);
  const families = groupBy(objects, ({ parent }) => parent);
  const ordered = [...families.values()].flatMap((family) => {
    const { keys } = keysAt([], 0, family.length);
    return family.map((object, place) => ({ ...object, z: keys[place] ?? '' }));
  });
  return toCanvasFile(
    { objects: new Map(ordered.map((object) => [object.id, object])), links: new Map(links.map((link) => [link.id, link])) },
    title,
  );
}
