/** Where each job of the graph lies: what comes first on the left. Pure, so that it can be done in a worker. */
import { layout as arrange, Graph } from '@dagrejs/dagre';
import { chains, type Link } from './model';
import { HEIGHT, type Place, WIDTH } from './size';

const GAP = 28;
const BETWEEN = 56;

interface Block {
  width: number;
  height: number;
  places: [string, Place][];
}

/** One chain, laid out by the library. */
function block(ids: readonly string[], links: readonly Link[]): Block {
  const graph = new Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: GAP, ranksep: 72 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of ids) {
    graph.setNode(id, { width: WIDTH, height: HEIGHT });
  }
  for (const { from, to } of links) {
    graph.setEdge(from, to);
  }
  arrange(graph);
  let [width, height] = [0, 0];
  const places = ids.map((id): [string, Place] => {
    const { x, y } = graph.node(id) as Place;
    width = Math.max(width, x + WIDTH / 2);
    height = Math.max(height, y + HEIGHT / 2);
    return [id, { x: Math.round(x - WIDTH / 2), y: Math.round(y - HEIGHT / 2) }];
  });
  return { width, height, places };
}

/** Jobs that nothing is connected with, in rows. */
function grid(ids: readonly string[]): Block {
  const columns = Math.max(1, Math.round(Math.sqrt((ids.length * HEIGHT * 1.7) / WIDTH)));
  const places = ids.map((id, at): [string, Place] => [
    id,
    { x: (at % columns) * (WIDTH + GAP), y: Math.floor(at / columns) * (HEIGHT + GAP) },
  ]);
  const rows = Math.ceil(ids.length / columns);
  return { width: columns * (WIDTH + GAP) - GAP, height: rows * (HEIGHT + GAP) - GAP, places };
}

/** Lays chains out one by one and puts them side by side in rows, the largest first; what is not connected comes last. */
export function layout(ids: readonly string[], links: readonly Link[]): Map<string, Place> {
  const groups = chains(ids, links);
  const chainOf = new Map(groups.flatMap((group, at) => group.map((id) => [id, at] as const)));
  const own = groups.map((): Link[] => []);
  for (const link of links) {
    own[chainOf.get(link.from) ?? -1]?.push(link);
  }
  const blocks = groups.flatMap((group, at) => (group.length > 1 ? [block(group, own[at] ?? [])] : []));
  blocks.sort((a, b) => b.height - a.height);
  const single = groups.flatMap((group) => (group.length === 1 ? group : []));
  if (single.length > 0) {
    blocks.push(grid(single));
  }
  const area = blocks.reduce((sum, { width, height }) => sum + (width + BETWEEN) * (height + BETWEEN), 0);
  const most = Math.max(...blocks.map(({ width }) => width), Math.sqrt(area * 1.7));
  const places = new Map<string, Place>();
  let [x, y, row] = [0, 0, 0];
  for (const each of blocks) {
    if (x > 0 && x + each.width > most) {
      y += row + BETWEEN;
      x = 0;
      row = 0;
    }
    for (const [id, place] of each.places) {
      places.set(id, { x: place.x + x, y: place.y + y });
    }
    x += each.width + BETWEEN;
    row = Math.max(row, each.height);
  }
  return places;
}
