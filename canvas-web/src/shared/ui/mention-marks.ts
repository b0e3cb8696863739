/** What is looked at of the tree that Markdown becomes. */
interface Node {
  type: string;
  tagName?: string;
  value?: string;
  properties?: Record<string, unknown>;
  children?: Node[];
}

/** Letters around a name that would make it part of another word; the server looks for names in the same way. */
const before = String.raw`(?<![\p{L}\p{N}.%+\-/@\\])`;
const after = String.raw`(?![\p{L}\p{N}]|_[\p{L}\p{N}])`;

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Finds `@name` for these names, the longer of two that fit. */
export function mentionPattern(names: readonly string[]): RegExp | undefined {
  const known = [...new Set(names.filter((name) => name !== ''))].sort((a, b) => b.length - a.length);
  return known.length === 0 ? undefined : new RegExp(`${before}@(?:${known.map(escaped).join('|')})${after}`, 'giu');
}

const mark = (name: string): Node => ({
  type: 'element',
  tagName: 'span',
  properties: { className: ['mention'] },
  children: [{ type: 'text', value: name }],
});

function marked(text: string, pattern: RegExp): Node[] {
  const parts: Node[] = [];
  let at = 0;
  for (const found of text.matchAll(pattern)) {
    parts.push({ type: 'text', value: text.slice(at, found.index) }, mark(found[0]));
    at = found.index + found[0].length;
  }
  return [...parts, { type: 'text', value: text.slice(at) }];
}

/** A rehype plugin: shows mentions as such, in words and not in code. It only splits text, so nothing comes in that was sanitised out. */
export function mentionMarks(names: readonly string[]) {
  const pattern = mentionPattern(names);
  const walk = (node: Node) => {
    node.children = node.children?.flatMap((child) => {
      if (pattern && child.type === 'text') {
        return marked(child.value ?? '', pattern);
      }
      if (child.tagName !== 'code' && child.tagName !== 'pre') {
        walk(child);
      }
      return child;
    });
  };
  return () => walk;
}
