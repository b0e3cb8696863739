/** What the painter draws on: a canvas, or an SVG file (svg.ts). All in world units. */
import type { Curve } from '../scene/connectors';
import type { Box, Point } from '../types';
import { FONT, type Lines, type Weight } from './text';

export interface Stroke {
  readonly color: string;
  readonly width: number;
  readonly dash?: readonly number[];
}

export interface Surface {
  rect(box: Box, radius: number, fill: string | null, stroke?: Stroke): void;
  /** Lines of text, the first one's top at `y`. */
  text(x: number, y: number, lines: Lines, weight: Weight, fill: string): void;
  curve(curve: Curve, stroke: Stroke): void;
  shape(points: readonly Point[], fill: string | null, stroke?: Stroke): void;
  /** A picture, cut to the box at the middle. */
  image(box: Box, radius: number, picture: HTMLImageElement): void;
}

/** The part of the picture that fills the box when the rest is cut off. */
export function covering(box: Box, width: number, height: number): Box {
  const scale = Math.min(width / box.w, height / box.h);
  const w = box.w * scale;
  const h = box.h * scale;
  return { x: (width - w) / 2, y: (height - h) / 2, w, h };
}

/** Where the baseline of a line is, from its top. */
export const baseline = (lines: Lines): number => (lines.step - lines.size) / 2 + lines.size * 0.81;

export class CanvasSurface implements Surface {
  private font = '';

  constructor(private readonly pen: CanvasRenderingContext2D) {}

  rect(box: Box, radius: number, fill: string | null, stroke?: Stroke): void {
    const { pen } = this;
    if (radius <= 0 && !stroke) {
      if (fill) {
        pen.fillStyle = fill;
        pen.fillRect(box.x, box.y, box.w, box.h);
      }
      return;
    }
    pen.beginPath();
    if (radius > 0) {
      pen.roundRect(box.x, box.y, box.w, box.h, Math.min(radius, box.w / 2, box.h / 2));
    } else {
      pen.rect(box.x, box.y, box.w, box.h);
    }
    if (fill) {
      pen.fillStyle = fill;
      pen.fill();
    }
    this.stroke(stroke);
  }

  text(x: number, y: number, lines: Lines, weight: Weight, fill: string): void {
    const { pen } = this;
    const font = `${weight} ${lines.size}px ${FONT}`;
    if (font !== this.font) {
      pen.font = font;
      this.font = font;
    }
    pen.fillStyle = fill;
    let at = y + baseline(lines);
    for (const line of lines.lines) {
      pen.fillText(line, x, at);
      at += lines.step;
    }
  }

  curve({ from, c1, c2, to }: Curve, stroke: Stroke): void {
    this.pen.beginPath();
    this.pen.moveTo(from.x, from.y);
    this.pen.bezierCurveTo(c1.x, c1.y, c2.x, c2.y, to.x, to.y);
    this.stroke(stroke);
  }

  shape(points: readonly Point[], fill: string | null, stroke?: Stroke): void {
    const { pen } = this;
    pen.beginPath();
    for (const { x, y } of points) {
      pen.lineTo(x, y);
    }
    if (fill) {
      pen.closePath();
      pen.fillStyle = fill;
      pen.fill();
    }
    this.stroke(stroke);
  }

  image(box: Box, radius: number, picture: HTMLImageElement): void {
    const { pen } = this;
    const cut = covering(box, picture.naturalWidth, picture.naturalHeight);
    pen.save();
    pen.beginPath();
    pen.roundRect(box.x, box.y, box.w, box.h, radius);
    pen.clip();
    pen.drawImage(picture, cut.x, cut.y, cut.w, cut.h, box.x, box.y, box.w, box.h);
    pen.restore();
    this.font = '';
  }

  private stroke(stroke: Stroke | undefined): void {
    if (stroke) {
      this.pen.strokeStyle = stroke.color;
      this.pen.lineWidth = stroke.width;
      this.pen.setLineDash(stroke.dash ? [...stroke.dash] : []);
      this.pen.stroke();
    }
  }
}
