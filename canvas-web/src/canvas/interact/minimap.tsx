import { Map as MapIcon, Maximize, Minus, Plus } from 'lucide-react';
import { useEffect, useLayoutEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { CanvasSurface } from '../render/surface';
import type { View } from '../render/view';
import { around, clamp, grown } from '../scene/geometry';
import type { Box } from '../types';
import type { Editor } from './editor';

const WIDE = 208;
const HIGH = 138;
/** Drawn anew at most this often: it is looked at in passing. */
const EVERY_MS = 400;

/** All of the canvas, small, with a frame around what is in view. A press goes there. */
function Minimap({ editor, view }: { editor: Editor; view: View }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    const element = canvas.current;
    const pen = element?.getContext('2d', { alpha: false });
    if (!element || !pen) {
      return;
    }
    let shown: { area: Box; scale: number } | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const draw = () => {
      timer = undefined;
      const density = Math.min(2, devicePixelRatio || 1);
      element.width = WIDE * density;
      element.height = HIGH * density;
      const all = around([editor.scene.extent(), editor.camera.seen].filter((box) => box !== null)) as Box;
      const area = grown(all, Math.max(all.w, all.h) * 0.04);
      const scale = Math.min(WIDE / area.w, HIGH / area.h);
      const [left, top] = [(WIDE - area.w * scale) / 2, (HIGH - area.h * scale) / 2];
      const whole = { x: area.x - left / scale, y: area.y - top / scale, w: WIDE / scale, h: HIGH / scale };
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.fillStyle = view.painter.palette.bg;
      pen.fillRect(0, 0, element.width, element.height);
      pen.setTransform(scale * density, 0, 0, scale * density, -whole.x * scale * density, -whole.y * scale * density);
      view.painter.paint(new CanvasSurface(pen), whole, { zoom: scale, grid: false, untitled: true, cards: () => true });
      shown = { area: whole, scale };
      follow();
    };
    const soon = () => {
      timer ??= setTimeout(draw, EVERY_MS);
    };
    const follow = () => {
      const mark = frame.current;
      if (!mark || !shown) {
        return;
      }
      const seen = editor.camera.seen;
      const { area, scale } = shown;
      const x = clamp((seen.x - area.x) * scale, 0, WIDE);
      const y = clamp((seen.y - area.y) * scale, 0, HIGH);
      mark.style.transform = `translate(${x}px, ${y}px)`;
      mark.style.width = `${Math.min(WIDE - x, seen.w * scale)}px`;
      mark.style.height = `${Math.min(HIGH - y, seen.h * scale)}px`;
      if (seen.x < area.x || seen.y < area.y || seen.x + seen.w > area.x + area.w || seen.y + seen.h > area.y + area.h) {
        soon();
      }
    };
    const go = (event: PointerEvent) => {
      if (shown && event.buttons === 1) {
        const bounds = element.getBoundingClientRect();
        const { area, scale } = shown;
        const { zoom } = editor.camera.camera;
        editor.camera.set({ x: area.x + (event.clientX - bounds.left) / scale, y: area.y + (event.clientY - bounds.top) / scale, zoom });
      }
    };
    draw();
    element.addEventListener('pointerdown', go);
    element.addEventListener('pointermove', go);
    const stops = [view.onMove(follow), editor.scene.subscribe(soon)];
    return () => {
      clearTimeout(timer);
      for (const stop of stops) {
        stop();
      }
      element.removeEventListener('pointerdown', go);
      element.removeEventListener('pointermove', go);
    };
  }, [editor, view]);

  return (
    <div data-own-pointer className="cv-map popup" aria-hidden>
      <canvas ref={canvas} style={{ width: WIDE, height: HIGH }} />
      <div ref={frame} className="cv-map-frame" />
    </div>
  );
}

/** The zoom, and the way back to all of it. */
export function ZoomBar({ editor, view }: { editor: Editor; view: View }) {
  const minimap = useStore(editor.ui, (state) => state.minimap);
  const percent = useStore(editor.camera.store, ({ camera }) => Math.round(camera.zoom * 100));
  // From a narrow screen it is out of the way: two fingers do the same.
  useEffect(() => {
    if (editor.camera.view.w < 640) {
      editor.set({ minimap: false });
    }
  }, [editor]);
  return (
    <div className="cv-corner">
      {minimap && <Minimap editor={editor} view={view} />}
      <div data-own-pointer role="toolbar" aria-label="Zoom" className="cv-zoom popup">
        <button
          type="button"
          className="cv-tool"
          aria-label="Map"
          aria-pressed={minimap}
          data-pressed={minimap || undefined}
          title="Map (M)"
          onClick={() => editor.set({ minimap: !minimap })}
        >
          <MapIcon size={16} aria-hidden />
        </button>
        <button type="button" className="cv-tool" aria-label="Show all" title="Show all (Shift+1)" onClick={() => editor.fitAll()}>
          <Maximize size={16} aria-hidden />
        </button>
        <button type="button" className="cv-tool" aria-label="Further away" title="Further away (−)" onClick={() => editor.zoomBy(0.8)}>
          <Minus size={16} aria-hidden />
        </button>
        <button
          type="button"
          className="cv-tool cv-percent"
          aria-label={`${percent} %, go to 100 %`}
          title="100 % (Shift+0)"
          onClick={() => editor.zoomTo(1)}
        >
          {percent} %
        </button>
        <button type="button" className="cv-tool" aria-label="Closer" title="Closer (+)" onClick={() => editor.zoomBy(1.25)}>
          <Plus size={16} aria-hidden />
        </button>
      </div>
    </div>
  );
}
