/** The colours of the picture, read from the page's style: so light, dark and the picture agree. */
import { schema } from '../schema.gen';
import type { Color } from '../types';

/** How one colour word looks: the body of a card, its edge, text on it, and the ground of a group. */
export interface Swatch {
  readonly fill: string;
  readonly edge: string;
  readonly ink: string;
  readonly soft: string;
}

export type Tone = 'neutral' | 'ready' | 'progress' | 'review' | 'done' | 'failed';
export const tones: readonly Tone[] = ['neutral', 'ready', 'progress', 'review', 'done', 'failed'];

export interface Palette {
  readonly bg: string;
  readonly surface: string;
  readonly line: string;
  readonly strong: string;
  readonly ink: string;
  readonly ink2: string;
  readonly ink3: string;
  readonly accent: string;
  readonly dot: string;
  readonly colors: Readonly<Record<Color, Swatch>>;
  readonly tones: Readonly<Record<Tone, { readonly ink: string; readonly soft: string }>>;
}

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim() || '#888888';
  const colors = Object.fromEntries(
    schema.colors.map((color) => [
      color,
      { fill: read(`--cv-${color}`), edge: read(`--cv-${color}-edge`), ink: read(`--cv-${color}-ink`), soft: read(`--cv-${color}-soft`) },
    ]),
  ) as Record<Color, Swatch>;
  const states = Object.fromEntries(
    tones.map((tone) => [tone, { ink: read(`--st-${tone}`), soft: read(`--st-${tone}-soft`) }]),
  ) as Palette['tones'];
  return {
    bg: read('--bg'),
    surface: read('--surface'),
    line: read('--line'),
    strong: read('--line-strong'),
    ink: read('--ink'),
    ink2: read('--ink-2'),
    ink3: read('--ink-3'),
    accent: read('--accent'),
    dot: read('--cv-dot'),
    colors,
    tones: states,
  };
}

/** The same palette with every colour in `#rrggbb`, for files that other programs read. */
export function plainPalette(palette: Palette): Palette {
  const pixel = document.createElement('canvas');
  pixel.width = 1;
  pixel.height = 1;
  const pen = pixel.getContext('2d', { willReadFrequently: true });
  const plain = (color: string): string => {
    if (!pen) {
      return color;
    }
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
    const [r = 0, g = 0, b = 0] = pen.getImageData(0, 0, 1, 1).data;
    return `#${[r, g, b].map((part) => part.toString(16).padStart(2, '0')).join('')}`;
  };
  const deep = (value: unknown): unknown =>
    typeof value === 'string' ? plain(value) : Object.fromEntries(Object.entries(value as object).map(([key, part]) => [key, deep(part)]));
  return deep(palette) as Palette;
}
