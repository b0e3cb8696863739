import { ConnectDialog, EndDialog } from '../outline/connect-dialogs';
import type { Editor } from './editor';
import type { Picking } from './state';

/** Drawing a connector, and moving an end of one, without a pointer. */
export function PickObject({ editor, picking }: { editor: Editor; picking: Picking }) {
  const close = () => {
    editor.set({ picking: null });
    editor.refocus();
  };
  const own = { document: editor.document, jobs: editor.jobs, onClose: close };
  if (picking.what === 'connect') {
    return <ConnectDialog {...own} id={picking.id} onConnect={(from, to, kind) => editor.connect(from, to, kind)} />;
  }
  const view = editor.scene.link(picking.link)?.view;
  return view ? (
    <EndDialog
      {...own}
      fixed={(picking.end === 'from' ? view.to : view.from).object}
      end={picking.end}
      kind={view.kind}
      onPick={(object) => editor.moveEnd(picking.link, picking.end, { object, side: 'auto' })}
    />
  ) : null;
}
