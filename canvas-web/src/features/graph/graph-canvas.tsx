import '@xyflow/react/dist/base.css';
import './graph.css';
import {
  Background,
  type Connection,
  type EdgeChange,
  MarkerType,
  MiniMap,
  Panel,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
} from '@xyflow/react';
import { Maximize, Minus, Plus, X } from 'lucide-react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Job, JobState, Workspace } from '@/api/types';
import { whyNotRemove } from '@/shared/lib/waits';
import { Loading, ProblemNote } from '@/shared/ui/bits';
import { IconButton } from '@/shared/ui/button';
import { useDependencyEdits } from '@/shared/ui/dependency-editor';
import { DependencyEdge, type DependencyEdgeType, type Look } from './dependency-edge';
import { FarEdges } from './far-edges';
import { JobNode, type JobNodeType } from './job-node';
import { type Link, linksAmong } from './model';
import { HEIGHT, type Place, READABLE, WIDTH } from './size';
import { useLayout } from './use-layout';

const nodeTypes = { job: JobNode };
const edgeTypes = { dependency: DependencyEdge };

const colours: Record<JobState, string> = {
  backlog: 'var(--st-neutral)',
  ready: 'var(--st-ready)',
  in_progress: 'var(--st-progress)',
  awaiting_review: 'var(--st-review)',
  done: 'var(--st-done)',
  failed: 'var(--st-failed)',
  canceled: 'var(--line-strong)',
};

/** Told beforehand, so that what is out of view is never built. */
const handles = [
  { type: 'target' as const, position: Position.Left, x: -6, y: HEIGHT / 2 - 6, width: 12, height: 12 },
  { type: 'source' as const, position: Position.Right, x: WIDTH - 6, y: HEIGHT / 2 - 6, width: 12, height: 12 },
];

/** The library takes the pointer from nodes that are neither selected nor dragged; these hold a link. */
const pressable = { pointerEvents: 'all' as const };
const none: DependencyEdgeType[] = [];
const arrow = { type: MarkerType.ArrowClosed, width: 18, height: 18, color: 'var(--ink-3)' };
const chosenArrow = { ...arrow, color: 'var(--accent)' };

const idOf = ({ from, to }: Link) => `${from} ${to}`;

interface Props {
  workspace: Workspace;
  /** All jobs of the workspace. */
  all: Readonly<Record<string, Job>>;
  /** Those to show. */
  jobs: readonly Job[];
}

/** The jobs as a picture, to be looked at and edited (DEP-6). */
export function GraphCanvas(props: Props) {
  return (
    <ReactFlowProvider>
      <Picture {...props} />
    </ReactFlowProvider>
  );
}

function Picture({ workspace, all, jobs }: Props) {
  const mayEdit = workspace.role !== 'viewer';
  const { add, remove, busy, problem, dismiss } = useDependencyEdits(workspace.id);
  const links = useMemo(() => linksAmong(jobs), [jobs]);
  const ids = useMemo(() => jobs.map((job) => job.id), [jobs]);
  const places = useLayout(ids, links);
  const nodes = useNodes(workspace.slug, jobs, places, mayEdit);
  const [selected, setSelected] = useState<string>();
  const near = useStore((store) => store.transform[2] >= READABLE);

  const latest = useRef(all);
  latest.current = all;
  const removeLink = useCallback(
    (id: string) => {
      const [from = '', to = ''] = id.split(' ');
      const [on, job] = [latest.current[from], latest.current[to]];
      if (on && job) {
        void remove({ job, on });
      }
    },
    [remove],
  );
  const edges = useEdges({ all, nodes, links, busy, selected, mayEdit, onRemove: removeLink });

  const onConnect = ({ source, target }: Connection) => {
    const [on, job] = [all[source], all[target]];
    if (on && job) {
      void add({ job, on });
    }
  };
  const onEdgesChange = (changes: EdgeChange<DependencyEdgeType>[]) => {
    for (const change of changes) {
      if (change.type === 'select') {
        setSelected((before) => (change.selected ? change.id : before === change.id ? undefined : before));
      }
    }
  };
  if (!places) {
    return <Loading label="Laying out the graph" />;
  }
  return (
    <ReactFlow
      nodes={nodes}
      edges={near ? edges : none}
      nodeTypes={nodeTypes}
      edgeTypes={edgeTypes}
      onEdgesChange={onEdgesChange}
      onConnect={onConnect}
      isValidConnection={({ source, target }) => source !== target}
      // The server decides, and the feed tells: what it refuses never leaves the picture.
      onBeforeDelete={async ({ edges: wanted }) => {
        for (const edge of wanted) {
          removeLink(edge.id);
        }
        return false;
      }}
      deleteKeyCode={mayEdit ? ['Delete', 'Backspace'] : null}
      nodesDraggable={false}
      nodesFocusable={false}
      nodesConnectable={mayEdit}
      elementsSelectable
      onlyRenderVisibleElements
      connectionRadius={36}
      minZoom={0.04}
      maxZoom={1.5}
      fitView
      fitViewOptions={{ maxZoom: 1, padding: 0.12 }}
      aria-label="Dependency graph"
    >
      <Background gap={24} color="var(--line-strong)" />
      <Tools />
      {!near && <FarEdges edges={edges} places={places} />}
      <Refit ids={ids} places={places} />
      <MiniMap
        className="graph-map max-md:hidden"
        nodeColor={(node) => colours[(node as JobNodeType).data.job.state]}
        maskColor="var(--overlay)"
        ariaLabel="Overview"
        pannable
        zoomable
      />
      {problem && (
        <Panel
          position="top-center"
          className="flex w-[min(32rem,calc(100%-2rem))] items-start gap-1 rounded-xl bg-raised p-1.5 shadow-pop"
        >
          <ProblemNote className="flex-1" title={problem.title} error={problem.error} />
          <IconButton small label="Dismiss" onClick={dismiss}>
            <X className="size-4" aria-hidden />
          </IconButton>
        </Panel>
      )}
    </ReactFlow>
  );
}

/** One edge a dependency, and one that is being added. One that looks as before stays the same, as with nodes. */
function useEdges({
  all,
  nodes,
  links,
  busy,
  selected,
  mayEdit,
  onRemove,
}: {
  all: Readonly<Record<string, Job>>;
  nodes: readonly JobNodeType[];
  links: readonly Link[];
  busy: string | undefined;
  selected: string | undefined;
  mayEdit: boolean;
  onRemove: (id: string) => void;
}): DependencyEdgeType[] {
  const before = useRef(new Map<string, DependencyEdgeType>());
  return useMemo(() => {
    const shown = new Set(nodes.map((node) => node.id));
    // While the server has not answered the edge is drawn already.
    const [coming, comingOn] = busy?.split(' ') ?? [];
    const known = links.some((link) => link.from === comingOn && link.to === coming);
    const drawn = coming && comingOn && !known ? [...links, { from: comingOn, to: coming }] : links;
    const next = new Map<string, DependencyEdgeType>();
    for (const link of drawn) {
      const [on, job] = [all[link.from], all[link.to]];
      if (!on || !job || !shown.has(on.id) || !shown.has(job.id)) {
        continue;
      }
      const id = idOf(link);
      const changing = busy === `${job.id} ${on.id}`;
      const stuck = (on.state === 'failed' || on.state === 'canceled') && job.state !== 'done' && job.state !== 'canceled';
      const look: Look = changing ? 'changing' : stuck ? 'stuck' : on.state === 'done' ? 'done' : 'open';
      const removable = mayEdit && whyNotRemove(job) === undefined && !changing;
      const old = before.current.get(id);
      if (old && old.data?.look === look && old.deletable === removable && old.selected === (id === selected)) {
        next.set(id, old);
        continue;
      }
      const words = `#${job.number} waits for #${on.number}`;
      next.set(id, {
        id,
        type: 'dependency',
        source: on.id,
        target: job.id,
        selected: id === selected,
        deletable: removable,
        ariaLabel: removable ? `${words}. Enter selects it, Delete removes it.` : words,
        markerEnd: id === selected ? chosenArrow : arrow,
        data: { look, words, onRemove: removable ? () => onRemove(id) : undefined },
      });
    }
    before.current = next;
    return [...next.values()];
  }, [all, nodes, links, busy, selected, mayEdit, onRemove]);
}

/** One node a job that has a place. A job that did not change keeps its node, so that only what changed is drawn again. */
function useNodes(slug: string, jobs: readonly Job[], places: ReadonlyMap<string, Place> | undefined, connectable: boolean): JobNodeType[] {
  const before = useRef(new Map<string, JobNodeType>());
  return useMemo(() => {
    const next = new Map<string, JobNodeType>();
    for (const job of jobs) {
      const place = places?.get(job.id);
      if (!place) {
        continue;
      }
      const known = before.current.get(job.id);
      const same =
        known?.data.job === job && known.position.x === place.x && known.position.y === place.y && known.connectable === connectable;
      next.set(
        job.id,
        same
          ? known
          : {
              id: job.id,
              type: 'job',
              position: place,
              data: { job, slug },
              width: WIDTH,
              height: HEIGHT,
              measured: { width: WIDTH, height: HEIGHT },
              handles,
              style: pressable,
              connectable,
              selectable: false,
              deletable: false,
            },
      );
    }
    before.current = next;
    return [...next.values()];
  }, [slug, jobs, places, connectable]);
}

/** Brings everything into view again when what is shown is something else altogether, as after a filter. */
function Refit({ ids, places }: { ids: readonly string[]; places: ReadonlyMap<string, Place> }) {
  const flow = useReactFlow();
  const shown = useRef<ReadonlySet<string>>(undefined);
  useEffect(() => {
    if (ids.some((id) => !places.has(id))) {
      return;
    }
    const before = shown.current;
    shown.current = new Set(ids);
    const kept = before ? ids.filter((id) => before.has(id)).length : ids.length;
    if (before && kept * 2 < Math.max(ids.length, before.size)) {
      void flow.fitView({ maxZoom: 1, padding: 0.12 });
    }
  }, [ids, places, flow]);
  return null;
}

function Tools() {
  const flow = useReactFlow();
  return (
    <Panel position="bottom-left" className="flex flex-col rounded-lg border bg-raised shadow-pop">
      <IconButton small label="Zoom in" onClick={() => void flow.zoomIn()}>
        <Plus className="size-4" aria-hidden />
      </IconButton>
      <IconButton small label="Zoom out" onClick={() => void flow.zoomOut()}>
        <Minus className="size-4" aria-hidden />
      </IconButton>
      <IconButton small label="Show everything" onClick={() => void flow.fitView({ maxZoom: 1, padding: 0.12 })}>
        <Maximize className="size-4" aria-hidden />
      </IconButton>
    </Panel>
  );
}
