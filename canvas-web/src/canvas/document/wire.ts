/** Objects and connectors as HTTP and files say them: `CanvasObject` and `CanvasLink` of protocol/src/canvas.rs. */
import type { CanvasDocument, LinkView, ObjectView } from '../types';

export interface WireObject {
  readonly id: string;
  readonly type: string;
  readonly parent: string | null;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly z: string;
  readonly text: string;
  readonly color: string;
  readonly by?: string;
  readonly ts: number;
  readonly locked: boolean;
  readonly job?: string;
  readonly url?: string;
  readonly file?: string;
  readonly folder?: string;
  /** In exports, for those who may see the job. */
  readonly job_title?: string;
  readonly job_state?: string;
}

export type WireLink = LinkView;

export interface CanvasFile {
  readonly coord_canvas: number;
  readonly name: string;
  readonly objects: WireObject[];
  readonly links: WireLink[];
}

/** What is not there is left out, except the parent. */
export function wireObject({ by, job, url, file, folder, ...rest }: ObjectView): WireObject {
  const there: Partial<Record<'by' | 'job' | 'url' | 'file' | 'folder', string>> = {};
  for (const [key, value] of Object.entries({ by, job, url, file, folder })) {
    if (value !== null) {
      there[key as keyof typeof there] = value;
    }
  }
  return { ...rest, ...there };
}

const byId = (a: { readonly id: string }, b: { readonly id: string }) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** All objects and connectors, by id. */
export function wireView(document: Pick<CanvasDocument, 'objects' | 'links'>): Pick<CanvasFile, 'objects' | 'links'> {
  return { objects: [...document.objects.values()].map(wireObject).sort(byId), links: [...document.links.values()].sort(byId) };
}
