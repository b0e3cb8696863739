/**
 * Order keys: strings that sort like the objects they are on. A key that is made between two others gets a few digits of chance, so that two
 * people who put something at the same place at once do not make the same key.
 */
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing';
import { limits } from './heal';
import { chance, type Random } from './ids';

export interface Ordered {
  readonly id: string;
  readonly z: string;
}

export interface NewKeys {
  /** For what is put in, lowest first. */
  readonly keys: readonly string[];
  /** Siblings whose keys left no room; they keep their order. */
  readonly moved: readonly Ordered[];
}

/** Keys for `count` objects put in before `siblings[index]`. `siblings` are in drawing order; anything may stand in their keys. */
export function keysAt(siblings: readonly Ordered[], index: number, count: number, random: Random = chance): NewKeys {
  let low = index - 1;
  while (low >= 0 && !isKey(siblings[low]?.z)) {
    low -= 1;
  }
  const before = siblings[low]?.z ?? null;
  let high = index;
  while (high < siblings.length && !follows(siblings[high]?.z, before)) {
    high += 1;
  }
  return between(siblings, low, high, index, count, random) ?? all(siblings, index, count, random);
}

/** Spaces everything anew. */
function all(siblings: readonly Ordered[], index: number, count: number, random: Random): NewKeys {
  return between(siblings, -1, siblings.length, index, count, random) ?? { keys: [], moved: [] };
}

/** Null when there is no room: keys would get too long, or somebody wrote one at the end of all keys. */
function between(siblings: readonly Ordered[], low: number, high: number, index: number, count: number, random: Random): NewKeys | null {
  const below = siblings.slice(low + 1, index);
  const above = siblings.slice(index, high);
  const after = siblings[high]?.z ?? null;
  const plain = keysBetween(siblings[low]?.z ?? null, after, below.length + count + above.length);
  const keys = plain.map((key, place) => jitter(key, plain[place + 1] ?? after, random));
  if (keys.some((key) => key.length > limits.order || !isKey(key))) {
    return null;
  }
  const moved = [...below.map(({ id }, place) => ({ id, z: keys[place] ?? '' }))];
  moved.push(...above.map(({ id }, place) => ({ id, z: keys[below.length + count + place] ?? '' })));
  return { keys: keys.slice(below.length, below.length + count), moved };
}

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function jitter(key: string, after: string | null, random: Random): string {
  const [first = 0, second = 0] = random(new Uint8Array(2));
  // A key never ends in 0: nothing would fit below it.
  const longer = key + digits.charAt(first % 62) + digits.charAt(1 + (second % 61));
  return after === null || longer < after ? longer : key;
}

function keysBetween(before: string | null, after: string | null, count: number): readonly string[] {
  try {
    return generateNKeysBetween(before, after, count);
  } catch {
    // There is nothing below the lowest key.
    return [''];
  }
}

function isKey(key: string | undefined): key is string {
  // The library does not look at the digits.
  if (key === undefined || !/^[0-9A-Za-z]+$/.test(key)) {
    return false;
  }
  try {
    generateKeyBetween(key, null);
    return true;
  } catch {
    return false;
  }
}

const follows = (key: string | undefined, before: string | null) => isKey(key) && (before === null || key > before);
