import { useEffect, useState } from 'react';
import type { FileData, HunkTokens, TokenNode } from 'react-diff-view';
import { isDelete, isInsert } from 'react-diff-view';
import type { ColourDone, ColourJob, Run } from './colour';
import { languageOf } from './languages';
import { pathOf } from './pieces';

/** Longer texts, and those with longer lines, are shown without colours. */
const MOST_CHARS = 1_500_000;
const MOST_LINE = 3_000;

/** Some texts make a highlighter think for ever; those stay without colours. */
const PATIENCE_MS = 5_000;

type Waiting = { job: ColourJob; done: (sides: ColourDone['sides'] | undefined) => void };

/** One worker for the page, one text at a time, made when first needed. */
class Painter {
  private worker: Worker | undefined;
  private queue: Waiting[] = [];
  private now: Waiting | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private next = 1;

  paint(language: string, sides: [string, string], done: Waiting['done']): () => void {
    const waiting = { job: { id: this.next++, language, sides }, done };
    this.queue.push(waiting);
    this.go();
    return () => {
      this.queue = this.queue.filter((each) => each !== waiting);
      waiting.done = () => undefined;
    };
  }

  private go() {
    if (this.now || this.queue.length === 0) {
      return;
    }
    this.now = this.queue.shift();
    this.worker ??= this.start();
    this.timer = setTimeout(() => this.giveUp(), PATIENCE_MS);
    this.worker.postMessage(this.now?.job);
  }

  private start(): Worker {
    const worker = new Worker(new URL('./colour-worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<ColourDone>) => data.id === this.now?.job.id && this.end(data.sides);
    worker.onerror = () => this.giveUp();
    return worker;
  }

  private giveUp() {
    this.worker?.terminate();
    this.worker = undefined;
    this.end(undefined);
  }

  private end(sides: ColourDone['sides'] | undefined) {
    clearTimeout(this.timer);
    const { now } = this;
    this.now = undefined;
    now?.done(sides);
    this.go();
  }
}

const painter = new Painter();

/** Both sides of the diff as text, each line at its number; what the diff leaves out is empty. */
export function sidesOf(file: FileData): [string, string] {
  const [before, after]: [string[], string[]] = [[], []];
  for (const hunk of file.hunks) {
    for (const change of hunk.changes) {
      if (isDelete(change)) {
        before[change.lineNumber - 1] = change.content;
      } else if (isInsert(change)) {
        after[change.lineNumber - 1] = change.content;
      } else {
        before[change.oldLineNumber - 1] = change.content;
        after[change.newLineNumber - 1] = change.content;
      }
    }
  }
  const text = (lines: string[]) => Array.from(lines, (line) => line ?? '').join('\n');
  return [text(before), text(after)];
}

const tokensOf = (lines: Run[][]): TokenNode[][] =>
  lines.map((runs) =>
    runs.map(([className, value]) => (className === '' ? { type: 'text', value } : { type: 'syntax', className, value })),
  );

/** Colours of a file's lines, once they are there; without them the text is shown plain. */
export function useColours(file: FileData, wanted: boolean): HunkTokens | null {
  const [tokens, setTokens] = useState<HunkTokens | null>(null);
  useEffect(() => {
    const language = languageOf(pathOf(file));
    if (!wanted || language === undefined || typeof Worker === 'undefined') {
      return;
    }
    const sides = sidesOf(file);
    if (sides[0].length + sides[1].length > MOST_CHARS || sides.some((text) => text.split('\n').some((line) => line.length > MOST_LINE))) {
      return;
    }
    return painter.paint(language, sides, (painted) => painted && setTokens({ old: tokensOf(painted[0]), new: tokensOf(painted[1]) }));
  }, [file, wanted]);
  return tokens;
}
