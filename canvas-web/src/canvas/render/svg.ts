/** The picture as an SVG file. Text stays text, so it can be searched and edited. */
import type { Curve } from '../scene/connectors';
import type { Box, Point } from '../types';
import { baseline, type Stroke, type Surface } from './surface';
import type { Lines, Weight } from './text';

/** Whether XML knows a way to write this letter. */
function writable(letter: string): boolean {
  const code = letter.codePointAt(0) ?? 0;
  return code >= 0x20 ? !(code >= 0xd800 && code <= 0xdfff) && code !== 0xfffe && code !== 0xffff : letter === '\t' || letter === '\n';
}

const escaped = (text: string): string =>
  [...text]
    .filter(writable)
    .join('')
    .replace(/[&<>"]/g, (letter) => `&#${letter.codePointAt(0)};`);
const round = (value: number): string => String(Math.round(value * 100) / 100);

function strokeOf(stroke: Stroke | undefined): string {
  if (!stroke) {
    return '';
  }
  const dash = stroke.dash ? ` stroke-dasharray="${stroke.dash.map(round).join(' ')}"` : '';
  return ` stroke="${escaped(stroke.color)}" stroke-width="${round(stroke.width)}"${dash}`;
}

export class SvgSurface implements Surface {
  private readonly parts: string[] = [];
  private clips = 0;

  /** `embed` gives a picture's bytes as a data address, so that the file needs nothing from elsewhere. */
  constructor(private readonly embed: (picture: HTMLImageElement) => string | null) {}

  rect(box: Box, radius: number, fill: string | null, stroke?: Stroke): void {
    const place = `x="${round(box.x)}" y="${round(box.y)}" width="${round(box.w)}" height="${round(box.h)}"`;
    this.parts.push(`<rect ${place} rx="${round(radius)}" fill="${fill ? escaped(fill) : 'none'}"${strokeOf(stroke)}/>`);
  }

  text(x: number, y: number, lines: Lines, weight: Weight, fill: string): void {
    const first = y + baseline(lines);
    const spans = lines.lines.map((line, at) => `<tspan x="${round(x)}" y="${round(first + at * lines.step)}">${escaped(line)}</tspan>`);
    if (spans.length > 0) {
      this.parts.push(
        `<text font-size="${round(lines.size)}" font-weight="${weight}" fill="${escaped(fill)}" xml:space="preserve">${spans.join('')}</text>`,
      );
    }
  }

  curve({ from, c1, c2, to }: Curve, stroke: Stroke): void {
    const path = `M${round(from.x)} ${round(from.y)}C${[c1, c2, to].map(({ x, y }) => `${round(x)} ${round(y)}`).join(' ')}`;
    this.parts.push(`<path d="${path}" fill="none"${strokeOf(stroke)}/>`);
  }

  shape(points: readonly Point[], fill: string | null, stroke?: Stroke): void {
    const path = points.map(({ x, y }) => `${round(x)},${round(y)}`).join(' ');
    const tag = fill ? 'polygon' : 'polyline';
    this.parts.push(`<${tag} points="${path}" fill="${fill ? escaped(fill) : 'none'}"${strokeOf(stroke)}/>`);
  }

  image(box: Box, radius: number, picture: HTMLImageElement): void {
    const address = this.embed(picture);
    if (!address) {
      return;
    }
    const id = `cut${this.clips++}`;
    const place = `x="${round(box.x)}" y="${round(box.y)}" width="${round(box.w)}" height="${round(box.h)}"`;
    this.parts.push(
      `<clipPath id="${id}"><rect ${place} rx="${round(radius)}"/></clipPath>`,
      `<image ${place} preserveAspectRatio="xMidYMid slice" clip-path="url(#${id})" href="${escaped(address)}"/>`,
    );
  }

  /** The whole file, for what was drawn within the box. */
  file(box: Box, background: string): string {
    const view = [box.x, box.y, box.w, box.h].map(round).join(' ');
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${view}" width="${round(box.w)}" height="${round(box.h)}" font-family="Inter, system-ui, sans-serif">`,
      `<rect x="${round(box.x)}" y="${round(box.y)}" width="${round(box.w)}" height="${round(box.h)}" fill="${escaped(background)}"/>`,
      ...this.parts,
      '</svg>\n',
    ].join('\n');
  }
}
