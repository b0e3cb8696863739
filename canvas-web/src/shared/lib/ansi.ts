/**
 * Program output to styled runs of plain text. Only SGR (colour and weight) is honoured; every other escape — OSC with its links, titles
 * and clipboard writes, DCS, cursor moves — is dropped, so hostile output can only ever be text.
 */
export interface AnsiRun {
  text: string;
  /** Class names, empty when plain. */
  style: string;
}

interface Sgr {
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
  inverse: boolean;
  fg: number;
  bg: number;
}

export type AnsiState = Sgr;

const NONE = -1;
const plain = (): Sgr => ({ bold: false, dim: false, italic: false, underline: false, strike: false, inverse: false, fg: NONE, bg: NONE });

// Alternatives in order: string sequences (OSC, DCS, SOS, PM, APC) up to their end, CSI, other escapes, then stray control characters.
// A string sequence that never ends swallows at most 4096 characters, so that one cut in half does not hide the rest of the log.
const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c|$)|(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~]|$)|\x1b[ -/]*[0-~]?|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

/** Splits `text` into runs. `state` carries the style from one piece of output to the next. */
export function parseAnsi(text: string, state: AnsiState = plain()): { runs: AnsiRun[]; state: AnsiState } {
  const runs: AnsiRun[] = [];
  let sgr = state;
  let style = classes(sgr);
  let at = 0;
  const push = (piece: string) => {
    if (piece === '') {
      return;
    }
    const last = runs[runs.length - 1];
    if (last && last.style === style) {
      last.text += piece;
    } else {
      runs.push({ text: piece, style });
    }
  };
  for (const match of text.matchAll(ESCAPES)) {
    push(text.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[2] === 'm' && match[1] !== undefined) {
      sgr = applySgr(sgr, match[1]);
      style = classes(sgr);
    }
  }
  push(text.slice(at));
  return { runs, state: sgr };
}

/** The text alone, for searching and copying. */
export const stripAnsi = (text: string): string => text.replace(ESCAPES, '');

/** What a terminal would show after carriage returns: the last rewrite of each line, so progress bars take one line. */
export function collapseReturns(text: string): string {
  if (!text.includes('\r')) {
    return text;
  }
  return text
    .replace(/\r+\n/g, '\n')
    .split('\n')
    .map((line) => line.slice(line.replace(/\r+$/, '').lastIndexOf('\r') + 1).replace(/\r+$/, ''))
    .join('\n');
}

function applySgr(before: Sgr, parameters: string): Sgr {
  let sgr = { ...before };
  const codes = parameters.split(/[;:]/).map((code) => (code === '' ? 0 : Number(code)));
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 0) sgr = plain();
    else if (code === 1) sgr.bold = true;
    else if (code === 2) sgr.dim = true;
    else if (code === 3) sgr.italic = true;
    else if (code === 4) sgr.underline = true;
    else if (code === 7) sgr.inverse = true;
    else if (code === 9) sgr.strike = true;
    else if (code === 22) sgr.bold = sgr.dim = false;
    else if (code === 23) sgr.italic = false;
    else if (code === 24) sgr.underline = false;
    else if (code === 27) sgr.inverse = false;
    else if (code === 29) sgr.strike = false;
    else if (code >= 30 && code <= 37) sgr.fg = code - 30;
    else if (code >= 90 && code <= 97) sgr.fg = code - 90;
    else if (code === 39) sgr.fg = NONE;
    else if (code >= 40 && code <= 47) sgr.bg = code - 40;
    else if (code >= 100 && code <= 107) sgr.bg = code - 100;
    else if (code === 49) sgr.bg = NONE;
    else if (code === 38 || code === 48) {
      const [colour, used] = extendedColour(codes, i + 1);
      i += used;
      if (code === 38) sgr.fg = colour;
      else sgr.bg = colour;
    }
  }
  return sgr;
}

/** The nearest of the eight palette colours, so that any colour stays readable in both themes. */
function extendedColour(codes: number[], at: number): [number, number] {
  if (codes[at] === 5) {
    const index = codes[at + 1] ?? 0;
    if (index < 16) return [index % 8, 2];
    if (index >= 232) return [7, 2];
    const cube = index - 16;
    return [nearest(Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51), 2];
  }
  if (codes[at] === 2) return [nearest(codes[at + 1] ?? 0, codes[at + 2] ?? 0, codes[at + 3] ?? 0), 4];
  return [NONE, 1];
}

function nearest(r: number, g: number, b: number): number {
  const middle = (Math.max(r, g, b) + Math.min(r, g, b)) / 2;
  if (Math.max(r, g, b) - Math.min(r, g, b) < 48) return middle < 96 ? 0 : 7;
  return (r > middle ? 1 : 0) | (g > middle ? 2 : 0) | (b > middle ? 4 : 0);
}

function classes(sgr: Sgr): string {
  const names: string[] = [];
  if (sgr.bold) names.push('ansi-b');
  if (sgr.dim) names.push('ansi-d');
  if (sgr.italic) names.push('ansi-i');
  if (sgr.underline) names.push('ansi-u');
  if (sgr.strike) names.push('ansi-s');
  const [fg, bg] = sgr.inverse ? [sgr.bg, sgr.fg === NONE ? 7 : sgr.fg] : [sgr.fg, sgr.bg];
  if (fg !== NONE) names.push(`ansi-f${fg}`);
  if (bg !== NONE) names.push(`ansi-g${bg}`);
  return names.join(' ');
}
