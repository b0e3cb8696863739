/** Where a dragged box wants to be: edges and middles of others, and gaps as wide as those beside it. */
import { bottom, center, right } from '../scene/geometry';
import type { Box } from '../types';

/** What to draw so that a person sees why it snapped: a line, or two equal gaps. World units. */
export type Guide =
  | { readonly kind: 'line'; readonly axis: 'x' | 'y'; readonly at: number; readonly from: number; readonly to: number }
  | { readonly kind: 'gap'; readonly axis: 'x' | 'y'; readonly from: number; readonly to: number; readonly across: number };

export interface Snap {
  readonly dx: number;
  readonly dy: number;
  readonly guides: readonly Guide[];
}

/** A box as seen along one axis. */
interface Span {
  readonly low: number;
  readonly high: number;
  readonly crossLow: number;
  readonly crossHigh: number;
}

const along = (box: Box, axis: 'x' | 'y'): Span =>
  axis === 'x'
    ? { low: box.x, high: right(box), crossLow: box.y, crossHigh: bottom(box) }
    : { low: box.y, high: bottom(box), crossLow: box.x, crossHigh: right(box) };

const lines = ({ low, high }: Span): number[] => [low, (low + high) / 2, high];

/** Which lines of the moved box may snap: all when it is dragged, the moving edge when it is resized. */
export type Edges = readonly ('low' | 'middle' | 'high')[];
const all: Edges = ['low', 'middle', 'high'];

interface Found {
  readonly by: number;
  readonly guides: readonly Guide[];
}

function alignment(span: Span, others: readonly Span[], axis: 'x' | 'y', reach: number, edges: Edges): Found | null {
  const mine = lines(span).filter((_, at) => edges.includes(all[at] as Edges[number]));
  let best = Infinity;
  for (const other of others) {
    for (const theirs of lines(other)) {
      for (const own of mine) {
        if (Math.abs(theirs - own) < Math.abs(best)) {
          best = theirs - own;
        }
      }
    }
  }
  if (Math.abs(best) > reach) {
    return null;
  }
  const guides = mine.flatMap((own): Guide[] => {
    const at = own + best;
    const met = others.filter((other) => lines(other).some((line) => Math.abs(line - at) < 0.01));
    return met.length === 0
      ? []
      : [
          {
            kind: 'line',
            axis,
            at,
            from: Math.min(span.crossLow, ...met.map(({ crossLow }) => crossLow)),
            to: Math.max(span.crossHigh, ...met.map(({ crossHigh }) => crossHigh)),
          },
        ];
  });
  return { by: best, guides };
}

/** Equal gaps with what stands in the same row (or column). */
function spacing(span: Span, others: readonly Span[], axis: 'x' | 'y', reach: number): Found | null {
  const row = others.filter((other) => other.crossLow < span.crossHigh && span.crossLow < other.crossHigh);
  const before = row.filter(({ high }) => high <= span.low + reach).sort((a, b) => b.high - a.high);
  const after = row.filter(({ low }) => low >= span.high - reach).sort((a, b) => a.low - b.low);
  const [left, right] = [before[0], after[0]];
  const size = span.high - span.low;
  const tries: { at: number; gaps: [number, number][] }[] = [];
  if (left && right && right.low - left.high > size) {
    const gap = (right.low - left.high - size) / 2;
    tries.push({
      at: left.high + gap,
      gaps: [
        [left.high, left.high + gap],
        [right.low - gap, right.low],
      ],
    });
  }
  const next = left && before.find((other) => other.high <= left.low);
  if (left && next) {
    const gap = left.low - next.high;
    tries.push({
      at: left.high + gap,
      gaps: [
        [next.high, left.low],
        [left.high, left.high + gap],
      ],
    });
  }
  const further = right && after.find((other) => other.low >= right.high);
  if (right && further) {
    const gap = further.low - right.high;
    tries.push({
      at: right.low - gap - size,
      gaps: [
        [right.low - gap, right.low],
        [right.high, further.low],
      ],
    });
  }
  const found = tries
    .filter(({ at }) => Math.abs(at - span.low) <= reach)
    .sort((a, b) => Math.abs(a.at - span.low) - Math.abs(b.at - span.low))[0];
  return (
    (found && {
      by: found.at - span.low,
      guides: found.gaps.map(([from, to]): Guide => ({ kind: 'gap', axis, from, to, across: (span.crossLow + span.crossHigh) / 2 })),
    }) ??
    null
  );
}

/** How far to shift the box so that it lines up, no further than `reach` on each axis. Alignment wins over spacing when it is as near. */
export function snap(
  box: Box,
  others: readonly Box[],
  reach: number,
  edges: { readonly x: Edges; readonly y: Edges } = { x: all, y: all },
): Snap {
  const one = (axis: 'x' | 'y'): Found | null => {
    const span = along(box, axis);
    const spans = others.map((other) => along(other, axis));
    const lined = edges[axis].length > 0 ? alignment(span, spans, axis, reach, edges[axis]) : null;
    const spaced = edges[axis].length === 3 ? spacing(span, spans, axis, reach) : null;
    return spaced && (!lined || Math.abs(spaced.by) < Math.abs(lined.by) - 0.01) ? spaced : lined;
  };
  const [x, y] = [one('x'), one('y')];
  return { dx: x?.by ?? 0, dy: y?.by ?? 0, guides: guidesAfter(box, x, y) };
}

/** The lines span the box where it ends up, not where it was. */
function guidesAfter(box: Box, x: Found | null, y: Found | null): Guide[] {
  const at = { x: x?.by ?? 0, y: y?.by ?? 0 };
  const widened = (guide: Guide): Guide => {
    const cross = guide.axis === 'x' ? 'y' : 'x';
    if (guide.kind === 'gap') {
      return { ...guide, across: guide.across + at[cross] };
    }
    const [low, high] = cross === 'x' ? [box.x, right(box)] : [box.y, bottom(box)];
    return { ...guide, from: Math.min(guide.from, low + at[cross]), to: Math.max(guide.to, high + at[cross]) };
  };
  return [...(x?.guides ?? []), ...(y?.guides ?? [])].map(widened);
}

/** The nearest so many, so that a full screen costs no more than a sparse one. */
export function nearest(boxes: readonly Box[], to: Box, most: number): readonly Box[] {
  if (boxes.length <= most) {
    return boxes;
  }
  const from = center(to);
  const away = (box: Box) => Math.hypot(center(box).x - from.x, center(box).y - from.y);
  return [...boxes].sort((a, b) => away(a) - away(b)).slice(0, most);
}
