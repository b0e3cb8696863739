/** A fragment as a list for other programs: groups with what is in them, in reading order. */
import type { ObjectView } from '../../types';
import { readingOrder } from '../commands/arrange';
import type { Fragment } from '../commands/copies';
import { groupBy } from '../edit';
import type { JobWords } from '../files/canvas-file';

interface Entry {
  readonly words: string;
  readonly url: string | null;
  readonly inside: readonly Entry[];
}

function entries(fragment: Fragment, jobs: JobWords): readonly Entry[] {
  const families = groupBy(fragment.objects, ({ parent }) => parent);
  const family = (parent: string | null): readonly Entry[] =>
    readingOrder((families.get(parent) ?? []).map((view) => ({ view, box: view }))).map(({ view }) => ({
      words: wordsOf(view, jobs),
      url: view.url,
      inside: family(view.id),
    }));
  return family(null);
}

function wordsOf(view: ObjectView, jobs: JobWords): string {
  if (view.job !== null) {
    return jobs(view.job)?.title ?? 'Private job';
  }
  return view.text.trim() === '' && view.type === 'group' ? 'Group' : view.text.trim();
}

/** One object alone is its text; several are a list. */
export function asText(fragment: Fragment, jobs: JobWords): string {
  const list = entries(fragment, jobs);
  const said = ({ words, url }: Entry) => [words, url ?? ''].filter((part) => part !== '').join(' ');
  const [only] = list;
  if (list.length === 1 && only?.inside.length === 0) {
    return said(only);
  }
  const lines = (some: readonly Entry[], indent: string): string[] =>
    some.flatMap((entry) => {
      const own = said(entry).split('\n').join(`\n${indent}  `);
      return [...(own === '' ? [] : [`${indent}- ${own}`]), ...lines(entry.inside, `${indent}  `)];
    });
  return lines(list, '').join('\n');
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => escapes[character] ?? '');

const attribute = 'data-coord-canvas';

export function asHtml(fragment: Fragment, json: string, jobs: JobWords): string {
  const list = (some: readonly Entry[]): string =>
    some
      .map(({ words, url, inside }) => {
        const said = escaped(words).replace(/\n/g, '<br>');
        const own = url === null ? said : `<a href="${escaped(url)}">${said === '' ? escaped(url) : said}</a>`;
        return `<li>${own}${inside.length === 0 ? '' : `<ul>${list(inside)}</ul>`}</li>`;
      })
      .join('');
  return `<ul ${attribute}="${escaped(encodeURIComponent(json))}">${list(entries(fragment, jobs))}</ul>`;
}

/** The file that such a list carries; empty when it carries none. */
export function fromHtml(html: string): string {
  const found = new RegExp(`${attribute}="([^"]*)"`).exec(html)?.[1];
  if (found === undefined) {
    return '';
  }
  try {
    return decodeURIComponent(found.replace(/&#39;/g, "'").replace(/&amp;/g, '&'));
  } catch {
    return '';
  }
}
