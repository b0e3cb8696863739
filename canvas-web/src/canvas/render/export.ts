/** The canvas as a picture, by the painter that draws it on the screen (CAN-11). Who exports sees in it what they may see of jobs. */
import type { Editor } from '../interact/editor';
import { around, grown } from '../scene/geometry';
import type { Box } from '../types';
import { Pictures } from './images';
import { Painter } from './painter';
import { plainPalette, readPalette } from './palette';
import { CanvasSurface } from './surface';
import { SvgSurface } from './svg';
import { makeMeasure } from './text';

const MARGIN = 40;
/** Browsers refuse larger canvases; some silently. */
const MOST_SIDE = 16_000;
const MOST_PIXELS = 100_000_000;

export interface ExportOptions {
  /** Only these, with what is in them; all when left out or empty. */
  readonly ids?: Iterable<string>;
  /** Pixels per unit, as far as a picture may be so large. 2 when left out. */
  readonly scale?: number;
}

async function prepare(editor: Editor, { ids = [] }: ExportOptions) {
  const { scene } = editor;
  const chosen = new Set<string>();
  for (const id of ids) {
    scene.inside(id, chosen);
  }
  const only = chosen.size > 0 ? chosen : undefined;
  const inner = only ? around([...only].flatMap((id) => scene.box(id) ?? [])) : scene.extent();
  const box: Box = grown(inner ?? { x: 0, y: 0, w: 200, h: 100 }, MARGIN);
  const pictures = new Pictures(
    (file) => editor.options.fileAddress?.(file) ?? '',
    () => undefined,
  );
  await Promise.all([
    pictures.all(scene.query(box).flatMap((id) => (!only || only.has(id) ? (scene.view(id)?.file ?? []) : []))),
    document.fonts?.ready,
  ]);
  const palette = plainPalette(readPalette(document.documentElement));
  return { box, only, painter: new Painter(scene, palette, makeMeasure(), pictures, editor.jobs) };
}

/** Rejects when the browser cannot make the picture. */
export async function exportPng(editor: Editor, options: ExportOptions = {}): Promise<Blob> {
  const { box, only, painter } = await prepare(editor, options);
  const scale = Math.min(options.scale ?? 2, MOST_SIDE / Math.max(box.w, box.h), Math.sqrt(MOST_PIXELS / (box.w * box.h)));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(box.w * scale));
  canvas.height = Math.max(1, Math.round(box.h * scale));
  const pen = canvas.getContext('2d', { alpha: false });
  if (!pen) {
    throw new Error('no canvas to draw on');
  }
  pen.fillStyle = painter.palette.bg;
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.setTransform(scale, 0, 0, scale, -box.x * scale, -box.y * scale);
  painter.paint(new CanvasSurface(pen), box, { zoom: Math.max(scale, 0.35), grid: false, cards: () => true, only });
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the picture is too large'))), 'image/png');
  });
}

export async function exportSvg(editor: Editor, options: ExportOptions = {}): Promise<Blob> {
  const { box, only, painter } = await prepare(editor, options);
  const surface = new SvgSurface(embedded);
  painter.paint(surface, box, { zoom: 1, grid: false, cards: () => true, only });
  return new Blob([surface.file(box, painter.palette.bg)], { type: 'image/svg+xml' });
}

/** A picture's content as a data address, no finer than it can be seen. */
function embedded(picture: HTMLImageElement): string | null {
  const scale = Math.min(1, 1600 / Math.max(picture.naturalWidth, picture.naturalHeight, 1));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(picture.naturalHeight * scale));
  const pen = canvas.getContext('2d');
  pen?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  try {
    return pen ? canvas.toDataURL('image/png') : null;
  } catch {
    // A picture from another origin may be shown but not read.
    return null;
  }
}
