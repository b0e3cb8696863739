import { zodResolver } from '@hookform/resolvers/zod';
import { useMemo, useState } from 'react';
import { FormProvider, useForm } from 'react-hook-form';
import { api } from '@/api/calls';
import { useJobs, useKeepJob } from '@/api/hooks';
import { ApiProblem } from '@/api/problem';
import type { Job, Workspace } from '@/api/types';
import { uploadFile } from '@/api/uploads';
import { ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Dialog, DialogFooter } from '@/shared/ui/dialog';
import { TabBadge, TabPanel, TabStrip, Tabs } from '@/shared/ui/tabs';
import { toast, toastProblem } from '@/shared/ui/toast';
import { emptyForm, type FormTab, type JobForm, jobForm, newJob, tabOf } from './form';
import { AgentTab, DetailsTab, OptionsTab, TeamTab } from './tabs';

const panel = 'min-h-0 flex-1 overflow-y-auto px-5 py-4 outline-offset-[-2px]';

interface Props {
  workspace: Workspace;
  onClose: () => void;
  /** Told of the job as soon as it is there, before its attachments are. */
  onCreated?: (job: Job) => void;
}

export function CreateJobDialog({ workspace, onClose, onCreated }: Props) {
  const form = useForm<JobForm>({ resolver: zodResolver(jobForm), defaultValues: emptyForm(workspace.settings.default_priority) });
  const [tab, setTab] = useState<FormTab>('details');
  const [files, setFiles] = useState<File[]>([]);
  const [problem, setProblem] = useState<unknown>();
  const [uploading, setUploading] = useState('');
  const keep = useKeepJob(workspace.id);
  const jobs = useJobs(workspace.id);
  const all = useMemo(() => Object.values(jobs ?? {}), [jobs]);
  const { errors, isSubmitting, isDirty } = form.formState;
  const wrong = (which: FormTab) => (Object.keys(errors) as (keyof JobForm)[]).filter((field) => tabOf[field] === which).length;
  const badge = (which: FormTab) => (wrong(which) > 0 ? <TabBadge loud>{wrong(which)}</TabBadge> : undefined);

  const submit = form.handleSubmit(
    async (values) => {
      setProblem(undefined);
      try {
        const job = await api.createJob(workspace.id, newJob(values, files.length));
        keep(job);
        onCreated?.(job);
        for (const [at, file] of files.entries()) {
          setUploading(`Uploading ${at + 1} of ${files.length}…`);
          try {
            await uploadFile(job.id, 'attachment', file);
          } catch (error) {
            toastProblem(`${file.name} was not uploaded. Add it again under Files of #${job.number}`, error);
          }
        }
        toast(`#${job.number} created`, job.title);
        onClose();
      } catch (error) {
        setProblem(error);
        if (error instanceof ApiProblem) {
          for (const [field, message] of Object.entries(error.errors)) {
            if (field in tabOf) {
              form.setError(field as keyof JobForm, { message });
              setTab(tabOf[field as keyof JobForm]);
            }
          }
        }
      } finally {
        setUploading('');
      }
    },
    (invalid) => {
      const first = (Object.keys(invalid) as (keyof JobForm)[])[0];
      if (first) {
        setTab(tabOf[first]);
      }
    },
  );

  const close = () => {
    if (isSubmitting || ((isDirty || files.length > 0) && !window.confirm('Discard this job?'))) {
      return;
    }
    onClose();
  };

  return (
    <Dialog open onClose={close} title="New job" wide>
      <FormProvider {...form}>
        <form
          className="flex min-h-0 flex-1 flex-col"
          noValidate
          onSubmit={submit}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              void submit();
            }
          }}
        >
          <Tabs value={tab} onValueChange={(value: FormTab) => setTab(value)} className="flex min-h-0 flex-1 flex-col md:h-[30rem]">
            <TabStrip
              className="px-3.5"
              items={[
                { value: 'details', label: 'Details', badge: badge('details') },
                { value: 'team', label: 'Team', badge: badge('team') },
                { value: 'agent', label: 'Agent', badge: badge('agent') },
                { value: 'options', label: 'Options', badge: badge('options') },
              ]}
            />
            <TabPanel value="details" className={panel}>
              <DetailsTab workspace={workspace} jobs={all} files={files} onFiles={setFiles} />
            </TabPanel>
            <TabPanel value="team" className={panel}>
              <TeamTab ws={workspace.id} />
            </TabPanel>
            {/* Its own name, since the panel holds a field called Agent. */}
            <TabPanel value="agent" className={panel} aria-labelledby={undefined} aria-label="Who does it, and where">
              <AgentTab ws={workspace.id} jobs={all} />
            </TabPanel>
            <TabPanel value="options" className={panel}>
              <OptionsTab ws={workspace.id} jobs={all} />
            </TabPanel>
          </Tabs>
          {problem !== undefined && <ProblemNote error={problem} className="mx-5 mb-3" />}
          <DialogFooter>
            <span className="mr-auto text-ink-3 text-xs" role="status">
              {uploading}
            </span>
            <label className="mr-1 flex cursor-pointer items-center gap-1.5 text-ink-2 text-sm">
              <input type="checkbox" className="size-3.5 accent-(--accent)" {...form.register('ready')} />
              Make it ready at once
            </label>
            <Button onClick={close}>Cancel</Button>
            <Button type="submit" look="primary" busy={isSubmitting}>
              Create job
            </Button>
          </DialogFooter>
        </form>
      </FormProvider>
    </Dialog>
  );
}
