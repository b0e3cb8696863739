import { ViewportPortal } from '@xyflow/react';
import { memo, useMemo } from 'react';
import { type DependencyEdgeType, type Look, strokes } from './dependency-edge';
import { HEIGHT, type Place, WIDTH } from './size';

interface Props {
  edges: readonly DependencyEdgeType[];
  places: ReadonlyMap<string, Place>;
}

/** All dependencies as one line of each colour, for the view from further away: hundreds of edges are too many elements to move at once. */
export const FarEdges = memo(function FarEdges({ edges, places }: Props) {
  const lines = useMemo(() => {
    const paths = new Map<Look, string>();
    for (const { source, target, data } of edges) {
      const [from, to] = [places.get(source), places.get(target)];
      if (from && to && data) {
        const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
        const bend = Math.max(30, Math.abs(x2 - x1) / 2);
        paths.set(data.look, `${paths.get(data.look) ?? ''}M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
      }
    }
    return [...paths];
  }, [edges, places]);
  return (
    <ViewportPortal>
      <svg className="-z-1 pointer-events-none absolute top-0 left-0 overflow-visible" width={1} height={1} aria-hidden>
        {lines.map(([look, path]) => (
          <path key={look} d={path} fill="none" stroke={strokes[look]} strokeWidth={4} />
        ))}
      </svg>
    </ViewportPortal>
  );
});
