/** What rows are called, on screen and read aloud. */
import type { OpenDocument } from '../document';
import { hostOf, privateFace, typeWord } from '../render/layout';
import type { JobSource } from '../render/painter';
import type { ObjectView } from '../types';
import type { LinkRow } from './rows';

export const faceOf = (jobs: JobSource, job: string) => jobs.face(job) ?? privateFace;

/** The one line that names an object. */
export function nameOf(view: ObjectView, jobs: JobSource): string {
  if (view.job !== null) {
    const { number, title } = faceOf(jobs, view.job);
    return number === null ? title : `#${number} ${title}`;
  }
  const line = view.text.trim().split('\n', 1)[0]?.trim() ?? '';
  return line || hostOf(view.url) || `Empty ${typeWord(view.type).toLocaleLowerCase()}`;
}

/** What comes after the first line, as one line. */
export const restOf = (view: ObjectView): string =>
  view.job === null ? view.text.trim().split('\n').slice(1).join(' ').replace(/\s+/g, ' ').trim() : '';

const counted = (count: number, one: string, more: string) => (count === 0 ? '' : count === 1 ? `1 ${one}` : `${count} ${more}`);

export function labelOf(document: OpenDocument, view: ObjectView, jobs: JobSource, links: number): string {
  const face = view.job === null ? null : faceOf(jobs, view.job);
  const kind = view.job === null ? typeWord(view.type) : 'Job card';
  return [
    kind,
    nameOf(view, jobs),
    face !== null && face.number !== null ? face.word : '',
    restOf(view),
    view.text.trim() === '' ? '' : hostOf(view.url),
    view.type === 'group' ? counted(document.children(view.id).length, 'object inside', 'objects inside') || 'empty' : '',
    counted(links, 'connector', 'connectors'),
    view.locked ? 'locked' : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** How a connector reads from the object under which it stands. */
export function linkWords({ kind, begins }: LinkRow): string {
  if (kind === 'dep') {
    return begins ? 'Comes before' : 'Waits for';
  }
  return begins ? 'Leads to' : 'Comes from';
}
