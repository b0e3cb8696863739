import { Pencil } from 'lucide-react';
import type { Job } from '@/api/types';
import { useDraft } from '@/shared/lib/drafts';
import { whoMay } from '@/shared/lib/rights';
import { Button, IconButton } from '@/shared/ui/button';
import { Field } from '@/shared/ui/forms';
import { Markdown } from '@/shared/ui/markdown';
import { MarkdownField } from '@/shared/ui/markdown-field';
import { changedSince } from './edit-conflict';
import type { JobEdit } from './use-job-edit';

/** What is being typed, and what it was typed over: kept wherever one goes meanwhile (WEB-5). */
interface Draft {
  from: Pick<Job, 'version' | 'title' | 'description'>;
  title: string;
  description: string;
}

function useWordsDraft(job: string): [Draft | undefined, (draft: Draft | undefined) => void] {
  const [kept, setKept] = useDraft(`words:${job}`);
  return [kept === '' ? undefined : (JSON.parse(kept) as Draft), (draft) => setKept(draft ? JSON.stringify(draft) : '')];
}

/** Title and description, edited in place. What was typed stays when saving is refused. */
export function WordsSection({ job, mayEdit, edit }: { job: Job; mayEdit: boolean; edit: JobEdit }) {
  const [draft, setDraft] = useWordsDraft(job.id);
  const save = async () => {
    if (!draft) {
      return;
    }
    const patch: { title?: string; description?: string } = {};
    if (draft.title.trim() !== draft.from.title) patch.title = draft.title.trim();
    if (draft.description !== draft.from.description) patch.description = draft.description;
    if (Object.keys(patch).length === 0 || (await edit.save(patch, draft.from))) {
      setDraft(undefined);
    }
  };
  if (draft && mayEdit) {
    const changed = (['title', 'description'] as const).filter((field) => changedSince(draft.from, job, field));
    return (
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {changed.length > 0 && (
          <p role="status" className="rounded-lg border border-progress/50 bg-progress-soft px-3 py-1.5 text-sm">
            Somebody changed the {changed.join(' and the ')} meanwhile. When you save, you choose between theirs and yours.
          </p>
        )}
        <Field label="Title">
          {(ids) => (
            <input
              {...ids}
              className="field"
              value={draft.title}
              maxLength={200}
              required
              onChange={(event) => setDraft({ ...draft, title: event.target.value })}
              autoFocus
            />
          )}
        </Field>
        <MarkdownField
          label="Description"
          rows={12}
          value={draft.description}
          onChange={(description) => setDraft({ ...draft, description })}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={() => setDraft(undefined)}>Discard</Button>
          <Button type="submit" look="primary" busy={edit.busy} disabled={draft.title.trim() === ''}>
            Save
          </Button>
        </div>
      </form>
    );
  }
  const { version, title, description } = job;
  return (
    <section>
      <div className="mb-1 flex items-center gap-1">
        <h3 className="font-semibold text-ink-3 text-xs">{job.kind === 'agentic' ? 'Instructions' : 'Description'}</h3>
        {mayEdit && (
          <IconButton
            small
            className="size-6"
            label="Edit title and description"
            onClick={() => setDraft({ from: { version, title, description }, title, description })}
          >
            <Pencil className="size-3.5" aria-hidden />
          </IconButton>
        )}
      </div>
      {description.trim() === '' ? <p className="text-ink-3 text-sm">None{mayEdit ? ' yet' : ''}.</p> : <Markdown text={description} />}
      {draft && !mayEdit && (
        <p role="status" className="mt-2 text-ink-2 text-sm">
          What you typed cannot be saved any more. {whoMay.edit}
        </p>
      )}
    </section>
  );
}
