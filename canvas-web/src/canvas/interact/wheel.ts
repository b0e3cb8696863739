/** Wheel and trackpad: two fingers pan, a pinch or Ctrl zooms at the pointer, Shift turns a wheel sideways. */
import type { Editor } from './editor';

const LINE = 16;

/** How much one wheel event zooms. A trackpad sends many small ones, a wheel few large ones: both come out even. */
export const zoomFactor = (delta: number): number => Math.exp(-Math.max(-60, Math.min(60, delta)) * 0.009);

export function listenToWheel(element: HTMLElement, editor: Editor): () => void {
  const onWheel = (event: WheelEvent) => {
    // Else the browser zooms or leaves the page.
    event.preventDefault();
    if (event.target instanceof Element && event.target.closest('[data-own-wheel]')) {
      return;
    }
    if (editor.state.following !== null) {
      editor.follow(null);
    }
    const unit = event.deltaMode === 1 ? LINE : event.deltaMode === 2 ? editor.camera.view.h : 1;
    const bounds = element.getBoundingClientRect();
    if (event.ctrlKey || event.metaKey) {
      const at = { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
      editor.camera.zoomAt(at, editor.camera.camera.zoom * zoomFactor(event.deltaY * unit));
    } else if (event.shiftKey && event.deltaX === 0) {
      editor.camera.panBy(event.deltaY * unit, 0);
    } else {
      editor.camera.panBy(event.deltaX * unit, event.deltaY * unit);
    }
  };
  element.addEventListener('wheel', onWheel, { passive: false });
  return () => element.removeEventListener('wheel', onWheel);
}
