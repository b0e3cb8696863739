/**
 * Text broken into lines and made to fit. Cards in the page and the picture use the same lines, so nothing moves when one takes over
 * from the other, and a card needs no clip of its own (a clip per card costs a compositor layer per card).
 */

export type Weight = 400 | 500 | 600;
/** Width of a string at font size 100. */
export type Measure = (text: string, weight: Weight) => number;

export interface Lines {
  readonly size: number;
  /** Units from one line to the next. */
  readonly step: number;
  readonly lines: readonly string[];
  /** Not all of the text is there. */
  readonly cut: boolean;
}

export const FONT = '"Inter Variable", ui-sans-serif, system-ui, sans-serif';
const STEP = 1.35;
const KEEP = 20_000;

/** Measures with a canvas; where there is none, half an em per letter. */
export function makeMeasure(): Measure {
  const known = new Map<string, number>();
  const pen =
    typeof document === 'undefined' || !('CanvasRenderingContext2D' in globalThis)
      ? null
      : document.createElement('canvas').getContext('2d');
  let set: Weight | null = null;
  return (text, weight) => {
    const key = `${weight}${text}`;
    const before = known.get(key);
    if (before !== undefined) {
      return before;
    }
    let width = text.length * 52;
    if (pen) {
      if (set !== weight) {
        pen.font = `${weight} 100px ${FONT}`;
        set = weight;
      }
      width = pen.measureText(text).width;
    }
    if (known.size > KEEP) {
      known.clear();
    }
    known.set(key, width);
    return width;
  };
}

// Words with the blanks after them; letters of scripts that are written without blanks each stand alone.
const PIECES =
  /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]\s*|[^\s\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]+\s*|\s+/gu;

/** Lines no wider than `width` at this size. Stops after `most` lines; `cut` says whether something is left, `broken` whether a word was parted. */
export function wrap(
  text: string,
  width: number,
  size: number,
  weight: Weight,
  measure: Measure,
  most = Infinity,
): { lines: string[]; cut: boolean; broken: boolean } {
  const lines: string[] = [];
  let broken = false;
  const room = (width / size) * 100;
  for (const paragraph of text.split('\n')) {
    if (lines.length >= most) {
      return { lines, cut: true, broken };
    }
    let line = '';
    let used = 0;
    const end = () => {
      lines.push(line.trimEnd());
      line = '';
      used = 0;
    };
    for (const piece of paragraph.match(PIECES) ?? []) {
      const bare = measure(piece.trimEnd(), weight);
      if (used > 0 && used + bare > room) {
        end();
        if (lines.length >= most) {
          return { lines, cut: true, broken };
        }
      }
      if (bare <= room) {
        line += piece;
        used += measure(piece, weight);
        continue;
      }
      broken = true;
      for (const letter of piece) {
        const wide = measure(letter, weight);
        if (used > 0 && used + wide > room) {
          end();
          if (lines.length >= most) {
            return { lines, cut: true, broken };
          }
        }
        line += letter;
        used += wide;
      }
    }
    end();
  }
  return { lines, cut: false, broken };
}

/** The largest of the sizes at which all fits into the box; at the smallest the text is cut and ends with an ellipsis. */
export function fitText(text: string, w: number, h: number, sizes: readonly number[], weight: Weight, measure: Measure): Lines {
  const smallest = sizes.at(-1) ?? 12;
  for (const size of sizes) {
    const most = Math.max(1, Math.floor(h / (size * STEP)));
    const { lines, cut, broken } = wrap(text, w, size, weight, measure, most);
    // Rather smaller letters than a word in two parts.
    if (!cut && (!broken || size === smallest)) {
      return { size, step: size * STEP, lines, cut: false };
    }
    if (size === smallest) {
      return { size, step: size * STEP, lines: ended(lines, w, size, weight, measure), cut: true };
    }
  }
  return { size: smallest, step: smallest * STEP, lines: [], cut: text !== '' };
}

/** At most so many lines at one size. */
export function clipped(text: string, w: number, most: number, size: number, weight: Weight, measure: Measure): Lines {
  const { lines, cut } = wrap(text, w, size, weight, measure, most);
  return { size, step: size * STEP, lines: cut ? ended(lines, w, size, weight, measure) : lines, cut };
}

function ended(lines: string[], w: number, size: number, weight: Weight, measure: Measure): string[] {
  const last = [...(lines.at(-1) ?? '')];
  const room = (w / size) * 100 - measure('…', weight);
  while (last.length > 0 && measure(last.join(''), weight) > room) {
    last.pop();
  }
  return [...lines.slice(0, -1), `${last.join('').trimEnd()}…`];
}

/** The first line that is not empty, and what comes after it. */
export function titleAndRest(text: string): { title: string; rest: string } {
  const whole = text.trim();
  const end = whole.indexOf('\n');
  return end < 0 ? { title: whole, rest: '' } : { title: whole.slice(0, end).trim(), rest: whole.slice(end + 1).trim() };
}
