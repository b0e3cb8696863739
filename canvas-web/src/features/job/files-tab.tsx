import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Download, Eye, FileText, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api } from '@/api/calls';
import { keys } from '@/api/keys';
import type { Attempt, FileKind, Job, StoredFile } from '@/api/types';
import { useNow } from '@/shared/lib/now';
import { type Rights, whoMay } from '@/shared/lib/rights';
import { agoWords, sizeWords } from '@/shared/lib/words';
import { Loading, ProblemNote } from '@/shared/ui/bits';
import { IconButton } from '@/shared/ui/button';
import { Confirm } from '@/shared/ui/dialog';
import { toastProblem } from '@/shared/ui/toast';
import { FilePreview, previewKind } from './file-preview';
import { Uploader } from './uploader';

export function FilesTab({ job, attempts, rights }: { job: Job; attempts: readonly Attempt[]; rights: Rights }) {
  const files = useQuery({
    queryKey: keys.files(job.id),
    queryFn: async () => (await Promise.all([api.files(job.id, 'deliverable'), api.files(job.id, 'attachment')])).flat(),
  });
  const [removing, setRemoving] = useState<StoredFile>();
  const [shown, setShown] = useState<StoredFile>();
  const cache = useQueryClient();
  const remove = async (file: StoredFile) => {
    setRemoving(undefined);
    try {
      await api.deleteFile(file.id);
      await cache.invalidateQueries({ queryKey: keys.files(job.id) });
    } catch (error) {
      toastProblem(`${file.name} was not deleted`, error);
    }
  };
  if (files.isPending) {
    return <Loading />;
  }
  if (files.isError) {
    return <ProblemNote className="m-4" error={files.error} onRetry={() => void files.refetch()} />;
  }
  const of = (kind: FileKind) => files.data.filter((file) => file.kind === kind);
  const working = job.kind === 'user' && (job.state === 'in_progress' || job.state === 'awaiting_review');
  const section = (kind: FileKind, title: string, empty: string, uploadable: boolean) => (
    <section>
      <h3 className="mb-1.5 font-semibold text-sm">{title}</h3>
      <ul className="flex flex-col gap-1.5">
        {of(kind).map((file) => (
          <FileItem
            key={file.id}
            file={file}
            attempt={attempts.find(({ id }) => id === file.attempt)}
            mayDelete={rights.contribute}
            onLook={previewKind(file) && (() => setShown(file))}
            onDelete={() => setRemoving(file)}
          />
        ))}
      </ul>
      {of(kind).length === 0 && <p className="mb-2 text-ink-3 text-sm">{empty}</p>}
      {uploadable && (rights.contribute ? <Uploader job={job} kind={kind} /> : <p className="text-ink-3 text-xs">{whoMay.contribute}</p>)}
    </section>
  );
  return (
    <div className="flex flex-col gap-6 p-4">
      {section(
        'deliverable',
        'Deliverables',
        job.context?.type === 'repository'
          ? 'The result of a repository job is its branch; see Review.'
          : 'Results appear here when the work is done.',
        working,
      )}
      {section('attachment', 'Attachments', 'Nothing was attached.', job.state !== 'done' && job.state !== 'canceled')}
      {shown && <FilePreview key={shown.id} file={shown} onClose={() => setShown(undefined)} />}
      <Confirm
        open={removing !== undefined}
        onClose={() => setRemoving(undefined)}
        title={`Delete ${removing?.name ?? ''}?`}
        action="Delete"
        onConfirm={() => removing && void remove(removing)}
      >
        The file is gone for everybody.
      </Confirm>
    </div>
  );
}

function FileItem({
  file,
  attempt,
  mayDelete,
  onLook,
  onDelete,
}: {
  file: StoredFile;
  attempt: Attempt | undefined;
  mayDelete: boolean;
  onLook: (() => void) | undefined;
  onDelete: () => void;
}) {
  const now = useNow();
  const by = file.uploaded_by?.name ?? (attempt ? `attempt ${attempt.number}` : undefined);
  return (
    <li className="flex items-center gap-2.5 rounded-lg border bg-surface px-2.5 py-1.5">
      <FileText className="size-4 shrink-0 text-ink-3" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="truncate font-medium text-sm">{file.name}</p>
        <p className="text-ink-3 text-xs">{[sizeWords(file.size), by, agoWords(file.created_at, now)].filter(Boolean).join(' · ')}</p>
      </div>
      {onLook && (
        <IconButton label={`Look at ${file.name}`} onClick={onLook}>
          <Eye className="size-4" aria-hidden />
        </IconButton>
      )}
      <a
        href={api.fileUrl(file.id)}
        download={file.name}
        aria-label={`Download ${file.name}`}
        title="Download"
        className="inline-flex size-8 items-center justify-center rounded-lg text-ink-2 hover:bg-hover hover:text-ink"
      >
        <Download className="size-4" aria-hidden />
      </a>
      {mayDelete && (
        <IconButton label={`Delete ${file.name}`} onClick={onDelete}>
          <Trash2 className="size-4" aria-hidden />
        </IconButton>
      )}
    </li>
  );
}
