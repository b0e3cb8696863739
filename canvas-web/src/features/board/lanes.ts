/** Swim lanes: the columns cut across by priority, person, agent or folder. Pure. */
import type { Job, JobState } from '@/api/types';
import { pathWords } from '@/shared/lib/folders';
import { PEOPLE } from '@/shared/lib/job-filter';
import { priorities, priorityWords } from '@/shared/lib/words';
import type { Columns, LaneKind } from './filter';

export interface Lane {
  key: string;
  label: string;
  columns: Columns;
  count: number;
}

const laneOf: Record<LaneKind, (job: Job) => { key: string; label: string; order: string }> = {
  priority: ({ priority }) => ({ key: priority, label: priorityWords[priority], order: String(priorities.indexOf(priority)) }),
  person: ({ owner }) => ({ key: owner.id, label: owner.name, order: owner.name.toLocaleLowerCase() }),
  agent: ({ agent, kind }) =>
    kind === 'user'
      ? { key: PEOPLE, label: 'People', order: '~' }
      : { key: `agent:${agent}`, label: agent === 'any' ? 'Any agent' : (agent ?? ''), order: (agent ?? '').toLocaleLowerCase() },
  folder: ({ folder }) =>
    folder
      ? { key: `folder:${folder}`, label: pathWords(folder), order: folder.toLocaleLowerCase() }
      : { key: '', label: 'No folder', order: '\uffff' },
};

/** The lanes that have a card in one of the states, each with its part of the columns in the order they had. */
export function lanesOf(columns: Columns, states: readonly JobState[], kind: LaneKind): Lane[] {
  const lanes = new Map<string, Lane & { order: string; columns: Record<JobState, Job[]> }>();
  for (const state of states) {
    for (const job of columns[state]) {
      const { key, label, order } = laneOf[kind](job);
      let lane = lanes.get(key);
      if (!lane) {
        const empty = { backlog: [], ready: [], in_progress: [], awaiting_review: [], done: [], failed: [], canceled: [] };
        lane = { key, label, order, columns: empty, count: 0 };
        lanes.set(key, lane);
      }
      lane.columns[state].push(job);
      lane.count += 1;
    }
  }
  return [...lanes.values()].sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : a.key < b.key ? -1 : 1));
}

/** The columns again, lane by lane from top to bottom. */
export function joinedLanes(lanes: readonly Lane[]): Columns {
  const joined = (state: JobState) => lanes.flatMap((lane) => lane.columns[state]);
  return {
    backlog: joined('backlog'),
    ready: joined('ready'),
    in_progress: joined('in_progress'),
    awaiting_review: joined('awaiting_review'),
    done: joined('done'),
    failed: joined('failed'),
    canceled: joined('canceled'),
  };
}

export type LaneRow =
  | { kind: 'lane'; key: string; lane: Lane; open: boolean }
  | { kind: 'cards'; key: string; cards: (Job | undefined)[]; first: boolean; last: boolean }
  | { kind: 'more'; key: string; lane: Lane; left: Partial<Record<JobState, number>> };

/** What ended is shown as far as anybody looks; the rest is asked for. */
export const PAGE = 20;

const isOver = (state: JobState) => state === 'done' || state === 'canceled';

/** The rows of the lanes from top to bottom: a heading, then cards side by side, one of each column. */
export function laneRows(
  lanes: readonly Lane[],
  states: readonly JobState[],
  closed: ReadonlySet<string>,
  shown: ReadonlyMap<string, number>,
): LaneRow[] {
  const rows: LaneRow[] = [];
  for (const lane of lanes) {
    const open = !closed.has(lane.key);
    rows.push({ kind: 'lane', key: `lane:${lane.key}`, lane, open });
    if (!open) {
      continue;
    }
    const most = (state: JobState) => (isOver(state) ? (shown.get(lane.key) ?? PAGE) : Number.POSITIVE_INFINITY);
    const cut = states.map((state) => lane.columns[state].slice(0, most(state)));
    const height = Math.max(...cut.map((jobs) => jobs.length));
    for (let at = 0; at < height; at += 1) {
      rows.push({ kind: 'cards', key: `${lane.key}:${at}`, cards: cut.map((jobs) => jobs[at]), first: at === 0, last: at === height - 1 });
    }
    const left = Object.fromEntries(
      states.filter((state) => lane.columns[state].length > most(state)).map((state) => [state, lane.columns[state].length - most(state)]),
    );
    if (Object.keys(left).length > 0) {
      rows.push({ kind: 'more', key: `more:${lane.key}`, lane, left });
    }
  }
  return rows;
}
