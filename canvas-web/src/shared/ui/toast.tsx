import { Toast } from '@base-ui/react/toast';
import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { ApiProblem, explain } from '@/api/problem';

const manager = Toast.createToastManager();

export function toast(title: string, description?: string) {
  manager.add({ title, description, timeout: 4000 });
}

/** Says what was refused or went wrong, with the rule. Nothing for a lost session, which leads to the sign-in page. */
export function toastProblem(title: string, error: unknown) {
  if (error instanceof ApiProblem && error.status === 401) {
    return;
  }
  const { detail, rule } = explain(error);
  manager.add({ title, description: rule ? `${detail} (${rule})` : detail, type: 'error', priority: 'high', timeout: 9000 });
}

export function Toaster() {
  return (
    <Toast.Provider toastManager={manager} limit={4}>
      <Toast.Portal>
        <Toast.Viewport className="fixed right-3 bottom-3 left-3 z-60 mx-auto flex max-w-sm flex-col-reverse gap-2 md:right-4 md:bottom-4 md:left-auto md:w-90">
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const { toasts } = Toast.useToastManager();
  return toasts.map((item) => (
    <Toast.Root
      key={item.id}
      toast={item}
      className="popup flex items-start gap-2.5 p-3 text-sm data-ending-style:translate-y-1 data-ending-style:opacity-0 data-starting-style:translate-y-2 data-starting-style:opacity-0 data-limited:hidden"
    >
      {item.type === 'error' ? (
        <CircleAlert className="mt-0.5 size-4 shrink-0 text-failed" aria-hidden />
      ) : (
        <CircleCheck className="mt-0.5 size-4 shrink-0 text-done" aria-hidden />
      )}
      <div className="min-w-0 flex-1">
        <Toast.Title className="font-medium" />
        <Toast.Description className="wrap-break-word text-ink-2" />
      </div>
      <Toast.Close aria-label="Dismiss" className="rounded p-0.5 text-ink-3 hover:bg-hover hover:text-ink">
        <X className="size-3.5" aria-hidden />
      </Toast.Close>
    </Toast.Root>
  ));
}
