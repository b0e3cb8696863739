/** A canvas of ten thousand objects. */

const OBJECTS = 10_000;
const ACROSS = 100;

const colors = ['amber', 'green', 'blue', 'pink', 'violet'];

/** Notes, ideas and the cards of real jobs, in rows, in a group where it begins; half of the first two thousand connected. */
export function largeCanvas(jobs) {
  const common = { parent: null, by: null, ts: 0, locked: false };
  const objects = Array.from({ length: OBJECTS }, (_, at) => {
    const [x, y] = [(at % ACROSS) * 320, Math.floor(at / ACROSS) * 240];
    const job = at % 2 === 1 && Math.floor(at / ACROSS) < 6 && at % ACROSS < 12 ? jobs[(at % ACROSS >> 1) + 6 * Math.floor(at / ACROSS)] : undefined;
    const type = job ? 'job' : at % 2 === 0 ? 'sticky' : 'idea';
    const size = { sticky: [200, 200], idea: [240, 120], job: [280, 136] }[type];
    const text = job ? '' : `Row ${Math.floor(at / ACROSS)}, plant ${at % ACROSS}\nWater it twice a week and look for snails`;
    return { ...common, id: `o${at}`, type, x, y, w: size[0], h: size[1], z: `a${String(at).padStart(5, '0')}`, text, color: colors[at % 5], ...(job && { job }) };
  });
  objects.push({ ...common, id: 'bed', type: 'group', x: -40, y: -60, w: 1400, h: 800, z: 'Zz', text: 'The first bed', color: 'green' });
  const links = Array.from({ length: 1000 }, (_, at) => ({
    id: `l${at}`,
    from: { object: `o${2 * at}`, side: 'auto' },
    to: { object: `o${2 * at + 1}`, side: 'auto' },
    kind: 'rel',
    color: 'gray',
    text: '',
  }));
  return { coord_canvas: 1, name: 'Orchard', objects, links };
}

/** Puts a file into a canvas, in pieces that one message holds. */
export async function importCanvas(person, canvas, file) {
  for (let from = 0; from < file.objects.length; from += 2_500) {
    const objects = file.objects.slice(from, from + 2_500);
    const known = new Set(objects.map(({ id }) => id));
    const links = file.links.filter(({ from: { object }, to }) => known.has(object) && known.has(to.object));
    await person.post(`/canvases/${canvas.id}/import`, { ...file, objects, links });
  }
}
