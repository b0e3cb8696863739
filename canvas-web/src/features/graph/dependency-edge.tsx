import { BaseEdge, type Edge, EdgeLabelRenderer, type EdgeProps, getBezierPath } from '@xyflow/react';
import { X } from 'lucide-react';
import { memo } from 'react';

export type Look = 'open' | 'done' | 'stuck' | 'changing';
export type DependencyEdgeType = Edge<{ look: Look; words: string; onRemove?: () => void }, 'dependency'>;

export const strokes: Record<Look, string> = {
  open: 'var(--line-strong)',
  done: 'var(--st-done)',
  stuck: 'var(--st-failed)',
  changing: 'var(--accent)',
};

/** A dependency, from what has to be done first to what waits for it. Selected, it can be removed. */
export const DependencyEdge = memo(function DependencyEdge(props: EdgeProps<DependencyEdgeType>) {
  const { data, selected, markerEnd, interactionWidth } = props;
  const [path, x, y] = getBezierPath(props);
  const look = data?.look ?? 'open';
  return (
    <>
      <BaseEdge
        path={path}
        markerEnd={markerEnd}
        interactionWidth={interactionWidth}
        style={{
          stroke: selected ? 'var(--accent)' : strokes[look],
          strokeWidth: selected ? 2.5 : 1.75,
          strokeDasharray: look === 'changing' ? '5 4' : undefined,
        }}
      />
      {selected && data?.onRemove && (
        <EdgeLabelRenderer>
          <button
            type="button"
            aria-label={`Remove: ${data.words}`}
            title="Remove this dependency (Delete)"
            onClick={data.onRemove}
            className="nodrag nopan pointer-events-auto absolute flex size-6 items-center justify-center rounded-full border border-line-strong bg-raised text-failed shadow-pop hover:bg-failed-soft"
            style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
          >
            <X className="size-3.5" aria-hidden />
          </button>
        </EdgeLabelRenderer>
      )}
    </>
  );
});
