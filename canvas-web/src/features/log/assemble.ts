/**
 * Log entries to what is shown: words joined, tool calls with their updates and output folded into one, requests with their answers.
 * Pure; rows that did not change keep their identity, so that a live log redraws only its end.
 */
import type { Answer, Ask, FileDiff, LogEntry, PlanStep, SystemLevel, ToolKind, ToolStatus, Usage } from '@/api/types';

interface Span {
  key: string;
  /** First and last entry that the row shows. */
  seq: number;
  last: number;
  at: string;
}

export type Row = Span &
  (
    | { kind: 'text' | 'thought' | 'output'; text: string }
    | { kind: 'system'; text: string; level: SystemLevel }
    | { kind: 'message'; from: string; text: string }
    | { kind: 'tool'; call: Tool }
    | { kind: 'plan'; steps: PlanStep[]; again: boolean }
    | { kind: 'request'; request: string; ask: Ask; answer?: { answer: Answer; by: string } }
    | { kind: 'answer'; answer: Answer; by: string }
    | { kind: 'usage'; usage: Usage }
  );

export interface Tool {
  id: string;
  title: string;
  tool: ToolKind;
  status: ToolStatus;
  paths: string[];
  content: string;
  diffs: FileDiff[];
  output: string;
}

/** A longer run of words is shown as several rows, since each row is laid out whole. */
const MOST_WORDS = 12_000;
const MOST_OUTPUT = 8_000;
/** Output beyond this follows its tool call as rows of its own. */
const MOST_TOOL_OUTPUT = 32_000;

export function assemble(entries: Iterable<LogEntry>, before: ReadonlyMap<string, Row> = new Map()): Row[] {
  const rows: Row[] = [];
  const tools = new Map<string, Extract<Row, { kind: 'tool' }>>();
  const requests = new Map<string, Extract<Row, { kind: 'request' }>>();
  let planned = false;
  const push = <R extends Row>(row: R): R => {
    rows.push(row);
    return row;
  };

  for (const entry of entries) {
    const { seq, at } = entry;
    const last = rows[rows.length - 1];
    const span = { key: `${entry.kind}:${seq}`, seq, last: seq, at };
    switch (entry.kind) {
      case 'text':
      case 'thought':
        if (last?.kind === entry.kind && !isFull(last.text, MOST_WORDS)) {
          last.text += entry.text;
          last.last = seq;
        } else {
          push({ ...span, kind: entry.kind, text: entry.text });
        }
        break;
      case 'output': {
        const tool = entry.tool_call ? tools.get(entry.tool_call) : undefined;
        if (tool && tool.call.output.length + entry.text.length <= MOST_TOOL_OUTPUT) {
          tool.call.output += entry.text;
          tool.last = seq;
        } else if (last?.kind === 'output' && last.text.length + entry.text.length <= MOST_OUTPUT) {
          last.text += entry.text;
          last.last = seq;
        } else {
          push({ ...span, kind: 'output', text: entry.text });
        }
        break;
      }
      case 'system':
        push({ ...span, kind: 'system', text: entry.text, level: entry.level ?? 'info' });
        break;
      case 'user_message':
        push({ ...span, kind: 'message', from: entry.from, text: entry.text });
        break;
      case 'tool_call': {
        const call: Tool = {
          id: entry.tool_call,
          title: entry.title,
          tool: entry.tool ?? 'other',
          status: entry.status ?? 'pending',
          paths: entry.paths ?? [],
          content: entry.content ?? '',
          diffs: entry.diffs ?? [],
          output: '',
        };
        tools.set(call.id, push({ ...span, kind: 'tool', call }));
        break;
      }
      case 'tool_update': {
        let row = tools.get(entry.tool_call);
        if (!row) {
          // Its beginning is on a page that is not loaded.
          row = push({
            ...span,
            kind: 'tool',
            call: {
              id: entry.tool_call,
              title: 'Tool call',
              tool: 'other',
              status: 'in_progress',
              paths: [],
              content: '',
              diffs: [],
              output: '',
            },
          });
          tools.set(entry.tool_call, row);
        }
        row.call.title = entry.title ?? row.call.title;
        row.call.status = entry.status ?? row.call.status;
        row.call.content = entry.content ?? row.call.content;
        row.call.diffs = entry.diffs && entry.diffs.length > 0 ? entry.diffs : row.call.diffs;
        row.last = seq;
        break;
      }
      case 'plan':
        if (last?.kind === 'plan') {
          last.steps = entry.steps;
          last.last = seq;
        } else {
          push({ ...span, kind: 'plan', steps: entry.steps, again: planned });
        }
        planned = true;
        break;
      case 'request':
        requests.set(entry.request, push({ ...span, kind: 'request', request: entry.request, ask: entry.ask }));
        break;
      case 'answer': {
        const row = requests.get(entry.request);
        if (row) {
          row.answer = { answer: entry.answer, by: entry.by };
          row.last = seq;
        } else {
          push({ ...span, kind: 'answer', answer: entry.answer, by: entry.by });
        }
        break;
      }
      case 'usage':
        if (last?.kind === 'usage') {
          last.usage = entry.usage;
          last.last = seq;
        } else {
          push({ ...span, kind: 'usage', usage: entry.usage });
        }
        break;
    }
  }
  return rows.map((row) => {
    const known = before.get(row.key);
    // The entries of a log never change, so the same span of the same kind says the same.
    return known && known.last === row.last && sizeOf(known) === sizeOf(row) ? known : row;
  });
}

function isFull(text: string, most: number): boolean {
  return text.length >= most * 2 || (text.length >= most && text.endsWith('\n\n'));
}

/** Tells apart rows of one span that were assembled from different pages. */
function sizeOf(row: Row): number {
  switch (row.kind) {
    case 'text':
    case 'thought':
    case 'output':
      return row.text.length;
    case 'tool':
      return row.call.output.length + row.call.content.length;
    case 'system':
    case 'message':
    case 'plan':
    case 'request':
    case 'answer':
    case 'usage':
      return 0;
  }
}

/** The row that shows entry `seq`, or the one nearest before it. Rows are in order of their first entry. */
export function rowAt(rows: readonly { seq: number }[], seq: number): number {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((rows[middle]?.seq ?? 0) <= seq) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}
