import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { Copy, Ellipsis, Frame, Lock, Pencil, Plus, Search, Trash2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import { canvasApi, useCanvases, useKeepCanvas } from '@/api/canvases';
import { useMe, useWorkspace } from '@/api/hooks';
import type { Canvas, Workspace } from '@/api/types';
import { forgetCopy } from '@/canvas/sync/copies';
import { useNow } from '@/shared/lib/now';
import { agoWords } from '@/shared/lib/words';
import { Avatar, Empty, Loading, ProblemNote } from '@/shared/ui/bits';
import { Button, IconButton } from '@/shared/ui/button';
import { Confirm } from '@/shared/ui/dialog';
import { Menu, MenuItem, MenuLine } from '@/shared/ui/menu';
import { Page } from '@/shared/ui/page';
import { toast, toastProblem } from '@/shared/ui/toast';
import { copyName } from './files';
import { NewCanvasDialog } from './new-canvas-dialog';
import { RenameCanvasDialog } from './rename-canvas-dialog';

/** From so many on, they can be searched. */
const MANY = 9;

export function CanvasesPage() {
  const { slug } = useParams({ from: '/w/$slug' });
  const workspace = useWorkspace(slug);
  return workspace ? <Canvases workspace={workspace} /> : <Loading />;
}

function Canvases({ workspace }: { workspace: Workspace }) {
  const { data, isPending, error, refetch } = useCanvases(workspace.id);
  const [adding, setAdding] = useState(false);
  const [wanted, setWanted] = useState('');
  const mayEdit = workspace.role !== 'viewer';
  const all = useMemo(() => [...(data ?? [])].sort((a, b) => b.updated_at.localeCompare(a.updated_at)), [data]);
  const found = all.filter(({ name }) => name.toLocaleLowerCase().includes(wanted.trim().toLocaleLowerCase()));

  return (
    <Page
      title="Canvases"
      lead="Room to think together. Write notes and ideas, connect them, and turn an idea into a job when it is ready."
      action={
        mayEdit && (
          <Button look="primary" icon={<Plus className="size-4" aria-hidden />} onClick={() => setAdding(true)}>
            New canvas
          </Button>
        )
      }
    >
      {isPending && <Loading label="Loading the canvases" />}
      {error !== null && <ProblemNote title="The canvases could not be loaded" error={error} onRetry={() => void refetch()} />}
      {data?.length === 0 && (
        <div className="rounded-xl border border-dashed">
          <Empty
            icon={<Frame />}
            title="No canvas yet"
            action={
              mayEdit && (
                <Button look="primary" onClick={() => setAdding(true)}>
                  Make the first one
                </Button>
              )
            }
          >
            {mayEdit
              ? 'Start with an empty one, or with a template for a retrospective, a roadmap or breaking work down.'
              : 'Canvases appear here as soon as somebody makes one.'}
          </Empty>
        </div>
      )}
      {all.length >= MANY && (
        <label className="relative -mb-2 block max-w-xs">
          <span className="sr-only">Search canvases</span>
          <Search className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-ink-3" aria-hidden />
          <input
            type="search"
            className="field pl-8"
            placeholder="Search canvases"
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
          />
        </label>
      )}
      {all.length > 0 && found.length === 0 && <p className="text-ink-3 text-sm">No canvas is called so.</p>}
      {found.length > 0 && (
        <ul className="grid grid-cols-1 gap-3 sm:grid-cols-2">
          {found.map((canvas) => (
            <CanvasCard key={canvas.id} workspace={workspace} canvas={canvas} mayEdit={mayEdit} />
          ))}
        </ul>
      )}
      {adding && <NewCanvasDialog workspace={workspace} onClose={() => setAdding(false)} />}
    </Page>
  );
}

function CanvasCard({ workspace, canvas, mayEdit }: { workspace: Workspace; canvas: Canvas; mayEdit: boolean }) {
  const now = useNow();
  const me = useMe();
  const navigate = useNavigate();
  const keep = useKeepCanvas(workspace.id);
  const [asking, setAsking] = useState<'rename' | 'remove'>();
  const [busy, setBusy] = useState(false);
  const duplicate = async () => {
    try {
      const copy = await canvasApi.duplicate(canvas.id, copyName(canvas.name));
      keep(copy);
      toast('Duplicated', copy.name);
      await navigate({ to: '/w/$slug/canvases/$canvas', params: { slug: workspace.slug, canvas: copy.id }, search: {} });
    } catch (error) {
      toastProblem(`${canvas.name} was not duplicated`, error);
    }
  };
  const remove = async () => {
    setBusy(true);
    try {
      await canvasApi.remove(canvas.id);
      if (me) {
        forgetCopy(me.id, canvas.id);
      }
      setAsking(undefined);
      toast('Deleted', canvas.name);
    } catch (error) {
      toastProblem(`${canvas.name} was not deleted`, error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <li className="group relative flex items-start gap-3 rounded-xl border bg-surface p-3.5 shadow-card transition-colors hover:border-line-strong">
      <span
        className="flex size-9 shrink-0 items-center justify-center rounded-lg border bg-[radial-gradient(var(--line-strong)_1px,transparent_1px)] bg-size-[6px_6px] bg-sunken text-ink-2"
        aria-hidden
      >
        <Frame className="size-4" />
      </span>
      <div className="min-w-0 flex-1">
        <Link
          to="/w/$slug/canvases/$canvas"
          params={{ slug: workspace.slug, canvas: canvas.id }}
          search={{}}
          className="wrap-break-word line-clamp-2 font-semibold leading-snug after:absolute after:inset-0 after:rounded-xl focus-visible:outline-none focus-visible:after:outline-2 focus-visible:after:outline-ring"
        >
          {canvas.name}
        </Link>
        <p className="mt-1 flex items-center gap-1.5 text-ink-3 text-xs">
          {canvas.created_by && (
            <>
              <Avatar name={canvas.created_by.name} className="size-4.5" />
              <span className="truncate">{canvas.created_by.name}</span>
              <span aria-hidden>·</span>
            </>
          )}
          <span className="shrink-0">edited {agoWords(canvas.updated_at, now)}</span>
          {canvas.locked && (
            <span className="inline-flex shrink-0 items-center gap-1 text-ink-2">
              <span aria-hidden>·</span>
              <Lock className="size-3" aria-hidden />
              {canvas.editor ? `${canvas.editor.name} edits` : 'locked'}
            </span>
          )}
        </p>
      </div>
      {mayEdit && (
        <div className="relative z-10 -mt-1 -mr-1.5">
          <Menu
            trigger={
              <IconButton label={`Actions for ${canvas.name}`} small>
                <Ellipsis className="size-4" aria-hidden />
              </IconButton>
            }
          >
            <MenuItem icon={<Pencil />} onSelect={() => setAsking('rename')}>
              Rename…
            </MenuItem>
            <MenuItem icon={<Copy />} onSelect={() => void duplicate()}>
              Duplicate
            </MenuItem>
            <MenuLine />
            <MenuItem icon={<Trash2 />} danger onSelect={() => setAsking('remove')}>
              Delete…
            </MenuItem>
          </Menu>
        </div>
      )}
      {asking === 'rename' && <RenameCanvasDialog canvas={canvas} onClose={() => setAsking(undefined)} />}
      <Confirm
        open={asking === 'remove'}
        onClose={() => setAsking(undefined)}
        title={`Delete ${canvas.name}?`}
        action="Delete"
        busy={busy}
        onConfirm={() => void remove()}
      >
        It is gone for everybody, with all notes and ideas on it. Jobs stay: their cards go, the jobs do not.
      </Confirm>
    </li>
  );
}
