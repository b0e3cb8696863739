/** What stands where on a card, in the card's own units. The page's cards and the picture both follow it. */
import type { ObjectView } from '../types';
import type { Tone } from './palette';
import { clipped, fitText, type Lines, type Measure, titleAndRest, type Weight, wrap } from './text';

/** What a job card says when there is no room for more; from whoever knows the job. */
export interface JobFace {
  readonly number: number | null;
  readonly title: string;
  /** The state in words. */
  readonly word: string;
  readonly tone: Tone;
}

export type Ink = 'card' | 'ink' | 'ink2' | 'ink3' | 'edge';

export interface Block {
  readonly x: number;
  readonly y: number;
  readonly lines: Lines;
  readonly weight: Weight;
  readonly ink: Ink;
}

export const STICKY_SIZES = [26, 22, 20, 18, 16, 14, 12, 11, 10];
export const TEXT_SIZES = [22, 20, 18, 16, 14, 12, 11];
export const STICKY_PAD = 16;
export const CARD_PAD = 14;
export const TEXT_PAD = 4;
export const GROUP_TITLE = 16;
/** From a group's top to where what is inside begins when it is laid out by us. */
export const GROUP_HEAD = 44;
export const RADIUS: Readonly<Record<string, number>> = { sticky: 6, idea: 12, job: 12, group: 16, text: 0, image: 8, link: 12 };

/** What an address is called: its host, without `www.`. */
export function hostOf(url: string | null): string {
  try {
    return url ? new URL(url).host.replace(/^www\./, '') : '';
  } catch {
    return '';
  }
}

/** An address that may be opened: `http:` and `https:` only. */
export function safeAddress(url: string | null): string | null {
  try {
    return url && /^https?:$/.test(new URL(url).protocol) ? url : null;
  } catch {
    return null;
  }
}

const words: Readonly<Record<string, string>> = {
  sticky: 'Sticky note',
  idea: 'Idea',
  job: 'Job',
  group: 'Group',
  text: 'Text',
  image: 'Image',
  link: 'Link',
};

export const typeWord = (type: string): string => words[type] ?? 'Object';

export class Layouts {
  private readonly known = new WeakMap<ObjectView, readonly Block[]>();
  private readonly jobs = new WeakMap<ObjectView, { face: JobFace; blocks: readonly Block[] }>();

  constructor(readonly measure: Measure) {}

  of(view: ObjectView, face?: JobFace): readonly Block[] {
    if (view.type === 'job') {
      return this.job(view, face ?? privateFace);
    }
    const before = this.known.get(view);
    if (before) {
      return before;
    }
    const made = this.make(view);
    this.known.set(view, made);
    return made;
  }

  private make(view: ObjectView): readonly Block[] {
    const { measure } = this;
    switch (view.type) {
      case 'sticky': {
        const [w, h] = [view.w - 2 * STICKY_PAD, view.h - 2 * STICKY_PAD];
        return [{ x: STICKY_PAD, y: STICKY_PAD, lines: fitText(view.text, w, h, STICKY_SIZES, 500, measure), weight: 500, ink: 'card' }];
      }
      case 'text': {
        const [w, h] = [view.w - 2 * TEXT_PAD, view.h - 2 * TEXT_PAD];
        const ink = view.color === 'gray' ? 'ink' : 'card';
        return [
          {
            x: TEXT_PAD,
            y: TEXT_PAD,
            lines: fitText(view.text || 'Text', w, h, TEXT_SIZES, 500, measure),
            weight: 500,
            ink: view.text ? ink : 'ink3',
          },
        ];
      }
      case 'group':
      case 'image':
        return [];
      case 'link': {
        const url = view.url ?? '';
        const host = hostOf(url);
        const bare = url.replace(/^https?:\/\/(www\.)?/, '');
        return this.stack(view, host || 'Link', view.text || bare || 'No address yet', view.text && bare !== host ? bare : '', 'ink3');
      }
      case 'idea': {
        const { title, rest } = titleAndRest(view.text);
        return this.stack(view, 'Idea', title, rest, 'card');
      }
      default:
        return this.stack(view, 'Made with a newer version', view.type, view.text, 'ink3');
    }
  }

  private job(view: ObjectView, face: JobFace): readonly Block[] {
    const before = this.jobs.get(view);
    if (before?.face === face) {
      return before.blocks;
    }
    const head = face.number === null ? face.word : `#${face.number}  ${face.word}`;
    const blocks = this.stack(view, head, face.title, '', 'ink3');
    this.jobs.set(view, { face, blocks });
    return blocks;
  }

  /** A small head, a title, and as much of the rest as there is room for. */
  private stack(view: ObjectView, head: string, title: string, rest: string, headInk: Ink): readonly Block[] {
    const w = view.w - 2 * CARD_PAD;
    const blocks: Block[] = [];
    let y = 11;
    const add = (text: string, size: number, most: number, weight: Weight, ink: Ink) => {
      const room = Math.floor((view.h - 10 - y) / (size * 1.35));
      if (text !== '' && room > 0 && w > size) {
        const lines = clipped(text, w, Math.min(most, room), size, weight, this.measure);
        blocks.push({ x: CARD_PAD, y, lines, weight, ink });
        y += lines.lines.length * lines.step + 3;
      }
    };
    add(head, 11, 1, 600, headInk);
    add(title, 15, 4, 600, 'ink');
    add(rest, 13, Infinity, 400, 'ink2');
    return blocks;
  }
}

/** An idea grows with its text up to here; the rest is read by opening it. */
const MOST_GROWN = 360;

/** How high a card has to be for all of its text, at this size of letters; 0 for those whose letters shrink instead. */
export function neededHeight(view: ObjectView, size: number, measure: Measure): number {
  if (view.type === 'text') {
    return Math.ceil(wrap(view.text, view.w - 2 * TEXT_PAD, size, 500, measure).lines.length * size * 1.35 + 2 * TEXT_PAD + 1);
  }
  if (view.type !== 'idea') {
    return 0;
  }
  const { title, rest } = titleAndRest(view.text);
  const w = view.w - 2 * CARD_PAD;
  const lines = (text: string, letters: number, weight: Weight) =>
    text === '' ? 0 : wrap(text, w, letters, weight, measure).lines.length * letters * 1.35 + 3;
  return Math.min(
    MOST_GROWN,
    Math.ceil(11 + 11 * 1.35 + 3 + Math.min(lines(title, 15, 600), 15 * 1.35 * 4 + 3) + lines(rest, 13, 400) + 12),
  );
}

/** What those see who may not see the job, and nothing more. */
export const privateFace: JobFace = { number: null, title: 'Private job', word: 'Job', tone: 'neutral' };
