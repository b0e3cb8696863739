import { useMemo } from 'react';
import { useKnownDomains } from '@/api/hooks';
import type { Workspace } from '@/api/types';
import { joined, nameOf, pathWords, within } from '@/shared/lib/folders';
import { Confirm } from '@/shared/ui/dialog';
import { toast, toastProblem } from '@/shared/ui/toast';
import { FolderPicker } from './folder-picker';
import { LabelsDialog } from './labels-dialog';
import { allFolders, isShown } from './tree';
import type { Backlog } from './use-backlog';

const count = (jobs: readonly unknown[]) => (jobs.length === 1 ? '1 job' : `${jobs.length} jobs`);

/** What is asked before jobs or folders go somewhere. */
export function BacklogDialogs({ workspace, backlog }: { workspace: Workspace; backlog: Backlog }) {
  const { asking, setAsking, tree, all } = backlog;
  const folders = useMemo(() => allFolders(tree), [tree]);
  const domains = useKnownDomains(workspace, all);
  const close = () => setAsking(undefined);
  switch (asking?.what) {
    case undefined:
      return null;
    case 'move':
      return (
        <FolderPicker
          title={`Move ${count(asking.jobs)}`}
          folders={folders.map(({ path }) => path)}
          none="No folder"
          onPick={(folder) => void backlog.place(asking.jobs, { folder }, false).then(backlog.done)}
          onClose={close}
        />
      );
    case 'labels':
      return (
        <LabelsDialog
          jobs={asking.jobs}
          known={domains}
          onSave={(added, removed) => void backlog.acts.domains(asking.jobs, added, removed).then(backlog.done)}
          onClose={close}
        />
      );
    case 'cancel':
      return (
        <Confirm
          open
          onClose={close}
          title={`Cancel ${count(asking.jobs)}?`}
          action="Cancel them"
          onConfirm={() => {
            close();
            void backlog.acts.cancel(asking.jobs).then(backlog.done);
          }}
        >
          Work that goes on in them is stopped. They stay on the Board under Canceled.
        </Confirm>
      );
    case 'delete':
      return (
        <Confirm
          open
          onClose={close}
          title={`Delete ${count(asking.jobs)}?`}
          action="Delete"
          onConfirm={() => {
            close();
            void backlog.acts.remove(asking.jobs).then(backlog.done);
          }}
        >
          They are gone for everybody, with their notes, files and logs.
        </Confirm>
      );
    case 'move-folder': {
      const { node } = asking;
      return (
        <FolderPicker
          title={`Move ${node.name} into…`}
          description="What is in it comes along."
          folders={folders.filter((each) => isShown(each) && !within(each.path, node.path)).map(({ path }) => path)}
          none="No folder: to the top"
          mayMake={false}
          onPick={(path) => node.row && void backlog.patchFolder(node.row, { path: joined(path, nameOf(node.path)) })}
          onClose={close}
        />
      );
    }
    case 'delete-folder': {
      const { node } = asking;
      const to = pathWords(node.path.slice(0, Math.max(0, node.path.lastIndexOf('/'))));
      return (
        <Confirm
          open
          onClose={close}
          title={`Delete the folder ${node.name}?`}
          action="Delete the folder"
          onConfirm={() => {
            close();
            if (node.row) {
              backlog.removeFolder(node.row).then(
                () => toast(`The folder ${node.name} is gone`),
                (error: unknown) => toastProblem(`${node.name} was not deleted`, error),
              );
            }
          }}
        >
          {node.count === 0 && node.folders.length === 0
            ? 'There is nothing in it.'
            : `Its jobs and folders stay: they go to ${to === '' ? 'the top of the Backlog' : to}.`}
        </Confirm>
      );
    }
  }
}
