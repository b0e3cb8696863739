/**
 * JSON Canvas 1.0 (jsoncanvas.org), which Obsidian and others read. Its groups hold what lies within them, its coordinates are those of the
 * canvas, and it knows texts, links, files and groups: `coordType` and `coordKind` beside them keep what it has no word for.
 */
import type { Box, CanvasDocument, Color, LinkKind, ObjectView, Side } from '../../types';
import { subtree, worldPoint } from '../geometry';
import { clampSize, isColor, isKind, isSide, limits, webAddress } from '../heal';
import type { JobWords } from './canvas-file';
import { Draft } from './draft';
import { Check, type Fields, isFields, type Parsed } from './parsed';

interface JsonCanvas {
  readonly nodes: readonly Fields[];
  readonly edges: readonly Fields[];
}

const toTheirs: Readonly<Record<Color, string | undefined>> = {
  gray: undefined,
  red: '1',
  orange: '2',
  amber: '3',
  green: '4',
  teal: '5',
  violet: '6',
  blue: '#3b82f6',
  pink: '#ec4899',
};

export function toJsonCanvas(document: CanvasDocument, jobs: JobWords = () => null): JsonCanvas {
  const nodes = document
    .children(null)
    .flatMap((id) => subtree(document, id))
    .map((id) => node(document, document.objects.get(id) as ObjectView, jobs));
  const edges = [...document.links.values()].map((link) => ({
    id: link.id,
    fromNode: link.from.object,
    ...(link.from.side === 'auto' ? {} : { fromSide: link.from.side }),
    toNode: link.to.object,
    ...(link.to.side === 'auto' ? {} : { toSide: link.to.side }),
    ...colored(link.color),
    ...(link.text === '' ? {} : { label: link.text }),
    ...(link.kind === 'rel' ? {} : { coordKind: link.kind }),
  }));
  return { nodes, edges };
}

const colored = (color: Color) => (toTheirs[color] === undefined ? {} : { color: toTheirs[color] });

function node(document: CanvasDocument, view: ObjectView, jobs: JobWords): Fields {
  const { x, y } = worldPoint(document, view.id);
  const box = { x: Math.round(x), y: Math.round(y), width: Math.round(view.w), height: Math.round(view.h) };
  const common = { id: view.id, ...box, ...colored(view.color) };
  if (view.type === 'group') {
    return { ...common, type: 'group', ...(view.text === '' ? {} : { label: view.text }) };
  }
  if (view.url !== null) {
    return { ...common, type: 'link', url: view.url, ...(view.text === '' ? {} : { coordText: view.text }) };
  }
  if (view.file !== null) {
    return { ...common, type: 'file', file: view.file, coordType: 'image' };
  }
  const job = view.job === null ? null : jobs(view.job);
  return { ...common, type: 'text', text: view.job === null ? view.text : (job?.title ?? 'Private job'), coordType: view.type };
}

/** Whether this means to be such a file. */
export const isJsonCanvas = (value: unknown): boolean =>
  isFields(value) && !('coord_canvas' in value) && ('nodes' in value || 'edges' in value);

interface Node {
  readonly value: Fields;
  readonly id: string;
  readonly box: Box;
}

const what = 'This JSON Canvas file';

export function fromJsonCanvas(value: unknown): Parsed {
  const check = new Check();
  const { nodes = [], edges = [] } = isFields(value) ? value : { nodes: null, edges: null };
  if (!Array.isArray(nodes) || !Array.isArray(edges)) {
    check.that(Array.isArray(nodes), 'nodes', 'must be a list');
    check.that(Array.isArray(edges), 'edges', 'must be a list');
    return check.refusal(what);
  }
  check.that(nodes.length <= limits.objects, 'nodes', `must be at most ${limits.objects}`);
  check.that(edges.length <= limits.objects, 'edges', `must be at most ${limits.objects}`);
  if (check.failed) {
    return check.refusal(what);
  }
  const seen = new Set<string>();
  const read = nodes.flatMap((one: unknown, index) => readNode(check, one, `nodes[${index}]`, seen));
  edges.forEach((one: unknown, index) => {
    checkEdge(check, one, `edges[${index}]`, seen);
  });
  if (check.failed) {
    return check.refusal(what);
  }
  const draft = new Draft();
  const ids = addNodes(draft, read);
  for (const edge of edges as Fields[]) {
    const [from, to] = [ids.get(String(edge.fromNode)), ids.get(String(edge.toNode))];
    if (from !== undefined && to !== undefined && from !== to) {
      const { label, coordKind } = edge;
      draft.link(from, to, {
        kind: isKind(coordKind) ? (coordKind satisfies LinkKind) : 'rel',
        color: toOurs(edge.color) ?? 'gray',
        text: typeof label === 'string' ? label : '',
        sides: [sideOf(edge.fromSide), sideOf(edge.toSide)],
      });
    }
  }
  return { ok: true, name: null, fragment: draft.fragment() };
}

const sideOf = (value: unknown): Side => (isSide(value) ? value : 'auto');

function readNode(check: Check, value: unknown, at: string, seen: Set<string>): Node[] {
  if (!check.that(isFields(value), at, 'must be an object')) {
    return [];
  }
  const fields = value as Fields;
  const { id, type, x, y, width, height } = fields;
  const known = type === 'text' || type === 'link' || type === 'file' || type === 'group';
  check.that(typeof id === 'string' && id !== '' && !seen.has(id), `${at}.id`, 'must be a text that no other node has');
  check.that(known, `${at}.type`, 'must be one of text, link, file, group');
  for (const [field, number] of Object.entries({ x, y, width, height })) {
    const good = typeof number === 'number' && Math.abs(number) <= limits.coordinate;
    check.that(good, `${at}.${field}`, `must be a number from -${limits.coordinate} to ${limits.coordinate}`);
  }
  for (const field of ['text', 'label', 'url', 'file', 'coordText']) {
    const words = fields[field];
    const good = words === undefined || (typeof words === 'string' && words.length <= limits.text);
    check.that(good, `${at}.${field}`, `must be a text of at most ${limits.text} characters`);
  }
  if (typeof id !== 'string' || typeof x !== 'number' || typeof y !== 'number' || typeof width !== 'number' || typeof height !== 'number') {
    return [];
  }
  seen.add(id);
  return [{ value: fields, id, box: { x, y, w: clampSize(width, limits.minSize), h: clampSize(height, limits.minSize) } }];
}

function checkEdge(check: Check, value: unknown, at: string, nodes: ReadonlySet<string>): void {
  if (check.that(isFields(value), at, 'must be an object')) {
    const { fromNode, toNode, label } = value as Fields;
    check.that(nodes.has(String(fromNode)), `${at}.fromNode`, 'must be a node of this file');
    check.that(nodes.has(String(toNode)), `${at}.toNode`, 'must be a node of this file');
    const good = label === undefined || (typeof label === 'string' && label.length <= limits.text);
    check.that(good, `${at}.label`, `must be a text of at most ${limits.text} characters`);
  }
}

/** Adds groups before what lies within them; answers the new ids. */
function addNodes(draft: Draft, nodes: readonly Node[]): ReadonlyMap<string, string> {
  const area = ({ box }: Node) => box.w * box.h;
  // A group can only be in a larger one, so that there is no circle.
  const groups = nodes.filter(({ value }) => value.type === 'group').sort((a, b) => area(b) - area(a));
  const places = new Map<string, { readonly id: string; readonly node: Node; readonly depth: number }>();
  const add = (node: Node, within: readonly Node[]) => {
    const homes = within.filter((group) => holds(group.box, node.box)).map((group) => places.get(group.id));
    const home = homes.findLast((one) => one !== undefined && one.depth < limits.depth);
    const origin = home?.node.box ?? { x: 0, y: 0 };
    const at = { x: node.box.x - origin.x, y: node.box.y - origin.y, w: node.box.w, h: node.box.h };
    // Coordinates are relative to the group, which keeps its own on the canvas here.
    const id = draft.add({ ...content(node.value), ...at, parent: home?.id ?? null });
    places.set(node.id, { id, node, depth: (home?.depth ?? 0) + 1 });
  };
  groups.forEach((node, index) => {
    add(node, groups.slice(0, index));
  });
  for (const node of nodes) {
    if (node.value.type !== 'group') {
      add(node, groups);
    }
  }
  return new Map([...places].map(([theirs, { id }]) => [theirs, id]));
}

const holds = (outer: Box, inner: Box) =>
  inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.w <= outer.x + outer.w && inner.y + inner.h <= outer.y + outer.h;

function content(value: Fields): { type: string; text: string; url?: string; color: Color | undefined } {
  const text = (field: string) => (typeof value[field] === 'string' ? value[field] : '');
  const color = toOurs(value.color);
  const { coordType } = value;
  switch (value.type) {
    case 'group':
      return { type: 'group', text: text('label'), color: color ?? 'gray' };
    case 'link': {
      const url = webAddress(value.url);
      return url === null
        ? { type: 'text', text: text('url'), color }
        : { type: 'link', text: text('coordText'), url, color: color ?? 'gray' };
    }
    case 'file':
      // Their file is on their disk: its name is all there is.
      return { type: 'text', text: text('file'), color };
    default: {
      const type = coordType === 'idea' || coordType === 'text' ? coordType : 'sticky';
      return { type, text: text('text'), color: color ?? (type === 'sticky' && coordType === undefined ? 'amber' : 'gray') };
    }
  }
}

/** One of six numbers, or a colour that is matched by its hue. */
function toOurs(value: unknown): Color | undefined {
  const found = Object.entries(toTheirs).find(([, theirs]) => theirs !== undefined && theirs === value);
  if (found !== undefined && isColor(found[0])) {
    return found[0];
  }
  const hex = typeof value === 'string' ? /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(value) : null;
  return hex === null ? undefined : nearest(hex.slice(1).map((part) => Number.parseInt(part, 16)) as [number, number, number]);
}

const hues: readonly (readonly [number, Color])[] = [
  [0, 'red'],
  [25, 'orange'],
  [48, 'amber'],
  [130, 'green'],
  [178, 'teal'],
  [217, 'blue'],
  [265, 'violet'],
  [325, 'pink'],
  [360, 'red'],
];

function nearest([red, green, blue]: readonly [number, number, number]): Color {
  const [high, low] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  const spread = high - low;
  if (spread < 24) {
    return 'gray';
  }
  const sixth = high === red ? ((green - blue) / spread + 6) % 6 : high === green ? (blue - red) / spread + 2 : (red - green) / spread + 4;
  const hue = sixth * 60;
  return hues.reduce((best, one) => (Math.abs(one[0] - hue) < Math.abs(best[0] - hue) ? one : best))[1];
}
