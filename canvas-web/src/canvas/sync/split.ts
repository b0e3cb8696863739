/** Cuts an update that is larger than one message may be into several, each whole in itself and good to apply after those before it. */
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';

type Struct = ReturnType<typeof Y.decodeUpdate>['structs'][number];
interface Id {
  client: number;
  clock: number;
}

const isItem = (struct: Struct): struct is Y.Item => struct instanceof Y.Item;

/** What has to be there before a struct: the neighbours it was put between, and what it is in. */
function needs(struct: Struct): Id[] {
  if (!isItem(struct)) {
    return [];
  }
  const parent: unknown = struct.parent;
  return [struct.origin, struct.rightOrigin, parent instanceof Y.ID ? parent : null].filter((id) => id !== null);
}

/** The parts, none larger than `most` bytes; null when a single struct is larger than that. */
export function splitUpdate(update: Uint8Array, most: number): Uint8Array[] | null {
  if (update.byteLength <= most) {
    return [update];
  }
  const { structs, ds } = Y.decodeUpdate(update);
  const parts: Uint8Array[] = [];
  for (const run of runs(inOrder(structs), most)) {
    const part = encode(run);
    if (part.byteLength > most) {
      return null;
    }
    parts.push(part);
  }
  const deletes = encode([], ds);
  if (deletes.byteLength > most) {
    return null;
  }
  return [...parts, deletes];
}

/** Structs of all clients in one order in which each finds what it needs. What came before the update is taken to be there. */
function inOrder(structs: readonly Struct[]): Struct[] {
  const queues = new Map<number, Struct[]>();
  for (const struct of structs) {
    const queue = queues.get(struct.id.client);
    if (queue) {
      queue.push(struct);
    } else {
      queues.set(struct.id.client, [struct]);
    }
  }
  const clocks = new Map([...queues].map(([client, [first]]) => [client, first?.id.clock ?? 0]));
  const done: Struct[] = [];
  const at = new Map<number, number>();
  const there = ({ client, clock }: Id) => clock < (clocks.get(client) ?? Number.POSITIVE_INFINITY);
  for (let moved = true; moved; ) {
    moved = false;
    for (const [client, queue] of queues) {
      let next = at.get(client) ?? 0;
      for (let struct = queue[next]; struct && needs(struct).every((id) => id.client === client || there(id)); struct = queue[++next]) {
        done.push(struct);
        clocks.set(client, struct.id.clock + struct.length);
        moved = true;
      }
      at.set(client, next);
    }
  }
  for (const [client, queue] of queues) {
    done.push(...queue.slice(at.get(client) ?? 0));
  }
  return done;
}

function* runs(structs: readonly Struct[], most: number): Generator<Struct[]> {
  let run: Struct[] = [];
  let bytes = 0;
  for (const struct of structs) {
    // Alone, a struct has its head besides; so the sum is above what they take together.
    const size = encode([struct]).byteLength;
    if (run.length > 0 && bytes + size > most - 64) {
      yield run;
      run = [];
      bytes = 0;
    }
    run.push(struct);
    bytes += size;
  }
  if (run.length > 0) {
    yield run;
  }
}

/** The form of `Y.encodeStateAsUpdate`: structs by client, then what is deleted. */
function encode(structs: readonly Struct[], deletes?: ReturnType<typeof Y.decodeUpdate>['ds']): Uint8Array {
  const encoder = new Y.UpdateEncoderV1();
  const rest = encoder.restEncoder;
  const groups = new Map<number, Struct[]>();
  for (const struct of structs) {
    const group = groups.get(struct.id.client);
    if (group) {
      group.push(struct);
    } else {
      groups.set(struct.id.client, [struct]);
    }
  }
  encoding.writeVarUint(rest, groups.size);
  for (const [client, group] of groups) {
    encoding.writeVarUint(rest, group.length);
    encoder.writeClient(client);
    encoding.writeVarUint(rest, group[0]?.id.clock ?? 0);
    for (const struct of group) {
      struct.write(encoder, 0);
    }
  }
  const deleted = [...(deletes?.clients ?? [])];
  encoding.writeVarUint(rest, deleted.length);
  for (const [client, items] of deleted) {
    encoder.resetDsCurVal();
    encoding.writeVarUint(rest, client);
    encoding.writeVarUint(rest, items.length);
    for (const item of items) {
      encoder.writeDsClock(item.clock);
      encoder.writeDsLen(item.len);
    }
  }
  return encoder.toUint8Array();
}
