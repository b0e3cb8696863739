import { useQuery, useQueryClient } from '@tanstack/react-query';
import { StickyNote, Undo2 } from 'lucide-react';
import { useRef, useState } from 'react';
import { api } from '@/api/calls';
import { keys } from '@/api/keys';
import type { Job, Note, NotMentioned } from '@/api/types';
import { useDraft } from '@/shared/lib/drafts';
import { useNow } from '@/shared/lib/now';
import { type Rights, whoMay } from '@/shared/lib/rights';
import { agoWords } from '@/shared/lib/words';
import { Avatar, Empty, Loading, ProblemNote } from '@/shared/ui/bits';
import { Button, IconButton } from '@/shared/ui/button';
import { Confirm } from '@/shared/ui/dialog';
import { Markdown } from '@/shared/ui/markdown';
import { MarkdownField } from '@/shared/ui/markdown-field';
import { MentionArea } from '@/shared/ui/mention-area';
import { toastProblem } from '@/shared/ui/toast';

export function NotesTab({ job, rights }: { job: Job; rights: Rights }) {
  const notes = useQuery({ queryKey: keys.notes(job.id), queryFn: () => api.notes(job.id) });
  const cache = useQueryClient();
  const [retracting, setRetracting] = useState<Note>();
  const retract = async (note: Note) => {
    setRetracting(undefined);
    try {
      const after = await api.retractNote(note.id);
      cache.setQueryData<Note[]>(keys.notes(job.id), (all) => all?.map((each) => (each.id === note.id ? after : each)));
    } catch (error) {
      toastProblem('The note was not retracted', error);
    }
  };
  return (
    <>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {notes.isPending && <Loading />}
        {notes.isError && <ProblemNote className="m-4" error={notes.error} onRetry={() => void notes.refetch()} />}
        {notes.data?.length === 0 && (
          <Empty icon={<StickyNote />} title="No notes yet">
            Notes stay with the job: decisions, findings, things to watch out for. Everybody who sees the job reads them.
          </Empty>
        )}
        <ol className="flex flex-col gap-4 p-4 empty:hidden">
          {notes.data?.map((note) => (
            <NoteItem key={note.id} note={note} mayRetract={rights.administer} onRetract={() => setRetracting(note)} />
          ))}
        </ol>
      </div>
      {rights.contribute ? (
        <NewNote job={job} />
      ) : (
        <p className="border-t bg-surface px-4 py-2.5 text-ink-3 text-xs">{whoMay.contribute}</p>
      )}
      <Confirm
        open={retracting !== undefined}
        onClose={() => setRetracting(undefined)}
        title="Retract this note?"
        action="Retract"
        onConfirm={() => retracting && void retract(retracting)}
      >
        Its text is removed for everybody. That it was there, and who retracted it, stays visible.
      </Confirm>
    </>
  );
}

function NoteItem({ note, mayRetract, onRetract }: { note: Note; mayRetract: boolean; onRetract: () => void }) {
  const now = useNow();
  return (
    <li className="group flex gap-2.5">
      <Avatar name={note.author.name} className="mt-0.5 size-6" />
      <div className="min-w-0 flex-1">
        <p className="flex items-center gap-1.5 text-sm">
          <span className="font-medium">{note.author.name}</span>
          <time className="text-ink-3 text-xs" dateTime={note.created_at} title={new Date(note.created_at).toLocaleString()}>
            {agoWords(note.created_at, now)}
          </time>
          {note.attempt != null && <span className="text-ink-3 text-xs">· attempt {note.attempt}</span>}
          {mayRetract && note.body != null && (
            <IconButton
              small
              label="Retract"
              className="ml-auto size-6 opacity-0 focus-visible:opacity-100 group-hover:opacity-100 max-md:opacity-100"
              onClick={onRetract}
            >
              <Undo2 className="size-3.5" aria-hidden />
            </IconButton>
          )}
        </p>
        {note.body != null ? (
          <Markdown text={note.body} className="text-sm" mentions={note.mentions?.map(({ name }) => name).join('\n')} />
        ) : (
          <p className="text-ink-3 text-sm italic">
            Retracted by {note.retracted_by?.name ?? 'somebody'}
            {note.retracted_at ? `, ${agoWords(note.retracted_at, now)}` : ''}
          </p>
        )}
      </div>
    </li>
  );
}

/** Names in a note that reached nobody, and why. */
function untoldWords(names: readonly NotMentioned[]): string {
  const words = names.map(({ name, why }) =>
    why === 'may_not_see'
      ? `${name} cannot see this job and was not told.`
      : `Several people are called ${name}; choose one from the list.`,
  );
  return words.join(' ');
}

function NewNote({ job }: { job: Job }) {
  const [text, setText] = useDraft(`note:${job.id}`);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const [untold, setUntold] = useState<readonly NotMentioned[]>([]);
  /** Who was chosen from the list, which tells people of the same name apart. */
  const chosen = useRef(new Set<string>());
  const cache = useQueryClient();
  const add = async () => {
    if (text.trim() === '') {
      return;
    }
    setBusy(true);
    setProblem(undefined);
    setUntold([]);
    try {
      const { not_mentioned, ...note } = await api.addNote(job.id, text.trim(), [...chosen.current]);
      chosen.current.clear();
      setUntold(not_mentioned);
      cache.setQueryData<Note[]>(keys.notes(job.id), (all) => (all?.some((each) => each.id === note.id) ? all : [...(all ?? []), note]));
      setText('');
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className="flex flex-col gap-2 border-t bg-surface px-4 py-2.5 pb-[max(0.625rem,env(safe-area-inset-bottom))]"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      {problem !== undefined && <ProblemNote title="The note was not added" error={problem} />}
      {untold.length > 0 && (
        <p role="status" className="text-ink-2 text-sm">
          {untoldWords(untold)}
        </p>
      )}
      <MarkdownField
        label="New note"
        rows={2}
        value={text}
        onChange={setText}
        writing={(ids) => (
          <MentionArea
            {...ids}
            job={job.id}
            placeholder="Decisions, findings, things to watch out for. @ mentions somebody…"
            rows={2}
            value={text}
            onChange={setText}
            onMention={(person) => chosen.current.add(person.id)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
                event.preventDefault();
                void add();
              }
            }}
          />
        )}
      >
        <Button type="submit" small look="primary" busy={busy} disabled={text.trim() === ''}>
          Add note
        </Button>
      </MarkdownField>
    </form>
  );
}
