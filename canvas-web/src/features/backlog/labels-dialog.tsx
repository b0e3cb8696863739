import { useMemo, useState } from 'react';
import type { Job } from '@/api/types';
import { Button } from '@/shared/ui/button';
import { Dialog, DialogBody, DialogFooter } from '@/shared/ui/dialog';
import { Field } from '@/shared/ui/forms';
import { DomainsInput } from '@/shared/ui/job-fields';

interface Props {
  jobs: readonly Job[];
  known: readonly string[];
  onSave: (added: string[], removed: string[]) => void;
  onClose: () => void;
}

/** Labels put on and taken off several jobs; those not named stay. */
export function LabelsDialog({ jobs, known, onSave, onClose }: Props) {
  const [added, setAdded] = useState<string[]>([]);
  const [removed, setRemoved] = useState<string[]>([]);
  const present = useMemo(() => [...new Set(jobs.flatMap((job) => job.domains))].sort(), [jobs]);
  return (
    <Dialog
      open
      onClose={onClose}
      title="Domains"
      description={`Of ${jobs.length} ${jobs.length === 1 ? 'job' : 'jobs'}. Those not named stay.`}
    >
      <DialogBody className="flex flex-col gap-4">
        <Field label="Add">{({ id }) => <DomainsInput id={id} value={added} known={known} onChange={setAdded} />}</Field>
        {present.length > 0 && (
          <fieldset className="flex flex-col gap-1">
            <legend className="mb-1 font-medium text-ink-2 text-sm">Take off</legend>
            <div className="flex max-h-48 flex-wrap gap-x-4 gap-y-1.5 overflow-y-auto">
              {present.map((domain) => (
                <label key={domain} className="inline-flex max-w-full items-center gap-1.5 text-sm">
                  <input
                    type="checkbox"
                    className="size-3.5 shrink-0 accent-(--accent)"
                    checked={removed.includes(domain)}
                    onChange={(event) =>
                      setRemoved(event.target.checked ? [...removed, domain] : removed.filter((each) => each !== domain))
                    }
                  />
                  <span className="truncate">{domain}</span>
                </label>
              ))}
            </div>
          </fieldset>
        )}
      </DialogBody>
      <DialogFooter>
        <Button onClick={onClose}>Cancel</Button>
        <Button
          look="primary"
          disabled={added.length + removed.length === 0}
          onClick={() => {
            onClose();
            onSave(added, removed);
          }}
        >
          Save
        </Button>
      </DialogFooter>
    </Dialog>
  );
}
