/** Source text to runs of colour, line by line. Runs in a worker; knows nothing of the page. */

/** A run of text: its classes (none for plain text), then the text. */
export type Run = [classes: string, text: string];

/** What a highlighter gives: the part of hast that is used. */
export interface Node {
  type: string;
  value?: string;
  children?: Node[];
  properties?: { className?: unknown };
}

/** Flattens a tree into runs, cut at line ends. */
export function linesOf(nodes: readonly Node[]): Run[][] {
  const lines: Run[][] = [[]];
  const walk = (all: readonly Node[], classes: string) => {
    for (const node of all) {
      if (node.type === 'text') {
        for (const [at, text] of (node.value ?? '').split('\n').entries()) {
          if (at > 0) {
            lines.push([]);
          }
          if (text !== '') {
            lines[lines.length - 1]?.push([classes, text]);
          }
        }
      } else {
        const own = node.properties?.className;
        walk(node.children ?? [], Array.isArray(own) ? own.join(' ') : classes);
      }
    }
  };
  walk(nodes, '');
  return lines;
}

export interface ColourJob {
  id: number;
  language: string;
  /** Texts of the old and of the new side. */
  sides: [string, string];
}

export interface ColourDone {
  id: number;
  sides: [Run[][], Run[][]];
}
