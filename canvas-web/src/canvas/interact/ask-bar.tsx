import { useEffect, useRef, useState } from 'react';
import { webAddress } from '../document';
import { toScreen } from '../scene/geometry';
import { receive } from './clipboard';
import type { Editor } from './editor';
import type { UiState } from './state';

/** Asks for the address of a link card, or for the file of an image, where it is to lie. */
export function AskBar({ editor, asking }: { editor: Editor; asking: NonNullable<UiState['asking']> }) {
  return asking.what === 'link' ? <AskAddress editor={editor} at={asking.at} /> : <AskFile editor={editor} at={asking.at} />;
}

function AskAddress({ editor, at }: { editor: Editor; at: { x: number; y: number } }) {
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(false);
  const { x, y } = toScreen(editor.camera.camera, editor.camera.view, at);
  const put = () => {
    const bare = text.trim();
    const url = webAddress(/^[a-z][a-z0-9+.-]*:/i.test(bare) ? bare : `https://${bare}`);
    if (bare === '' || url === null) {
      setWrong(true);
      return;
    }
    editor.set({ asking: null });
    editor.create('link', at, { url });
    editor.refocus();
  };
  return (
    <form
      data-own-pointer
      data-own-wheel
      className="cv-ask popup"
      style={{
        left: Math.max(8, Math.min(x - 150, editor.camera.view.w - 320)),
        top: Math.max(8, Math.min(y - 22, editor.camera.view.h - 90)),
      }}
      onSubmit={(event) => {
        event.preventDefault();
        put();
      }}
    >
      <input
        autoFocus
        value={text}
        inputMode="url"
        placeholder="Address, such as example.org/notes"
        aria-label="Address of the link"
        aria-invalid={wrong}
        className="cv-label"
        onChange={(event) => {
          setText(event.target.value);
          setWrong(false);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            event.stopPropagation();
            editor.set({ asking: null });
            editor.refocus();
          }
        }}
      />
      <button type="submit" className="cv-tool cv-promote">
        Add
      </button>
      {wrong && (
        <p role="alert" className="cv-wrong">
          An address begins with http:// or https://.
        </p>
      )}
    </form>
  );
}

function AskFile({ editor, at }: { editor: Editor; at: { x: number; y: number } }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.click(), []);
  const { x, y } = toScreen(editor.camera.camera, editor.camera.view, at);
  return (
    <div
      data-own-pointer
      className="cv-ask popup"
      style={{ left: Math.max(8, Math.min(x - 150, editor.camera.view.w - 320)), top: Math.max(8, y - 22) }}
    >
      <input
        ref={field}
        type="file"
        accept="image/*"
        multiple
        aria-label="Image file"
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          editor.set({ asking: null });
          if (files.length > 0) {
            void receive(editor, { kind: 'images', files }, at);
          }
        }}
      />
      <button
        type="button"
        className="cv-tool cv-promote"
        onClick={() => {
          editor.set({ asking: null });
          editor.refocus();
        }}
      >
        Cancel
      </button>
    </div>
  );
}
