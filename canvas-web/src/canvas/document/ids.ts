/** Ids of objects and connectors: 26 letters and digits, the first ten from the time, so that later ones sort later. Never used twice. */

const digits = '0123456789abcdefghjkmnpqrstvwxyz';

/** Fills with chance. */
export type Random = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;

export const chance: Random = (bytes) => crypto.getRandomValues(bytes);

export function newId(now: number = Date.now(), random: Random = chance): string {
  let time = '';
  for (let rest = now, place = 0; place < 10; place += 1) {
    time = digits.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  return time + Array.from(random(new Uint8Array(16)), (byte) => digits.charAt(byte % 32)).join('');
}
